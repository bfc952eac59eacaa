import type { Measure, MeasureOf, MeasureUnit } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { liftText, magnitudeText, percentText, steeringText } from './format.ts';
import type { SteeringUnit } from './steering-unit.ts';

/** How a measure's values are shown. */
export interface ShownUnit {
  /** Shown value = value on the wire × factor. */
  readonly factor: number;
  /** Beside a plot's title; `plain` for a number without a unit that steers. */
  readonly label: string;
  /** A shown value with its unit; `–` for NaN. */
  readonly text: (value: number) => string;
  /** The same where space is short and the unit is known. */
  readonly markText: (value: number) => string;
}

/** Shown value = value on the wire × factor; `steering`: the factor of what the network answers. */
export function shownFactor(unit: MeasureUnit, steering: number): number {
  switch (unit) {
    case 'steering':
      return steering;
    case 'share':
      return 100;
    case 'm/s':
      return 3.6;
    default:
      return 1;
  }
}

/**
 * The numbers of rows of this kind, as they came, as they are shown; NaN where one is not known.
 */
export function shownNumbers(
  kind: MeasureOf,
  sent: object,
  steering: number,
  measures: readonly Measure[] = MEASURES,
): Record<string, number> {
  const values = sent as Readonly<Record<string, number | null | undefined>>;
  const shown: Record<string, number> = {};
  for (const { id, of, source, unit } of measures)
    if (of === kind && source === 'rows')
      shown[id] = (values[id] ?? NaN) * shownFactor(unit, steering);
  return shown;
}

export function shownUnit(
  { unit, magnitude }: Pick<Measure, 'unit' | 'magnitude'>,
  steering: SteeringUnit,
): ShownUnit {
  const factor = shownFactor(unit, steering.factor);
  switch (unit) {
    case 'steering':
      return {
        factor,
        label: steering.label || 'plain',
        text: (value) => (magnitude ? magnitudeText : steeringText)(value, steering),
        markText: (value) => compact(value, steering),
      };
    case 'share':
      return { factor, label: '%', text: percentText, markText: String };
    case 'm/s':
      return { factor, label: 'km/h', text: speedText, markText: String };
    case 'correlation':
      return { factor, label: '', text: numberText, markText: shortText };
    case 'count':
    case 'flag':
      return { factor, label: '', text: wholeText, markText: String };
    case 'ratio':
    case 'frame':
      return { factor, label: '', text: liftText, markText: String };
  }
}

function numberText(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(2).replace('-', '−');
}

function wholeText(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(0).replace('-', '−');
}

function speedText(value: number): string {
  return Number.isNaN(value) ? '–' : `${wholeText(value)} km/h`;
}

function shortText(value: number): string {
  return String(value).replace('-', '−').replace(/^0\./, '.');
}

function compact(value: number, { label }: SteeringUnit): string {
  if (value === 0) return '0';
  const text = String(Number(Math.abs(value).toPrecision(2)));
  const number = text.replace(/^0\./, '.');
  return `${value < 0 ? '−' : ''}${number}${label === '°' ? '°' : ''}`;
}
