import { nearest } from '../../shared/ascending.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';

/** A run of frames, both ends included. */
export interface FrameRun {
  readonly first: number;
  readonly last: number;
}

/**
 * What is known of a frame: steering is the same whatever the methods are, and there with the
 * attention at the latest.
 */
export type Known = 'steering' | 'attention';
const KNOWN = { steering: 1, attention: 2 } as const satisfies Record<Known, number>;

const COLUMNS = [
  'steering',
  'driven',
  'error',
  'onRoad',
  'lift',
  'peakOnRoad',
  'spearman',
  'ssim',
  'topOverlap',
  'cause',
] as const;

/**
 * The numbers of one drive, one entry per frame; memory for all frames is there from the start, and
 * analysed rows are written into it. NaN where there is no value.
 */
export class DriveColumns {
  /** Seconds since the first frame, ascending. */
  time: Float64Array;
  /** pts of the first frame: `time` + `origin` is the file's presentation time. */
  origin = 0;
  /** In the display unit. */
  steering: Float32Array;
  driven: Float32Array;
  /** |steering − driven|. */
  error: Float32Array;
  /** By the first method, per cent. */
  onRoad: Float32Array;
  lift: Float32Array;
  /** 1 where the peak is on the road, else 0. */
  peakOnRoad: Float32Array;
  /** Agreement of the first two methods; overlap in per cent. */
  spearman: Float32Array;
  ssim: Float32Array;
  topOverlap: Float32Array;
  /**
   * Causal truth: how much further it steered because of what was drawn to mislead; all NaN where
   * nobody knows.
   */
  cause: Float32Array;
  /** Largest |steering|, |driven| and error so far; 0 before the first. */
  largestSteering = 0;
  largestError = 0;
  largestLift = 0;
  /** Lowest rank correlation or structural similarity so far; 0 where none is negative. */
  lowestAgreement = 0;
  /** By row: 0, or the highest `KNOWN`. */
  protected known: Uint8Array;
  readonly #factor: number;

  /** `factor`: display unit per unit on the wire, in which `cause` is. */
  constructor(pts: readonly number[], factor: number, cause: readonly (number | null)[] = []) {
    this.#factor = factor;
    this.time = new Float64Array(pts.length);
    this.steering = empty(pts.length);
    this.driven = empty(pts.length);
    this.error = empty(pts.length);
    this.onRoad = empty(pts.length);
    this.lift = empty(pts.length);
    this.peakOnRoad = empty(pts.length);
    this.spearman = empty(pts.length);
    this.ssim = empty(pts.length);
    this.topOverlap = empty(pts.length);
    this.cause = empty(pts.length);
    this.cause.set(cause.slice(0, pts.length).map((change) => this.toDisplay(change)));
    this.known = new Uint8Array(pts.length);
    this.setIndex(pts);
  }

  get frames(): number {
    return this.time.length;
  }

  /** Time of the last frame, seconds since the first. */
  get end(): number {
    return this.time.at(-1) ?? 0;
  }

  /** Time of the first frame: 0, unless older ones were forgotten. */
  get start(): number {
    return this.time[0] ?? 0;
  }

  /** Exact timestamps, which can also be more or fewer than the container promised. */
  setIndex(pts: readonly number[]): void {
    if (pts.length !== this.time.length) {
      this.time = new Float64Array(pts.length);
      for (const name of COLUMNS) this[name] = resized(this[name], pts.length);
      const known = new Uint8Array(pts.length);
      known.set(this.known.subarray(0, pts.length));
      this.known = known;
    }
    this.origin = pts[0] ?? 0;
    for (let i = 0; i < pts.length; i++) this.time[i] = (pts[i] as number) - this.origin;
  }

  /** Number of the picture in a row, as a person counts them. */
  numberOf(row: number): number {
    return row;
  }

  /** Adds rows without values at the end. */
  protected grow(times: ArrayLike<number>): void {
    const first = this.frames;
    const length = first + times.length;
    this.time = roomy(this.time, length);
    this.time.set(times, first);
    for (const name of COLUMNS) this[name] = roomy(this[name], length).fill(NaN, first);
    this.known = roomy(this.known, length).fill(0, first);
  }

