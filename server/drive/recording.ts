import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { otherDrivesIn, recogniseOtherFile, recogniseOtherFolder } from './other-formats.ts';

export { readDriveLog } from './csv-log.ts';
export { recogniseOtherFile } from './other-formats.ts';
export { paceOfLog } from './log-pace.ts';
export { logChoicesPath, readLogChoices, writeLogChoices, type LogChoices } from './log-choices.ts';
export { sampleAt, type DriveLog, type LogColumn, type VideoSpan } from './drive-log.ts';

export interface Recording {
  /** Stable and safe in a URL: the file name, with a digest where that had to be changed. */
  readonly id: string;
  /** File name without its ending. */
  readonly name: string;
  readonly videoPath: string;
  /** `<name>.csv` beside the video. */
  readonly logPath: string | null;
  /** `<name>.truth.jsonl.gz` beside the video. */
  readonly truthPath: string | null;
  /**
   * Why it cannot be opened, as far as that is known without decoding: by its name, or because it
   * is a drive of a format that is not read, or no recording.
   */
  readonly fault: RoadgazeError | null;
}

const VIDEO_ENDINGS = new Set([
  'mp4',
  'm4v',
  'mov',
  'mkv',
  'webm',
  'avi',
  'ts',
  'mts',
  'm2ts',
  'mpg',
  'mpeg',
  'h264',
  '264',
  'hevc',
  'h265',
  '265',
  'ivf',
  'mjpeg',
  'ogv',
  'flv',
  'wmv',
  '3gp',
  'nut',
]);

/** TypeScript sources share these endings with MPEG transport streams. */
const ENDINGS_TO_LOOK_INTO = new Set(['ts', 'mts']);

/**
 * The recordings of a folder (not of its subfolders), in natural order of their names; or the one
 * recording of a file, whatever its ending. Nothing is decoded: whether a file really is video
 * shows when it is opened. After them come drives of other formats, with the reason why they cannot
 * be opened. Throws INPUT_NOT_FOUND.
 */
export async function listRecordings(path: string): Promise<Recording[]> {
  const absolute = resolve(path);
  try {
    const info = await stat(absolute);
    if (!info.isDirectory())
      return [
        describe(
          absolute,
          new Set(await readdir(dirname(absolute)).catch(() => [])),
          await recogniseOtherFile(absolute),
        ),
      ];
    const { names, unnameable } = await namesIn(absolute);
    const beside = new Set(names);
    const videos = await Promise.all(
      names.map(async (name) => ((await isVideo(join(absolute, name))) ? [name] : [])),
    );
    const found = videos.flat();
    const { compare } = new Intl.Collator('en', { numeric: true });
    const own = await recogniseOtherFolder(absolute, found.length === 0);
    const others = own
      ? [{ path: absolute, fault: own }]
      : await otherDrivesIn(
          absolute,
          names.filter((name) => !found.includes(name)),
          found.length === 0,
        );
    return [
      ...found.sort(compare).map((name) => describe(join(absolute, name), beside)),
      ...others
        .sort((a, b) => compare(a.path, b.path))
        .map(({ path: other, fault }) => describe(other, new Set(), fault)),
      ...unnameable
        .filter((name) => VIDEO_ENDINGS.has(endingOf(name)))
        .map((name) => notNamed(absolute, name)),
    ];
  } catch (error) {
    throw notFound(path, error);
  }
}

/**
 * What lies in a folder. Names that are not UTF-8 cannot be told to ffmpeg, nor kept in a text:
 * `unnameable` has them with their other bytes spelt out, as `\\xe9`.
 */
export async function namesIn(
  folder: string,
): Promise<{ readonly names: string[]; readonly unnameable: string[] }> {
  const names: string[] = [];
  const unnameable: string[] = [];
  for (const bytes of await readdir(folder, { encoding: 'buffer' })) {
    const name = bytes.toString('utf8');
    if (Buffer.from(name).equals(bytes)) names.push(name);
    else
      unnameable.push(
        bytes
          .toString('latin1')
          .replaceAll(/[\u0080-\u00ff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`),
      );
  }
  return { names, unnameable };
}

/** Why a file of such a name is not opened. */
export function nameFault(shown: string): RoadgazeError {
  return new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${shown} has a name that is not UTF-8.`,
    'Rename the file; `convmv` or a file manager turns such names into UTF-8.',
  );
}

function notNamed(folder: string, shown: string): Recording {
  return {
    id: urlSafe(shown),
    name: shown.slice(0, shown.length - extname(shown).length),
    videoPath: join(folder, shown),
    logPath: null,
    truthPath: null,
    fault: nameFault(shown),
  };
}

/** Where the log of a recording lies, if there is one. */
export function logBeside(videoPath: string): string {
  return join(dirname(videoPath), `${basename(videoPath, extname(videoPath))}.csv`);
}

function endingOf(file: string): string {
  return extname(file).slice(1).toLowerCase();
}

function describe(
  videoPath: string,
  beside: ReadonlySet<string>,
  fault: RoadgazeError | null = null,
): Recording {
  const file = basename(videoPath);
  const name = basename(file, extname(file));
  const companion = (ending: string): string | null => {
    const candidate = name + ending;
    return candidate !== file && beside.has(candidate) ? join(dirname(videoPath), candidate) : null;
  };
  return {
    id: urlSafe(file),
    name,
    videoPath,
    logPath: companion('.csv'),
    truthPath: companion('.truth.jsonl.gz'),
    fault,
  };
}

/**
 * The same for the same file name, with nothing in it that an address cannot hold; a digest tells
 * apart what had to be changed.
 */
export function urlSafe(file: string): string {
  const slug = file
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '');
  if (slug === file) return slug;
  return `${slug || 'recording'}~${createHash('sha256').update(file).digest('hex').slice(0, 8)}`;
}

async function isVideo(path: string): Promise<boolean> {
  const file = basename(path);
  const ending = endingOf(file);
  if (file.startsWith('.') || !VIDEO_ENDINGS.has(ending)) return false;
  const info = await stat(path).catch(() => null);
  if (!info?.isFile()) return false;
  return !ENDINGS_TO_LOOK_INTO.has(ending) || (await startsWithTransportPackets(path));
}

/** Sync byte 0x47 every 188 bytes, or every 192 where packets carry an arrival time in front. */
async function startsWithTransportPackets(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (!file) return true;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(197), 0, 197, 0);
    if (bytesRead < 189) return false;
    return (
      (buffer[0] === 0x47 && buffer[188] === 0x47) || (buffer[4] === 0x47 && buffer[196] === 0x47)
    );
  } finally {
    await file.close();
  }
}

function notFound(path: string, error: unknown): RoadgazeError {
  const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
  return denied
    ? new RoadgazeError(
        'INPUT_NOT_FOUND',
        `${path} may not be read.`,
        'Give yourself permission to read it, or name another file or folder.',
        { cause: error },
      )
    : path.includes('\ufffd')
      ? nameFault(path)
      : new RoadgazeError(
          'INPUT_NOT_FOUND',
          `There is no file or folder ${path}.`,
          'Check the spelling; relative paths start at the folder that the command was started in.',
          { cause: error },
        );
}
