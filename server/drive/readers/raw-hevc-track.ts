import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { RoadgazeError } from '../../../shared/errors.ts';
import { listHevc, type HevcListing } from '../../video/hevc-listing.ts';
import type { PictureBytes, PictureTrack } from '../../video/picture-track.ts';
import { onceFor } from '../once.ts';
import { filesVersion } from '../../files/files-version.ts';

/** A raw H.265 file, gone through once. */
export interface RawHevc {
  readonly path: string;
  readonly listing: HevcListing;
}

const MOST_BYTES = 64 << 20;
/** Listings that are kept for files that do not change; 20 kB each minute of a camera. */
const RECENT = 256;

const listed = onceFor((path: string, version: string) => {
  void version;
  return listHevc(path);
}, RECENT);

/**
 * Throws INPUT_NOT_FOUND, INPUT_EMPTY, and VIDEO_UNREADABLE where it holds no picture.
 */
export async function openRawHevc(path: string): Promise<RawHevc> {
  const name = basename(path);
  let listing: HevcListing;
  try {
    const { size, mtimeMs, ino } = await stat(path);
    if (size === 0)
      throw new RoadgazeError('INPUT_EMPTY', `${name} is empty.`, 'Copy or record it again.');
    listing = await listed(path, `${size}@${mtimeMs}@${ino}`);
  } catch (error) {
    if (error instanceof RoadgazeError) throw error;
    const reason = error instanceof RangeError ? `: ${error.message}` : '';
    throw new RoadgazeError(
      reason ? 'VIDEO_UNREADABLE' : 'INPUT_NOT_FOUND',
      `${path} cannot be read${reason}.`,
      'Check that it was copied completely, and that you may read it.',
      { cause: error },
    );
  }
  if (listing.begins.length === 0)
    throw new RoadgazeError(
      'VIDEO_UNREADABLE',
      `${path} holds no picture of raw H.265.`,
      'Check that it was copied completely.',
    );
  return { path, listing };
}

export interface RawHevcTrack {
  /** Of the drive and its camera, for messages. */
  readonly name: string;
  /** In the order of time; the first picture of each can be decoded by itself. */
  readonly files: readonly RawHevc[];
  /** Seconds, strictly ascending, one for each picture of all files, in the order of showing. */
  readonly pts: Float64Array;
}

/** Raw H.265 files, one behind the other, as one track with times that somebody else knows. */
export function rawHevcTrack({ name, files, pts }: RawHevcTrack): PictureTrack {
  /** Number of the first picture of each file. */
  const firsts: number[] = [];
  const keyframes: number[] = [];
  let count = 0;
  for (const { listing } of files) {
    firsts.push(count);
    for (const keyframe of listing.keyframes) keyframes.push(count + keyframe);
    count += listing.begins.length;
  }
  const placeOf = (packet: number) => {
    const file = firsts.findLastIndex((first) => first <= packet);
    return { ...files[file]!, picture: packet - firsts[file]! };
  };
  return {
    name,
    codec: 'hevc',
    pts,
    keyframes: Int32Array.from(keyframes),
    version: () => filesVersion(files.map(({ path }) => path)),
    nameOf: (packet) => {
      const { path, picture } = placeOf(packet);
      return `picture ${picture} of ${basename(path)}`;
    },
    read: (packet) => {
      const { path, listing, picture } = placeOf(packet);
      return readBytes(path, listing.begins[picture]!, listing.ends[picture]!);
    },
  };
}

async function readBytes(path: string, begin: number, end: number): Promise<PictureBytes> {
  if (end - begin > MOST_BYTES)
    return { missing: `a picture of ${basename(path)} is larger than 64 MiB` };
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.allocUnsafeSlow(end - begin);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
      return { bytes: bytes.subarray(0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    return {
      missing: `${basename(path)} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    };
  }
}
