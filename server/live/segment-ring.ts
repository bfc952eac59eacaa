import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorReport } from '../../shared/errors.ts';
import type { ConnectionEnd } from './failure.ts';
import type { SegmentFormat, SegmentTarget } from './live-outputs.ts';
import { RingDisk, type RingDiskOptions } from './ring-disk.ts';
import type { SegmentRow } from './segment-rows.ts';
import { TICKS } from './picture-ladder.ts';
import type { FeedStream } from '../../shared/protocol/summaries.ts';
import {
  segmentOf,
  segmentPath,
  startOf,
  type Segment,
  type WrittenSegments,
} from './written-segments.ts';

export interface SegmentRingOptions extends RingDiskOptions {
  readonly maxBytes: number;
  readonly maxSeconds: number;
  /** Segments end at the first keyframe after so long. */
  readonly segmentSeconds?: number;
  /** Told why nothing is recorded any more, and with null when it is again. */
  readonly onFailure?: (failure: ErrorReport | null) => void;
}

interface Kept extends Segment {
  readonly bytes: number;
}

/** ffmpeg lists times with six decimals: what is closer (s) is the same picture. */
const SAME = 0.0005;
/** ms */
const CHECK = 2000;
/** Bytes that must find room, beside two segments, before it is recorded again. */
const ROOM = 1 << 20;

/**
 * The last minutes of a feed on disk, as segments that ffmpeg copies out of the stream. Bounded in
 * bytes and in seconds; the oldest go first, but not while somebody holds them.
 */
export class SegmentRing {
  readonly #options: SegmentRingOptions;
  #disk!: RingDisk;
  readonly #segments: Kept[] = [];
  readonly #held = new Map<string, number>();
  readonly #check: NodeJS.Timeout;
  #connection: WrittenSegments | null = null;
  #connections = 0;
  #reached = -Infinity;
  #failure: ErrorReport | null = null;
  /** Opens the feed again, so that it is recorded. */
  #reopen: ((end: ConnectionEnd) => void) | null = null;
  #work: Promise<void> = Promise.resolve();
  #growingBytes = 0;

  private constructor(options: SegmentRingOptions) {
    this.#options = options;
    this.#check = setInterval(() => this.#later(() => this.#trim()), CHECK);
    this.#check.unref();
  }

