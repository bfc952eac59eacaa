import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { folderContents } from './folder-contents.ts';
import { placeAt } from './place.ts';

/** Folders that are looked into. */
const MOST_FOLDERS = 200;
/** Folders in a folder whose other files are looked at. */
const MOST_LOOKED_INTO = 500;
/** What an analysis writes. */
const RESULTS = ['summary.json', 'frames.csv'];

/** How many drives lie in a folder itself. */
export interface FolderOfDrives {
  /** Relative to the folder that was searched. */
  readonly folder: string;
  readonly drives: number;
}

/**
 * The drives in the folders below a folder that are none of those that are known (by their paths),
 * nearest first, without what `except` is, and results. As far as 200 folders go. Never throws.
 */
export async function drivesBelow(
  path: string,
  known: ReadonlySet<string>,
  except: string,
): Promise<FolderOfDrives[]> {
  const found: FolderOfDrives[] = [];
  const seen = new Set([await real(except)]);
  const waiting = [path];
  for (let looked = 0; looked < MOST_FOLDERS && waiting.length > 0; looked++) {
    const folder = waiting.shift()!;
    // A link may lead in circles.
    const own = await real(folder);
    if (seen.has(own)) continue;
    seen.add(own);
    try {
      const place = await placeAt(folder);
      if (RESULTS.every((name) => place.names.has(name))) continue;
      const options = { most: MOST_LOOKED_INTO, tellsMaybe: false };
      const { videos, others, folders } = await folderContents(place, options);
      const drives = [...videos, ...others].filter((each) => !known.has(each.path));
      if (folder !== path && drives.length > 0)
        found.push({ folder: relative(path, folder), drives: drives.length });
      waiting.push(...folders.map((name) => join(folder, name)));
    } catch {
      // One that may not be read.
    }
  }
  return found;
}

function real(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
