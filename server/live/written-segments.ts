import type { ConnectionEnd } from './failure.ts';
import type { SegmentFormat } from './live-outputs.ts';
import { TICKS } from './picture-ladder.ts';
import type { FeedStream } from '../../shared/protocol/summaries.ts';

/** A piece of the ring that can be decoded alone, with the timestamps of the stream. */
export interface Segment {
  readonly path: string;
  /** Feed time of its first picture, and of the end of its last one; seconds since 1970. */
  readonly start: number;
  readonly end: number;
  /** feed time = pts in the file + offset. */
  readonly offset: number;
  /** Segments of one stream can be joined by copying. */
  readonly stream: FeedStream | null;
  /** Still being written: `end` is as far as pictures were decoded. */
  readonly growing: boolean;
}

/** How far the segments are that one connection writes. */
export interface WrittenSegments {
  readonly prefix: string;
  readonly format: SegmentFormat;
  readonly finish: (end: ConnectionEnd) => void;
  /**
   * Timestamps (s) of the first packets of the segments that are not complete, by their numbers, as
   * far as they are known. The very first packet may come before the first one that can be decoded;
   * where RTSP gives it no time, it has that of the second.
   */
  readonly starts: Map<number, number>;
  /** Segments that have begun. */
  started: number;
  anchor: {
    readonly pts: number;
    readonly offset: number;
    readonly stream: FeedStream | null;
  } | null;
  /** Segments that are complete. */
  complete: number;
  /** End of the last complete one, in seconds of the stream; null before there is one. */
  end: number | null;
}

/** MPEG-TS counts from zero again after so many seconds, 26 hours. */
const WRAP = 2 ** 33 / TICKS;
/** ffmpeg reads a file that begins so shortly (s) before that as beginning below zero. */
const BEFORE_WRAP = 60;

/**
 * When the segment that is being written begins, in seconds of the stream; the first one has
 * nothing better than its first picture.
 */
export function startOf({ starts, complete, end, anchor }: WrittenSegments): number {
  return starts.get(complete) ?? end ?? anchor!.pts;
}

/**
 * The segment that is being written, of a connection with an anchor. `listed`: its start as ffmpeg
 * lists it; `end` is feed time.
 */
export function segmentOf(
  connection: WrittenSegments,
  listed: number | null,
  end: number,
): Segment {
  const { offset, stream } = connection.anchor!;
  const start = listed ?? startOf(connection);
  const wraps = connection.format === 'mpegts' ? Math.floor((start + BEFORE_WRAP) / WRAP) : 0;
  return {
    path: segmentPath(connection),
    start: start + offset,
    end,
    offset: offset + WRAP * wraps,
    stream,
    growing: true,
  };
}

/** Of the segment that is being written. */
export function segmentPath({ prefix, format, complete }: WrittenSegments): string {
  return `${prefix}${String(complete).padStart(6, '0')}.${format}`;
}
