import { access, open, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { besideFile } from '../../files/beside.ts';
import { decodeVideo } from '../../video/decoder.ts';
import { readFrameIndex, timedBy } from '../../video/frame-index.ts';
import type { FramesRequest, FrameStream } from '../../video/frame-source.ts';
import { asksForRate, fileVersion, probeVideo, type ProbedVideo } from '../../video/probe.ts';
import type { LogChoices } from '../log/choices.ts';
import { readDriveLog } from '../log/csv-log.ts';
import type { DriveLog } from '../log/drive-log.ts';
import { once } from '../once.ts';
import { RunningStreams } from '../running-streams.ts';
import type { DriveReader, DriveSource } from '../source.ts';

/** The only camera of a video. */
const CAMERA = 'video';

const ENDINGS = new Set([
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
 * A video file, with its log as CSV beside it. Files are told by their endings: whether one really
 * is video shows when it is opened. `open` takes a file of any ending.
 */
export const VIDEO: DriveReader = {
  id: 'video',
  title: 'a video',
  async recognises({ path, name, isFolder }) {
    return !isFolder && (await isVideo(path))
      ? [{ key: null, name: basename(name, extname(name)) }]
      : null;
  },
  open: ({ path }) => openVideo(path),
  asksForRate: ({ path }) => asksForRate(path),
};

/**
 * A video as a drive. Frames a second of a stream that tells none are as `untoldRate` has them.
 * Throws what `probeVideo` does.
 */
export async function openVideo(path: string): Promise<DriveSource> {
  const { log: logPath } = besideFile(path);
  const [video, hasLog] = await Promise.all([
    probeVideo(path),
    access(logPath).then(
      () => logPath !== path,
      () => false,
    ),
  ]);
  return new VideoSource(video, hasLog ? logPath : null);
}

class VideoSource implements DriveSource {
  readonly format = VIDEO.title;
  readonly path: string;
  readonly cameras: DriveSource['cameras'];
  readonly camera = CAMERA;
  readonly video: ProbedVideo;
  readonly #logPath: string | null;
  readonly #streams = new RunningStreams();
  readonly #logs = new Map<string, () => Promise<DriveLog>>();
  readonly index = once(() => readFrameIndex(this.path));

  constructor(video: ProbedVideo, logPath: string | null) {
    this.path = video.path;
    this.video = video;
    this.cameras = [{ id: CAMERA, title: basename(video.path), frames: null }];
    this.#logPath = logPath;
  }

  get hasLog(): boolean {
    return this.#logPath !== null;
  }

  get assumptions(): readonly string[] {
    return this.video.assumptions ?? [];
  }

  frames(request: FramesRequest): FrameStream {
    return this.#streams.start(request, (asked) => decodeVideo({ ...asked, path: this.path }));
  }

  async log(choices: LogChoices): Promise<DriveLog | null> {
    const path = this.#logPath;
    if (path === null) return null;
    const key = JSON.stringify(Object.entries(choices).sort());
    let read = this.#logs.get(key);
    if (!read) {
      read = once(async () => readDriveLog(path, timedBy(this.video, await this.index()), choices));
      this.#logs.set(key, read);
    }
    return read();
  }

  async version(): Promise<string> {
    const [video, log] = await Promise.all([
      fileVersion(this.path).catch(() => '-'),
      this.#logPath === null
        ? ''
        : stat(this.#logPath).then(
            ({ size, mtimeMs }) => `${size}@${mtimeMs}`,
            () => '-',
          ),
    ]);
    return [video, log].join('\0');
  }

  close(): Promise<void> {
    return this.#streams.close();
  }
}

function endingOf(file: string): string {
  return extname(file).slice(1).toLowerCase();
}

/** A file of this name is listed as a video. */
export function hasVideoEnding(file: string): boolean {
  return ENDINGS.has(endingOf(file));
}

/** A file that is listed as a video. */
export async function isVideo(path: string): Promise<boolean> {
  const file = basename(path);
  if (file.startsWith('.') || !hasVideoEnding(file)) return false;
  const info = await stat(path).catch(() => null);
  if (!info?.isFile()) return false;
  return !ENDINGS_TO_LOOK_INTO.has(endingOf(file)) || (await startsWithTransportPackets(path));
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
