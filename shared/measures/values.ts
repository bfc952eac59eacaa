import type { Measure, MeasureOf } from './measure.ts';
import type { LoggedMeasureId, RowMeasureId } from './measures.ts';

/** Where one method's attention lies on a frame; MEASURES says what the numbers are. */
export type AttentionScore = { readonly [id in RowMeasureId<'method'>]: number | null } & {
  readonly mass: number;
};

/** How much two methods agree on a frame; MEASURES says what the numbers are. */
export type Agreement = { readonly [id in RowMeasureId<'pair'>]: number | null };

/** Numbers of a frame that do not depend on methods; NaN where one is not known. */
export type FrameValues = { readonly [id in RowMeasureId<'frame'>]: number } & {
  readonly [id in LoggedMeasureId]?: number;
};

/** All numbers of one frame. */
export interface MeasuredFrame extends FrameValues {
  /** One per method. */
  readonly scores: readonly AttentionScore[];
  /** Between the first two methods. */
  readonly agreement: Agreement | null;
}

/** A value of a measured frame; of a method, by its position. NaN where it is not known. */
export function valueOf(measure: Measure, frame: MeasuredFrame, method = 0): number {
  const values = valuesOf(measure.of, frame, method);
  const { source, id } = measure;
  if (typeof source === 'string') return values[id] ?? NaN;
  return source.by(...source.from.map((other) => values[other] ?? NaN));
}

type Values = Readonly<Record<string, number | null | undefined>>;

function valuesOf(of: MeasureOf, frame: MeasuredFrame, method: number): Values {
  if (of === 'frame') return frame as unknown as Values;
  return (of === 'method' ? frame.scores[method] : frame.agreement) ?? {};
}

/** The measures of rows by some methods, where of what can be logged only some is. */
export function rowMeasures(
  measures: readonly Measure[],
  methods: number,
  logged: readonly string[],
): Measure[] {
  return measures.filter(
    ({ id, of, source, needs }) =>
      source !== 'opened' &&
      (of !== 'pair' || methods > 1) &&
      (needs !== 'logged' || logged.includes(id)),
  );
}
