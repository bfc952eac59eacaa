import { lstat, stat } from 'node:fs/promises';
import { basename, extname, join, resolve, sep } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Converted, ConvertRequest } from '../conversion/convert.ts';
import { FOLDER_FILES, writeFolder } from '../conversion/movie/write-folder.ts';
import { writeMcap } from '../conversion/mcap/write-mcap.ts';
import { readLogChoices } from '../drive/log/choices.ts';
import { drivesAt } from '../drive/drives-at.ts';
import { openRecording } from '../drive/open-recording.ts';
import type { Recording } from '../drive/recording.ts';
import type { DriveSource } from '../drive/source.ts';
import { onInterrupt } from './command-line.ts';
import { chosenDrives, onlyDrive } from './drive-options.ts';
import type { FrameRateOption } from './frame-rate-option.ts';
import { logChoicesOf, type LogOptions } from './log-options.ts';
import { ProgressLine } from './progress-line.ts';
import { fitted } from './terminal.ts';

export interface ConvertOptions extends LogOptions, FrameRateOption {
  readonly output: string;
  readonly drive?: string;
  readonly camera?: string;
  readonly crf: number;
  readonly force?: boolean;
}

/** Writes one drive in another format and tells what was written. */
export async function runConvert(input: string, options: ConvertOptions): Promise<void> {
  const recording = onlyDrive(input, chosenDrives(input, await drivesAt(input), options));
  const output = resolve(options.output);
  const isMcap = await checkOutput(recording, output, options);
  const abort = new AbortController();
  let working: Promise<unknown> = Promise.resolve();
  const released = onInterrupt(async () => {
    abort.abort();
    await working.catch(() => {});
  });
  try {
    const job = convert(recording, { options, output, isMcap, signal: abort.signal });
    await (working = job);
    process.stdout.write(told(options.output, await job));
  } catch (error) {
    // Whoever interrupted is told nothing more; the process ends when all is closed.
    if (abort.signal.aborted) return await new Promise<never>(() => {});
    throw error;
  } finally {
    released();
  }
}

/** Whether it is to be an MCAP file. Throws USAGE, OUTPUT_NOT_WRITABLE. */
async function checkOutput(
  { path }: Recording,
  output: string,
  { force = false }: ConvertOptions,
): Promise<boolean> {
  const isMcap = /\.mcap$/i.test(output);
  const info = await stat(output).catch(() => null);
  if (
    !isMcap &&
    !info?.isDirectory() &&
    /^\.(mp4|mkv|mov|csv|parquet|bag|db3|avi)$/i.test(extname(output))
  )
    throw new RoadgazeError(
      'USAGE',
      `${basename(output)} is neither a file that ends with .mcap nor a folder.`,
      'Name a folder; drive.mp4 and drive.parquet are written into it.',
    );
  if (output === path || output.startsWith(path + sep))
    throw new RoadgazeError(
      'USAGE',
      `${output} lies in the drive itself.`,
      'Nothing is written into a drive. Name another place with -o.',
    );
  if (force) return isMcap;
  const written = isMcap ? [output] : FOLDER_FILES.map((name) => join(output, name));
  for (const file of written)
    if (await lstat(file).catch(() => null))
      throw new RoadgazeError(
        'OUTPUT_NOT_WRITABLE',
        `${file} is there already.`,
        'Name another place, or replace it with --force.',
      );
  return isMcap;
}

interface Job {
  readonly options: ConvertOptions;
  readonly output: string;
  readonly isMcap: boolean;
  readonly signal: AbortSignal;
}

async function convert(
  recording: Recording,
  { options, output, isMcap, signal }: Job,
): Promise<Converted> {
  const drives = await openCameras(recording, options.camera, signal);
  const [drive, ...others] = drives;
  try {
    if (!isMcap && others.length > 0)
      throw new RoadgazeError(
        'USAGE',
        'A folder takes one camera.',
        'Name it with --camera, or name a file that ends with .mcap, which takes all of them.',
      );
    let count = 0;
    for (const { index } of drives) count += (await index()).pts.length;
    const choices = await readLogChoices(recording.beside.logChoices);
    const log = drive.hasLog ? await drive.log({ ...choices, ...logChoicesOf(options) }) : null;
    const progress = new ProgressLine(basename(output), count, 'pictures');
    const request: ConvertRequest = {
      drives,
      log,
      output,
      crf: options.crf,
      signal,
      onProgress: (done) => progress.advance(done),
    };
    try {
      const converted = await (isMcap ? writeMcap(request) : writeFolder(request));
      const told = [
        ...drives.flatMap(({ assumptions }) => assumptions),
        ...(log?.assumptions ?? []),
      ];
      return { ...converted, notes: [...new Set([...told, ...converted.notes])] };
    } finally {
      progress.stop();
    }
  } finally {
    for (const each of drives) await each.close();
  }
}

/** The cameras that are meant, each as a drive of its own. Throws CAMERA_UNKNOWN, VIDEO_* … */
async function openCameras(
  recording: Recording,
  wish: string | undefined,
  signal: AbortSignal,
): Promise<[DriveSource, ...DriveSource[]]> {
  const names = wish === undefined || wish === 'all' ? [] : namesIn(wish);
  const opened: DriveSource[] = [];
  const open = async (camera: string | undefined): Promise<DriveSource> => {
    const drive = await openRecording(recording, {
      signal,
      ...(camera === undefined ? {} : { camera }),
    });
    opened.push(drive);
    return drive;
  };
  try {
    const first = await open(names[0]);
    const others =
      wish === 'all'
        ? first.cameras.map(({ id }) => id).filter((id) => id !== first.camera)
        : names.slice(1);
    for (const camera of others) await open(camera);
    return [first, ...opened.slice(1)];
  } catch (error) {
    for (const drive of opened) await drive.close();
    throw error;
  }
}

function namesIn(list: string): string[] {
  return [...new Set(list.split(',').map((name) => name.trim()))].filter(Boolean);
}

/** Names that are shown at most. */
const MOST_SHOWN = 6;

function told(output: string, { cameras, signals, notes }: Converted): string {
  const shown = signals.slice(0, MOST_SHOWN).join(', ');
  const more = signals.length - MOST_SHOWN;
  const lines = [
    ...cameras.map(
      ({ id, pictures, codec, isCopied }) =>
        `${output}: ${pictures} ${pictures === 1 ? 'picture' : 'pictures'} of ${id}, ${isCopied ? `copied as they are (${codec})` : `encoded as ${codec}`}`,
    ),
    signals.length > 0
      ? `  signals: ${shown}${more > 0 ? `, and ${more} more` : ''}`
      : '  no signals were logged',
    ...notes.map((note) => `  note: ${note}`),
  ];
  return `${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`;
}
