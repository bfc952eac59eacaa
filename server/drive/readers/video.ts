import { open, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { besideFile } from '../../files/beside.ts';
import { decodeVideo } from '../../video/decoder.ts';
import { encodedFile } from '../../video/encoded-pictures.ts';
import { readFrameIndex, timedBy } from '../../video/frame-index.ts';
import { asksForRate, fileVersion, probeVideo } from '../../video/probe.ts';
import { readDriveLog } from '../log/csv-log.ts';
import { sourceOfPictures, type Pictures } from '../source-of-pictures.ts';
import { logBeside } from '../log/log-beside.ts';
import type { DriveReader, DriveSource } from '../source.ts';
import { chosenCamera } from './chosen-camera.ts';
import { filesVersion } from '../../files/files-version.ts';

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
 * A video file, with its log as CSV or Parquet beside it. Files are told by their endings: whether one really
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
  open: ({ path }, { camera }) => openVideo(path, camera),
  asksForRate: ({ path }) => asksForRate(path),
};

/**
 * A video as a drive. Frames a second of a stream that tells none are as `untoldRate` has them.
 * Throws CAMERA_UNKNOWN, and what `probeVideo` does.
 */
export async function openVideo(path: string, camera?: string): Promise<DriveSource> {
  const cameras = [{ id: CAMERA, title: basename(path), frames: null }];
  const chosen = chosenCamera(path, cameras, camera);
  const [pictures, log] = await Promise.all([
    videoPictures(path),
    logBeside(path, besideFile(path)),
  ]);
  return sourceOfPictures(pictures, {
    format: VIDEO.title,
    path: pictures.video.path,
    cameras,
    camera: chosen,
    log: log
      ? async (choices, { video, index }) =>
          readDriveLog(log, timedBy(video, await index()), choices)
      : null,
    version: () => filesVersion(log ? [log] : []),
  });
}

/** Pictures of a video file, at its own times. Throws what `probeVideo` does. */
export async function videoPictures(path: string): Promise<Pictures> {
  return { video: await probeVideo(path), ...uncheckedPictures(path) };
}

/** The same, not looked into before it is used. */
export function uncheckedPictures(path: string): Omit<Pictures, 'video'> {
  return {
    index: () => readFrameIndex(path),
    frames: (request) => decodeVideo({ ...request, path }),
    file: path,
    encoded: () => encodedFile(path),
    version: () => fileVersion(path).catch(() => '-'),
  };
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
