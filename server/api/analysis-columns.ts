import { isEmptyWhereDead } from '../../shared/explanations.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';
import type { Agreement, AttentionScore } from '../../shared/protocol/frame-message.ts';
import type { FlagColumns } from '../attention/flags/find-flags.ts';
import type { FrameExplanation } from '../pipeline/frame-explainer.ts';

/** Numbers of one analysed frame; `driven` is NaN where it is not known. */
export interface ColumnsRow extends Pick<FrameExplanation, 'steering' | 'scores' | 'agreement'> {
  readonly pts: number;
  readonly driven: number;
}

const SCORE_FIELDS = [
  'mass',
  'onRoad',
  'lift',
  'peakOnRoad',
  'offRoadX',
  'offRoadY',
] as const satisfies readonly (keyof AttentionScore)[];
const AGREEMENT_FIELDS = [
  'spearman',
  'ssim',
  'topOverlap',
] as const satisfies readonly (keyof Agreement)[];

/** Columns before those of the methods: pts, steering, driven. */
const FIRST_SCORE = 3;

/**
 * Per-frame numbers of a growing analysis by some methods, row number = frame number. NaN stands
 * for what is not known.
 */
export class GrowingColumns {
  readonly #methods: number;
  readonly #emptyIsDead: boolean;
  readonly #columns: Float64Array<ArrayBuffer>[];
  #length = 0;

  /** `methods`: by their names. */
  constructor(methods: readonly string[]) {
    this.#methods = methods.length;
    this.#emptyIsDead = isEmptyWhereDead(methods[0]!);
    const count =
      FIRST_SCORE +
      methods.length * SCORE_FIELDS.length +
      (methods.length > 1 ? AGREEMENT_FIELDS.length : 0);
    this.#columns = Array.from({ length: count }, () => new Float64Array(1024));
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.byteLength, 0);
  }

  /** Views of the rows so far; they do not grow. */
  get pts(): Float64Array {
    return this.#columns[0]!.subarray(0, this.#length);
  }

  get steering(): Float64Array {
    return this.#columns[1]!.subarray(0, this.#length);
  }

  /** Views like `pts`. */
  get forFlags(): FlagColumns {
    const column = (index: number) => this.#columns[index]!.subarray(0, this.#length);
    const score = (field: keyof AttentionScore) =>
      column(FIRST_SCORE + SCORE_FIELDS.indexOf(field));
    const agreement = FIRST_SCORE + this.#methods * SCORE_FIELDS.length;
    return {
      pts: this.pts,
      steering: this.steering,
      driven: column(2),
      share: score('onRoad'),
      lift: score('lift'),
      mass: this.#emptyIsDead ? score('mass') : null,
      spearman: this.#methods > 1 ? column(agreement + AGREEMENT_FIELDS.indexOf('spearman')) : null,
    };
  }

  push({ pts, steering, driven, scores, agreement }: ColumnsRow): void {
    const columns = this.#columns;
    if (this.#length === columns[0]!.length)
      columns.forEach((column, index) => {
        columns[index] = doubled(column);
      });
    let next = 0;
    const put = (value: number | null): void => {
      columns[next++]![this.#length] = value ?? NaN;
    };
    for (const value of [pts, steering, driven]) put(value);
    for (const score of scores) for (const field of SCORE_FIELDS) put(score[field]);
    if (this.#methods > 1) for (const field of AGREEMENT_FIELDS) put(agreement?.[field] ?? null);
    this.#length++;
  }

  /** Drops so many of the first rows. Views from before show other rows then. */
  forget(rows: number): void {
    for (const column of this.#columns) column.copyWithin(0, rows, this.#length);
    this.#length -= rows;
  }

  /** Rows `from` (included) to `to` (excluded) as they travel. */
  slice(from: number, to: number): AnalysisColumns {
    const part = (index: number) => this.#columns[index]!.subarray(from, to);
    const named = <Field extends string>(fields: readonly Field[], first: number) =>
      Object.fromEntries(
        fields.map((field, index) => [field, rounded(part(first + index))]),
      ) as Record<Field, (number | null)[]>;
    const scoreAt = (method: number) => FIRST_SCORE + method * SCORE_FIELDS.length;
    return {
      frame: Array.from({ length: to - from }, (_, index) => from + index),
      pts: [...part(0)],
      steering: orNull(part(1)),
      driven: orNull(part(2)),
      scores: Array.from({ length: this.#methods }, (_, method) =>
        named(SCORE_FIELDS, scoreAt(method)),
      ),
      agreement: this.#methods > 1 ? named(AGREEMENT_FIELDS, scoreAt(this.#methods)) : null,
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

/**
 * To a millionth, which is as exact as float32 sums are: half of the digits, half of the message.
 */
function rounded(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) =>
    Number.isNaN(value) ? null : Math.round(value * 1e6) / 1e6,
  );
}
