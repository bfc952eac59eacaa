import { join } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { drivesOfFile, drivesOfFolder, folderContents } from './folder-contents.ts';
import { placeAt, type Place } from './place.ts';
import { READERS } from './readers/index.ts';
import type { Recording } from './recording.ts';
import type { DriveReader } from './source.ts';

/** Files and folders of a folder that are looked into, beside its videos. */
const MOST_LOOKED_INTO = 500;

/**
 * The drives of a folder: its videos, in natural order of their names, then those of other formats,
 * which may be the folder itself or lie one level deep. Or the drives of a file; one that no reader
 * knows is taken for a video, whatever its ending. Nothing is decoded: whether a file really is
 * video shows when it is opened. Formats that are not read are listed with the reason. Throws
 * INPUT_NOT_FOUND.
 */
export async function drivesAt(
  path: string,
  readers: readonly DriveReader[] = READERS,
): Promise<Recording[]> {
  const place = await placeAt(path);
  return place.isFolder ? drivesIn(place, readers) : drivesOfFile(place, readers);
}

/**
 * The one drive that a path is. Throws INPUT_NOT_FOUND, also of a folder that holds none or several.
 */
export async function driveAt(
  path: string,
  readers: readonly DriveReader[] = READERS,
): Promise<Recording> {
  const [drive, ...others] = await drivesAt(path, readers);
  if (drive && others.length === 0) return drive;
  throw new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${path} ${drive ? `holds ${1 + others.length} recordings` : 'is a folder without a recording'}.`,
    drive ? 'Name one of them.' : 'Name a recording.',
  );
}

async function drivesIn(place: Place, readers: readonly DriveReader[]): Promise<Recording[]> {
  const { path, names: siblings } = place;
  const { videos, others, folders, ifAlone, isAlone } = await folderContents(place, {
    readers,
    most: MOST_LOOKED_INTO,
  });
  const found = [...others];
  for (const name of folders) {
    const below = await placeAt(join(path, name)).catch(() => null);
    if (below) found.push(...(await drivesOfFolder(below, siblings, { readers, isAlone })));
  }
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [
    ...videos,
    ...(found.length > 0 ? found : ifAlone).toSorted((a, b) => compare(a.path, b.path)),
  ];
}
