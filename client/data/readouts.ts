import type { Measure, MeasureOf } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { isKnownOf, type KnownParts } from './known-measures.ts';
import { shownUnit } from './measure-units.ts';
import type { SteeringUnit } from './steering-unit.ts';

/** A measure that is read beside the picture, under its short name. */
export interface MeasureReadout {
  readonly measure: Measure;
  /** A shown value with its unit. */
  readonly text: (value: number) => string;
}

/** What is read of a recording or feed, of what it has. */
export function readoutsOf(
  known: KnownParts,
  unit: SteeringUnit,
  kind: MeasureOf,
  measures: readonly Measure[] = MEASURES,
): MeasureReadout[] {
  return measures
    .filter((measure) => measure.of === kind && measure.readout && isKnownOf(known, measure))
    .map((measure) => ({ measure, text: shownUnit(measure, unit).text }));
}
