import { mkdir, rm, rmdir } from 'node:fs/promises';
import { FileSet } from '../../files/file-set.ts';
import { notWritable } from '../../files/not-writable.ts';
import type { DriveSource } from '../../drive/source.ts';
import { OtherPictures } from '../../video/encoded-pictures.ts';
import { encodeMovie, exactTicks } from '../../video/encode.ts';
import { remuxFile, remuxPackets } from '../../video/remux.ts';
import type { Converted, ConvertRequest } from '../convert.ts';
import { NO_SIGNALS, signalNames, signalsOf } from '../log-signals.ts';
import { framesToEncode } from '../pictures.ts';
import { signalTable } from './parquet-table.ts';
import { writeParquet } from './write-parquet.ts';

const VIDEO = 'drive.mp4';
const LOG = 'drive.parquet';
/** Who finds the last one finds both. */
export const FOLDER_FILES: readonly string[] = [LOG, VIDEO];

/**
 * Writes a drive into a folder as a video, and its log as Parquet beside it, which appear together.
 * What is H.264, H.265, VP9 or AV1 is copied where an MP4 can have it at its times. Throws what
 * reading the drive throws, FFMPEG_*, OUTPUT_NOT_WRITABLE.
 */
export async function writeFolder(request: ConvertRequest): Promise<Converted> {
  const { output, signal, log } = request;
  const made = await mkdir(output, { recursive: true }).catch((cause: unknown) => {
    throw notWritable(`Nothing can be written to ${output}`, cause);
  });
  let isWhole = false;
  try {
    const files = await FileSet.open(output, FOLDER_FILES);
    try {
      const movie = await writeMovie(files.draft(VIDEO), request);
      const signals = log ? signalsOf(log, movie.shift) : NO_SIGNALS;
      const names = signalNames(signals);
      const notes = [...movie.notes];
      if (names.length > 0) {
        const table = signalTable(signals);
        await writeParquet(files.draft(LOG), table, signal).catch((error: unknown) => {
          signal?.throwIfAborted();
          throw notWritable(`${output}/${LOG} cannot be written`, error);
        });
        notes.push(...table.notes);
      }
      signal?.throwIfAborted();
      await files.publish();
      isWhole = true;
      return { cameras: [movie.camera], signals: names, notes };
    } finally {
      await files.abandon();
    }
  } finally {
    if (!isWhole && made !== undefined) await removeEmpty(output, made);
  }
}

/** The folder, and those above it that were made for it. */
async function removeEmpty(folder: string, made: string): Promise<void> {
  for (let path = folder; path.startsWith(made); path = path.slice(0, path.lastIndexOf('/')))
    await rmdir(path).catch(() => {});
}

interface Movie {
  readonly camera: Converted['cameras'][number];
  /** Seconds by which its times are later than those of the drive. */
  readonly shift: number;
  readonly notes: readonly string[];
}

async function writeMovie(path: string, request: ConvertRequest): Promise<Movie> {
  const { drives, crf, signal, onProgress } = request;
  const [drive] = drives;
  const { pts } = await drive.index();
  const copied = await copyMovie(drive, { path, video: drive.video, pts, signal });
  if (copied !== null) {
    onProgress?.(pts.length);
    return {
      camera: { id: drive.camera, pictures: pts.length, codec: drive.video.codec, isCopied: true },
      shift: copied,
      notes: movedNotes(copied),
    };
  }
  await rm(path, { force: true });
  const frames = framesToEncode(drive, path, { crf, signal });
  let pictures = 0;
  async function* counted() {
    for await (const frame of frames.frames) {
      yield frame;
      onProgress?.(++pictures);
    }
  }
  const shift = await encodeMovie({ ...frames, frames: counted() }, path, {
    first: pts[0] ?? 0,
    timeBase: exactTicks(drive.video, pts),
  });
  return {
    camera: { id: drive.camera, pictures, codec: 'h264', isCopied: false },
    shift,
    notes: [...frames.warnings(), ...movedNotes(shift)],
  };
}

type Remux = Parameters<typeof remuxFile>[1];

/** Seconds by which the copy is later; null where the pictures must be encoded anew. */
async function copyMovie(drive: DriveSource, remux: Remux): Promise<number | null> {
  if (drive.videoFile !== null) return remuxFile(drive.videoFile, remux);
  const encoded = await drive.encoded();
  if (!encoded) return null;
  try {
    return await remuxPackets(encoded, remux);
  } catch (error) {
    if (error instanceof OtherPictures) return null;
    throw error;
  }
}

function movedNotes(shift: number): string[] {
  return Math.abs(shift) < 1e-6
    ? []
    : [`All times are ${shift.toFixed(6)} s later, because an MP4 has none before zero.`];
}
