/**
 * A finished segment as ffmpeg lists it: file, first and last time in seconds of the stream's
 * clock.
 */
export interface SegmentRow {
  /** Counts the segments of a connection from 0. */
  readonly number: number;
  /** First presentation time; of the first segment ffmpeg always says 0. */
  readonly start: number;
  readonly end: number;
}

/** Reads the list that ffmpeg's segment muxer writes as CSV, in whatever pieces it comes. */
export class SegmentRows {
  readonly #row: (row: SegmentRow) => void;
  #rest = '';
  #count = 0;

  constructor(row: (row: SegmentRow) => void) {
    this.#row = row;
  }

  add(chunk: Uint8Array): void {
    const lines = (this.#rest + Buffer.from(chunk).toString('latin1')).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const [, start, end] = /,([-\d.]+),([-\d.]+)\s*$/.exec(line) ?? [];
      if (start !== undefined && end !== undefined)
        this.#row({ number: this.#count++, start: Number(start), end: Number(end) });
    }
  }
}
