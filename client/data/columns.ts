import { nearest } from '../../shared/ascending.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { columnOf } from '../../shared/protocol/columns.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';
import type { Column } from '../../shared/protocol/opened-parts.ts';
import { shownFactor } from './measure-units.ts';

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

interface KeptColumn {
  readonly measure: Measure;
  /** Shown value per value on the wire. */
  readonly factor: number;
  values: Float32Array | Float64Array;
  /** Of the values so far, and 0. */
  least: number;
  most: number;
}

/**
 * The numbers of one drive, one entry per frame; memory for all frames is there from the start, and
 * analysed rows are written into it. NaN where there is no value. Of methods there are the numbers
 * of the first one.
 */
export class DriveColumns {
  /** Seconds since the first frame, ascending. */
  time: Float64Array;
  /** pts of the first frame: `time` + `origin` is the file's presentation time. */
  origin = 0;
  /** By row: 0, or the highest `KNOWN`. */
  protected known: Uint8Array;
  readonly #factor: number;
  readonly #columns: ReadonlyMap<string, KeptColumn>;

  /**
   * `factor`: display unit per unit of steering on the wire. `whole`: values of all frames, as they
   * came with `opened`, by the measure's id.
   */
  constructor(
    pts: readonly number[],
    factor: number,
    whole: Readonly<Record<string, Column>> = {},
    measures: readonly Measure[] = MEASURES,
  ) {
    this.#factor = factor;
    this.time = new Float64Array(pts.length);
    this.#columns = new Map(
      measures
        .filter(({ kept }) => kept)
        .map((measure) => [
          measure.id,
          {
            measure,
            factor: shownFactor(measure.unit, factor),
            values: empty(measure, pts.length),
            least: 0,
            most: 0,
          },
        ]),
    );
    for (const [id, values] of Object.entries(whole))
      for (let row = 0; row < Math.min(values.length, pts.length); row++)
        this.#put(this.#column(id), row, values[row] ?? NaN);
    this.known = new Uint8Array(pts.length);
    this.setIndex(pts);
  }

  /** The shown values of a measure that is kept. */
  of(id: string): Float32Array | Float64Array {
    return this.#column(id).values;
  }

  /** The largest size of the shown values so far; 0 before the first. */
  largest(id: string): number {
    const { least, most } = this.#column(id);
    return Math.max(-least, most);
  }

  /** The lowest shown value so far; 0 where none is negative. */
  least(id: string): number {
    return this.#column(id).least;
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
      for (const column of this.#columns.values()) {
        const { values } = column;
        column.values = empty(column.measure, pts.length);
        column.values.set(values.subarray(0, pts.length));
      }
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
    for (const column of this.#columns.values())
      column.values = roomy(column.values, length).fill(NaN, first);
    this.known = roomy(this.known, length).fill(0, first);
  }

  /** Forgets the first rows. */
  protected forget(rows: number): void {
    const length = this.frames - rows;
    this.time = this.time.copyWithin(0, rows).subarray(0, length);
    for (const column of this.#columns.values())
      column.values = column.values.copyWithin(0, rows).subarray(0, length);
    this.known = this.known.copyWithin(0, rows).subarray(0, length);
  }

  append(columns: AnalysisColumns): void {
    const rows = columns.frame;
    for (const column of this.#columns.values()) {
      const sent = columnOf(columns, column.measure);
      if (!sent) continue;
      for (let i = 0; i < rows.length; i++) this.#put(column, rows[i] as number, sent[i] ?? NaN);
    }
    for (const column of this.#columns.values()) this.#derive(column, columns);
    for (const row of rows) if (row < this.frames) this.known[row] = KNOWN.attention;
  }

  /** What a value of steering on the wire is shown as; NaN for null. */
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
    for (const column of this.#columns.values()) {
      const { id, of, source } = column.measure;
      const other = before.#columns.get(id);
      if (!other || of !== 'frame' || source === 'opened') continue;
      column.values.set(other.values.subarray(0, rows));
      column.least = other.least;
      column.most = other.most;
    }
    this.known.set(before.known.subarray(0, rows).map((known) => Math.min(known, KNOWN.steering)));
  }

  /** The frame whose time is nearest; 0 for an empty drive. */
  nearest(time: number): number {
    return nearest(this.time, time);
  }

  #derive(column: KeptColumn, columns: AnalysisColumns): void {
    const { source, of, magnitude } = column.measure;
    if (typeof source === 'string') return;
    const { from, by } = source;
    const sent = from.map((id) => ({
      values: columnOf(columns, { id, of }),
      factor: this.#columns.get(id)?.factor ?? 1,
    }));
    for (let i = 0; i < columns.frame.length; i++) {
      const shown = by(...sent.map(({ values, factor }) => (values?.[i] ?? NaN) * factor));
      this.#write(column, columns.frame[i] as number, magnitude ? Math.abs(shown) : shown);
    }
  }

  #put(column: KeptColumn, row: number, value: number): void {
    this.#write(column, row, value * column.factor);
  }

  #write(column: KeptColumn, row: number, shown: number): void {
    if (row >= this.frames) return;
    column.values[row] = shown;
    if (shown < column.least) column.least = shown;
    else if (shown > column.most) column.most = shown;
  }

  #column(id: string): KeptColumn {
    const column = this.#columns.get(id);
    if (!column) throw new Error(`No column is kept of ${id}.`);
    return column;
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

/** Whole numbers can be larger than float32 has them. */
function empty({ number }: Measure, length: number): Float32Array | Float64Array {
  const values = number === 'integer' ? new Float64Array(length) : new Float32Array(length);
  return values.fill(NaN);
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