  /** Forgets the first rows. */
  protected forget(rows: number): void {
    const length = this.frames - rows;
    this.time = this.time.copyWithin(0, rows).subarray(0, length);
    for (const name of COLUMNS) this[name] = this[name].copyWithin(0, rows).subarray(0, length);
    this.known = this.known.copyWithin(0, rows).subarray(0, length);
  }

  append(columns: AnalysisColumns): void {
    const { agreement } = columns;
    const score = columns.scores[0];
    for (let i = 0; i < columns.frame.length; i++) {
      const frame = columns.frame[i] as number;
      if (frame >= this.frames) continue;
      const steering = this.toDisplay(columns.steering[i] ?? null);
      const driven = this.toDisplay(columns.driven[i] ?? null);
      const error = Math.abs(steering - driven);
      this.steering[frame] = steering;
      this.driven[frame] = driven;
      this.error[frame] = error;
      const lift = score?.lift[i] ?? NaN;
      this.onRoad[frame] = (score?.onRoad[i] ?? NaN) * 100;
      this.lift[frame] = lift;
      this.peakOnRoad[frame] = score?.peakOnRoad[i] ?? NaN;
      const spearman = agreement?.spearman[i] ?? NaN;
      const ssim = agreement?.ssim[i] ?? NaN;
      this.spearman[frame] = spearman;
      this.ssim[frame] = ssim;
      this.topOverlap[frame] = (agreement?.topOverlap[i] ?? NaN) * 100;
      this.lowestAgreement = Math.min(this.lowestAgreement, spearman || 0, ssim || 0);
      this.known[frame] = KNOWN.attention;
      this.largestSteering = Math.max(
        this.largestSteering,
        Math.abs(steering) || 0,
        Math.abs(driven) || 0,
      );
      this.largestError = Math.max(this.largestError, error || 0);
      this.largestLift = Math.max(this.largestLift, lift || 0);
    }
  }

  toDisplay(value: number | null): number {
    return value === null ? NaN : value * this.#factor;
  }

  /** Frames of which this is not known yet. */
  missing(what: Known): FrameRun[] {
    return runsOf(this, (frame) => (this.known[frame] as number) < KNOWN[what]);
  }

  /** Takes what does not depend on the methods from the same rows, analysed by others. */
  keepSteering(before: DriveColumns): void {
    const rows = Math.min(this.frames, before.frames);
    for (const name of ['steering', 'driven', 'error'] as const)
      this[name].set(before[name].subarray(0, rows));
    this.known.set(before.known.subarray(0, rows).map((known) => Math.min(known, KNOWN.steering)));
    this.largestSteering = before.largestSteering;
    this.largestError = before.largestError;
  }

  /** The frame whose time is nearest; 0 for an empty drive. */
  nearest(time: number): number {
    return nearest(this.time, time);
  }
}

/** Neighbouring frames of which something is true. */
export function runsOf({ frames }: DriveColumns, isTrue: (frame: number) => boolean): FrameRun[] {
  const runs: FrameRun[] = [];
  let first = -1;
  for (let frame = 0; frame <= frames; frame++) {
    const holds = frame < frames && isTrue(frame);
    if (holds && first < 0) first = frame;
    if (!holds && first >= 0) {
      runs.push({ first, last: frame - 1 });
      first = -1;
    }
  }
  return runs;
}

/** A frame lasts until the next one begins. */
export function endOfFrame(columns: DriveColumns, frame: number): number {
  return columns.time[frame + 1] ?? columns.end;
}

function empty(length: number): Float32Array {
  return new Float32Array(length).fill(NaN);
}

function resized(column: Float32Array, length: number): Float32Array {
  const copy = empty(length);
  copy.set(column.subarray(0, length));
  return copy;
}

/** With room for more in its buffer, so that growing by a few rows copies nothing. */
function roomy<T extends Float64Array | Float32Array | Uint8Array>(column: T, length: number): T {
  const Kind = column.constructor as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => T;
  const { buffer, BYTES_PER_ELEMENT } = column;
  if (buffer.byteLength >= length * BYTES_PER_ELEMENT) return new Kind(buffer, 0, length);
  const copy = new Kind(new ArrayBuffer(Math.ceil(length * 1.5) * BYTES_PER_ELEMENT), 0, length);
  copy.set(column);
  return copy;
}
