import { constants } from 'node:fs';
import { copyFile, lstat } from 'node:fs/promises';
import { basename, resolve, sep } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { dropRanges, droppedCount, type Cleaned } from '../conversion/clean/dropped.ts';
import { lerobotList } from '../conversion/clean/lerobot-list.ts';
import type { OwnList } from '../conversion/clean/own-list.ts';
import { listAsCsv, listAsJson } from '../conversion/clean/plain-list.ts';
import { rangeIn, readRanges, type DropRange } from '../conversion/clean/ranges.ts';
import { tubExclusions, tubManifest } from '../conversion/clean/tub-list.ts';
import { udacityLog } from '../conversion/clean/udacity-list.ts';
import { drivesAt } from '../drive/drives-at.ts';
import { openRecording } from '../drive/open-recording.ts';
import { placeAt } from '../drive/place.ts';
import type { Recording } from '../drive/recording.ts';
import { notWritable } from '../files/not-writable.ts';
import { pathInside } from '../files/path-inside.ts';
import { writeWhole } from '../files/write-whole.ts';
import { cameraOf, chosenDrives, onlyDrive, type DriveOptions } from './drive-options.ts';
import type { FrameRateOption } from './frame-rate-option.ts';
import { fitted } from './terminal.ts';

export interface CleanOptions extends DriveOptions, FrameRateOption {
  readonly drop: readonly string[];
  readonly output?: string;
  readonly inPlace?: boolean;
  readonly as?: 'own' | 'json' | 'csv';
  readonly force?: boolean;
}

/** Leaves frames out of a drive's own list, or lists what is kept, and tells what was done. */
export async function runClean(input: string, options: CleanOptions): Promise<void> {
  const { output, inPlace = false } = options;
  if ((output === undefined) !== inPlace)
    throw new RoadgazeError(
      'USAGE',
      inPlace
        ? '--in-place changes the drive itself, and -o writes elsewhere.'
        : 'Nothing says where the list goes.',
      inPlace ? 'Give one of them.' : 'Name a file with -o, or change the drive with --in-place.',
    );
  const recording = onlyDrive(input, chosenDrives(input, await drivesAt(input), options));
  const ranges = (await Promise.all(options.drop.map(rangesOf))).flat();
  const drive = await openRecording(recording, cameraOf(options));
  try {
    const cleaned = dropRanges((await drive.index()).pts, ranges);
    const own = await ownList(recording, options, cleaned);
    const lines = [
      `${recording.name}: ${droppedCount(cleaned)} of ${cleaned.pts.length} frames are left out`,
    ];
    if (inPlace) lines.push(...(await change(recording, own)));
    else {
      const content =
        own?.content ??
        (formOf(options) === 'csv'
          ? listAsCsv(cleaned)
          : listAsJson(recording.name, drive.camera, cleaned));
      await writeNew(recording, output!, content, options.force ?? false);
      lines.push(`  ${output}${own ? `: ${own.told}` : ' lists them'}`);
    }
    process.stdout.write(
      `${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`,
    );
  } finally {
    await drive.close();
  }
}

async function rangesOf(text: string): Promise<readonly DropRange[]> {
  const range = rangeIn(text);
  return range ? [range] : readRanges(text);
}

function formOf({ as, output = '' }: CleanOptions): 'own' | 'json' | 'csv' {
  return as ?? (/\.csv$/i.test(output) ? 'csv' : 'json');
}

/** null: a plain list is wanted, or the drive has none of its own. Throws USAGE. */
async function ownList(
  recording: Recording,
  { as, inPlace = false }: CleanOptions,
  cleaned: Cleaned,
): Promise<OwnList | null> {
  if (as !== undefined && as !== 'own' && !inPlace) return null;
  const { path, reader, key } = recording;
  const place = await placeAt(path);
  switch (reader.id) {
    case 'donkeycar-tub':
      return place.names.has('manifest.json')
        ? tubManifest(path, cleaned)
        : tubExclusions(path, cleaned);
    case 'udacity':
      return udacityLog(place, cleaned);
    case 'lerobot':
      return lerobotList(place, Number(key), cleaned);
    default:
      if (as !== 'own' && !inPlace) return null;
      throw withoutList(recording);
  }
}

function withoutList({ name, reader }: Recording): RoadgazeError {
  return new RoadgazeError(
    'USAGE',
    `${name} is ${reader.title}, which has no list of its own that could be changed.`,
    'Write a list of frames with -o, as .json or .csv.',
  );
}

/** Throws OUTPUT_NOT_WRITABLE. */
async function writeNew(
  { path }: Recording,
  output: string,
  content: string | Uint8Array,
  isForced: boolean,
): Promise<void> {
  const file = resolve(output);
  if (file === path || file.startsWith(path + sep))
    throw new RoadgazeError(
      'USAGE',
      `${output} lies in the drive itself.`,
      'Name another place with -o, or change the drive with --in-place.',
    );
  if (!isForced && (await lstat(file).catch(() => null)))
    throw new RoadgazeError(
      'OUTPUT_NOT_WRITABLE',
      `${output} is there already.`,
      'Name another file, or replace it with --force.',
    );
  await writeWhole(file, content).catch((cause: unknown) => {
    throw notWritable(`${output} cannot be written`, cause);
  });
}

/** Keeps the list as it was beside itself, then puts the new one in its place. */
async function change(recording: Recording, own: OwnList | null): Promise<string[]> {
  if (own === null || own.file === null) throw withoutList(recording);
  const file = await pathInside(recording.path, own.file);
  const path = file ?? resolve(recording.path, own.file);
  try {
    const backup = file === null ? null : await keep(file);
    await writeWhole(path, own.content);
    return [
      `  ${path}: ${own.told}`,
      ...(backup === null ? [] : [`  what it was is kept as ${basename(backup)}`]),
    ];
  } catch (cause) {
    throw notWritable(`${path} cannot be changed`, cause);
  }
}

const MOST_KEPT = 1000;

async function keep(file: string): Promise<string> {
  for (let number = 1; ; number++) {
    const backup = `${file}.before-clean${number > 1 ? `-${number}` : ''}`;
    try {
      await copyFile(file, backup, constants.COPYFILE_EXCL);
      return backup;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || number > MOST_KEPT) throw error;
    }
  }
}