  /**
   * Also removes what rings of processes that are gone have left. Where the disk takes nothing,
   * `failure` says so until it does.
   */
  static async open(options: SegmentRingOptions): Promise<SegmentRing> {
    const ring = new SegmentRing(options);
    ring.#disk = await RingDisk.open(options, {
      failed: (failure) => ring.#suspend(failure),
      mended: () => ring.#resume(),
      needed: () => ROOM + 2 * ring.#largest,
    });
    return ring;
  }

  /** Why nothing is recorded any more; null while all is well. */
  get failure(): ErrorReport | null {
    return this.#failure ?? this.#disk.failure;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, this.#growingBytes);
  }

  /**
   * What can be played: oldest and newest feed time. There may be gaps between. null while there is
   * nothing.
   */
  get range(): { readonly start: number; readonly end: number } | null {
    const all = this.#all();
    return all.length === 0 ? null : { start: all[0]!.start, end: all.at(-1)!.end };
  }

  /** Segments that hold any of the time from `start` to `end`, in order. */
  between(start: number, end: number): Segment[] {
    return this.#all().filter((segment) => segment.end > start && segment.start <= end + SAME);
  }

  /**
   * The segment with the picture that is shown at this feed time: the last one that begins before
   * it.
   */
  at(time: number): Segment | null {
    return this.#all().findLast(({ start }) => start <= time + SAME) ?? null;
  }

  /** Keeps these files until the function that it gives is called. */
  hold(segments: readonly Segment[]): () => void {
    for (const { path } of segments) this.#held.set(path, (this.#held.get(path) ?? 0) + 1);
    let holds = true;
    return () => {
      if (!holds) return;
      holds = false;
      for (const { path } of segments) {
        const count = this.#held.get(path)! - 1;
        if (count > 0) this.#held.set(path, count);
        else this.#held.delete(path);
      }
      this.#later(() => this.#trim());
    };
  }

  /**
   * For the decoder, as the methods after it: a connection begins. null where the ring has failed.
   */
  startConnection(
    format: SegmentFormat,
    finish: (end: ConnectionEnd) => void,
  ): SegmentTarget | null {
    this.#reopen = finish;
    const { folder } = this.#disk;
    if (this.#failure || folder === null) return null;
    const prefix = join(folder, `${String(++this.#connections).padStart(6, '0')}-`);
    this.#connection = {
      prefix,
      format,
      finish,
      starts: new Map(),
      started: 0,
      anchor: null,
      complete: 0,
      end: null,
    };
    return {
      pattern: `${prefix.replaceAll('%', '%%')}%06d.${format}`,
      segmentSeconds: this.#options.segmentSeconds ?? 2,
      format,
    };
  }

  /** The first picture of the connection was decoded. */
  anchor(pts: number, offset: number, stream: FeedStream | null): void {
    if (this.#connection) this.#connection.anchor = { pts, offset, stream };
  }

  /** In ticks of the segment's container, of which only MPEG-TS has the same everywhere. */
  startSegment(ticks: number): void {
    const connection = this.#connection;
    if (connection?.format === 'mpegts') connection.starts.set(connection.started++, ticks / TICKS);
  }

  /** Pictures were decoded up to this feed time. */
  reached(time: number): void {
    this.#reached = time;
  }

  endSegment({ start, end }: SegmentRow): void {
    const connection = this.#connection;
    if (!connection) return;
    const path = segmentPath(connection);
    const segment =
      connection.anchor &&
      segmentOf(connection, connection.complete > 0 ? start : null, end + connection.anchor.offset);
    connection.starts.delete(connection.complete++);
    connection.end = end;
    // Nothing of it was decoded.
    if (!segment) return this.#later(() => rm(path, { force: true }));
    const kept = { ...segment, growing: false, bytes: 0 };
    this.#segments.push(kept);
    this.#later(async () => {
      const bytes = await sizeOf(path);
      const index = this.#segments.indexOf(kept);
      // A full disk leaves empty files.
      if (index >= 0 && bytes === 0) this.#segments.splice(index, 1);
      else if (index >= 0) this.#segments[index] = { ...kept, bytes };
      await this.#trim();
    });
  }

  /** ffmpeg is gone. A segment that it could not finish is kept as far as it came. */
  async endConnection(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const growing = this.#growing();
    if (growing)
      this.endSegment({
        number: connection.complete,
        start: startOf(connection),
        end: growing.end - connection.anchor!.offset,
      });
    this.#connection = null;
    this.#growingBytes = 0;
    await this.#work;
    if (!growing) await rm(segmentPath(connection), { force: true }).catch(() => {});
  }

  /** Nothing more is recorded. */
  fail(reason: ErrorReport): void {
    this.#failure = reason;
    this.#options.onFailure?.(reason);
  }

  /**
   * A connection that was recorded ended with such words of ffmpeg. Gives whether the disk is to
   * blame: then nothing is recorded until it takes files again.
   */
  async isDiskToBlame(words: string): Promise<boolean> {
    return this.#failure === null && (await this.#disk.isToBlame(words));
  }

  /** Removes everything. */
  async close(): Promise<void> {
    clearInterval(this.#check);
    this.#connection = null;
    await this.#work;
    await this.#disk.close();
  }

  get #largest(): number {
    return this.#segments.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  }

  #suspend(failure: ErrorReport): void {
    this.#options.onFailure?.(failure);
    this.#later(() => this.#forgetMissing());
  }

  #resume(): void {
    this.#options.onFailure?.(null);
    this.#reopen?.({
      reason: {
        code: 'FEED_CHANGED',
        message: 'The feed is opened again: it can be recorded again.',
        hint: 'Nothing needs to be done.',
      },
      retry: 'now',
    });
  }

  /** A folder that vanished has taken its segments with it. */
  async #forgetMissing(): Promise<void> {
    for (const segment of [...this.#segments]) {
      if ((await sizeOf(segment.path)) === 0)
        this.#segments.splice(this.#segments.indexOf(segment), 1);
    }
  }

  #growing(): Segment | null {
    const connection = this.#connection;
    if (!connection?.anchor || this.#reached <= startOf(connection) + connection.anchor.offset)
      return null;
    return segmentOf(connection, null, this.#reached);
  }

  #all(): Segment[] {
    const growing = this.#growing();
    return growing ? [...this.#segments, growing] : this.#segments;
  }

  /** One piece of work on the disk at a time. */
  #later(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(() => {});
  }

  async #trim(): Promise<void> {
    const { maxBytes, maxSeconds } = this.#options;
    const growing = this.#growing();
    this.#growingBytes = growing ? await sizeOf(growing.path) : 0;
    // Time goes on while nothing is recorded: what is too old makes room.
    const end = Math.max(this.range?.end ?? 0, this.#reached);
    for (const segment of [...this.#segments]) {
      if (this.bytes <= maxBytes && end - segment.end <= maxSeconds) break;
      if (this.#held.has(segment.path)) continue;
      this.#segments.splice(this.#segments.indexOf(segment), 1);
      await rm(segment.path, { force: true });
    }
    // A stream without keyframes has one endless segment.
    if (this.#growingBytes > maxBytes) {
      this.fail({
        code: 'OUTPUT_NOT_WRITABLE',
        message:
          'The feed is not recorded any more: it has no keyframes at which old parts could be cut off.',
        hint: 'Set the camera to send a keyframe every few seconds.',
      });
      this.#connection?.finish({ reason: this.#failure!, retry: 'now' });
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
