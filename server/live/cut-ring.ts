import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { notWritable, notWritableBy } from '../files/not-writable.ts';
import { startFfmpeg } from '../video/ffmpeg-process.ts';
import { readFrameIndex } from '../video/frame-index.ts';
import type { FrameIndex } from '../video/frame-source.ts';
import { LOCAL_ONLY } from '../video/ask-ffprobe.ts';
import { copyRecognisably, isShortMpegts } from '../video/short-mpegts.ts';
import { findTools } from '../video/tools.ts';
import { WarningList } from '../video/warnings.ts';
import { writeFault } from './disk-probe.ts';
import type { SegmentRing } from './segment-ring.ts';
import type { Segment } from './written-segments.ts';

/** Bytes that a disk takes which is not to blame. */
const ENOUGH = 1 << 16;

export interface CutRequest {
  /**
   * Feed time, seconds since 1970; the cut begins at the keyframe before `start` and ends with the
   * segment that holds `end`.
   */
  readonly start: number;
  readonly end: number;
  /**
   * What the cut is about, between both: where the picture's size or codec changed in between, its
   * side is taken.
   */
  readonly around: number;
  /** `.mp4` or `.mkv`. Appears under this name when it is complete. */
  readonly output: string;
}

export interface Cut {
  /** Feed time of timestamp 0 of the file, and of its end. */
  readonly start: number;
  readonly end: number;
  /** Of the file. */
  readonly index: FrameIndex;
}

/**
 * Writes part of a feed's ring into one file, by copying. Gaps, where there was no signal, stay gaps
 * in time. Throws FEED_STALLED where nothing of it is recorded, OUTPUT_NOT_WRITABLE,
 * FFMPEG_*.
 */
export async function cutRing(
  ring: Pick<SegmentRing, 'between' | 'hold'>,
  { start, end, around, output }: CutRequest,
): Promise<Cut> {
  const segments = ofOneStream(ring.between(start, end), around);
  const [first] = segments;
  if (!first)
    throw new RoadgazeError(
      'FEED_STALLED',
      'Nothing of the feed is recorded at that time.',
      'Choose a time within the recorded minutes.',
    );
  const release = ring.hold(segments);
  let scratch: string | null = null;
  try {
    scratch = await mkdtemp(join(dirname(resolve(output)), '.roadgaze-cut-'));
    const list = join(scratch, 'list.ffconcat');
    const partial = join(scratch, `cut${extname(output)}`);
    await writeFile(list, concatList(segments, await recognisable(segments, scratch)));
    await copy(list, partial, output);
    await rename(partial, output);
    const index = await readFrameIndex(output);
    return { start: first.start, end: segments.at(-1)!.end, index };
  } catch (cause) {
    if (cause instanceof RoadgazeError) throw cause;
    throw notWritable(`${output} cannot be written`, cause);
  } finally {
    release();
    if (scratch) await rm(scratch, { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * The segments' files, in their order: copies of those that ffmpeg would not recognise, and would
 * end at.
 */
function recognisable(segments: readonly Segment[], scratch: string): Promise<string[]> {
  return Promise.all(
    segments.map(async ({ path }, index) => {
      if (!(await isShortMpegts(path))) return path;
      const copy = join(scratch, `${index}${extname(path)}`);
      await copyRecognisably(path, copy);
      return copy;
    }),
  );
}

async function copy(list: string, partial: string, output: string): Promise<void> {
  const tools = await findTools();
  const warnings = new WarningList();
  const input = [
    '-hide_banner',
    '-nostdin',
    '-y',
    '-loglevel',
    'repeat+level+warning',
    ...LOCAL_ONLY,
    '-f',
    'concat',
    '-safe',
    '0',
  ] as const;
  const exact =
    extname(output) === '.mp4'
      ? [
          ...tools.movieTimeScale(90_000),
          '-video_track_timescale',
          '90000',
          '-movflags',
          '+faststart',
        ]
      : [];
  const process = await startFfmpeg(
    [{ url: `file:${list}`, options: input }],
    [{ url: `file:${partial}`, options: ['-map', '0:V:0', '-c', 'copy', ...exact] }],
    (line) => warnings.add(line),
  );
  const { success, reason } = await process.ended;
  const sentence = `${output} cannot be written`;
  // Where only the end of a file finds no room, ffmpeg says so, and yet calls it a success.
  const said = notWritableBy(warnings.entries, sentence);
  if (said) throw said;
  if (success) return;
  const fault = await writeFault(dirname(partial), ENOUGH);
  if (fault !== null) throw notWritable(sentence, fault);
  throw new RoadgazeError(
    'FFMPEG_FAILED',
    `${output} could not be made out of the recording: ${warnings.lastError || reason}.`,
    'Choose another time of the recording.',
  );
}

/** The run of segments of one stream that holds `around`. */
function ofOneStream(segments: readonly Segment[], around: number): Segment[] {
  const middle = Math.max(
    0,
    segments.findLastIndex(({ start }) => start <= around),
  );
  const same = (index: number): boolean => {
    const [a, b] = [segments[index]?.stream, segments[middle]?.stream];
    return a?.codec === b?.codec && a?.width === b?.width && a?.height === b?.height;
  };
  let from = middle;
  while (from > 0 && same(from - 1)) from--;
  let to = middle;
  while (to + 1 < segments.length && same(to + 1)) to++;
  return segments.slice(from, to + 1);
}

/** Each file takes the time until the next one begins. */
function concatList(segments: readonly Segment[], paths: readonly string[]): string {
  const lines = segments.map(
    ({ start, end }, index) =>
      `file '${paths[index]!.replaceAll("'", "'\\''")}'\nduration ${((segments[index + 1]?.start ?? end) - start).toFixed(6)}\n`,
  );
  return `ffconcat version 1.0\n${lines.join('')}`;
}
