import type { Measure, MeasureOf } from './measure.ts';
import type { AskedMeasureId, LoggedMeasureId, RowMeasureId } from './measures.ts';

/** Where one method's attention lies on a frame; MEASURES says what the numbers are. */
export type AttentionScore = { readonly [id in RowMeasureId<'method'>]: number | null } & {
  readonly mass: number;
};

/** How much two methods agree on a frame; MEASURES says what the numbers are. */
export type Agreement = { readonly [id in RowMeasureId<'pair'>]: number | null };

/** Numbers of a frame that do not depend on methods; NaN where one is not known. */
export type FrameValues = { readonly [id in RowMeasureId<'frame'>]: number } & {
  readonly [id in LoggedMeasureId]?: number;
} & { readonly [id in AskedMeasureId]?: number | null };

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

/** Rows may come without it. */
export function isOptional({ needs }: Pick<Measure, 'needs'>): boolean {
  return needs === 'logged' || needs === 'asked';
}

/** The measures of rows by some methods, where of what is optional only `there` is. */
export function rowMeasures(
  measures: readonly Measure[],
  methods: number,
  there: readonly string[],
): Measure[] {
  return measures.filter(
    (measure) =>
      measure.source !== 'opened' &&
      (measure.of !== 'pair' || methods > 1) &&
      (!isOptional(measure) || there.includes(measure.id)),
  );
}
