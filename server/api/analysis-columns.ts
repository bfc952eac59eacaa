import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';

/** Numbers of one analysed frame; NaN where one is not known. */
export interface ColumnsRow {
  readonly pts: number;
  readonly steering: number;
  readonly driven: number;
  readonly onRoad: number;
}

/** Per-frame numbers of a growing analysis, row number = frame number. */
export class GrowingColumns {
  #length = 0;
  #pts = new Float64Array(1024);
  #steering = new Float64Array(1024);
  #driven = new Float64Array(1024);
  #onRoad = new Float64Array(1024);

  get length(): number {
    return this.#length;
  }

  /** Views of the rows so far; they do not grow. */
  get pts(): Float64Array {
    return this.#pts.subarray(0, this.#length);
  }

  get onRoad(): Float64Array {
    return this.#onRoad.subarray(0, this.#length);
  }

  push({ pts, steering, driven, onRoad }: ColumnsRow): void {
    if (this.#length === this.#pts.length) {
      this.#pts = doubled(this.#pts);
      this.#steering = doubled(this.#steering);
      this.#driven = doubled(this.#driven);
      this.#onRoad = doubled(this.#onRoad);
    }
    this.#pts[this.#length] = pts;
    this.#steering[this.#length] = steering;
    this.#driven[this.#length] = driven;
    this.#onRoad[this.#length] = onRoad;
    this.#length += 1;
  }

  /** Rows `from` (included) to `to` (excluded) as they travel. */
  slice(from: number, to: number): AnalysisColumns {
    return {
      frame: Array.from({ length: to - from }, (_, index) => from + index),
      pts: [...this.#pts.subarray(from, to)],
      steering: orNull(this.#steering.subarray(from, to)),
      driven: orNull(this.#driven.subarray(from, to)),
      onRoad: orNull(this.#onRoad.subarray(from, to)),
    };
  }
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(values.length * 2);
  longer.set(values);
  return longer;
}

function orNull(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}
