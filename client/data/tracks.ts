import { isSteering, shortNumberName } from '../../shared/explained-number.ts';
import type { FlagKind, FlagSettings } from '../../shared/flags.ts';
import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import { AGREEMENT_MEASURES, type AgreementMeasure } from './agreement-measures.ts';
import type { DriveColumns, Known } from './columns.ts';
import { liftText, magnitudeText, percentText, steeringText } from './format.ts';
import type { SteeringUnit } from './steering-unit.ts';

export type ColumnName = 'steering' | 'driven' | 'error' | 'onRoad' | 'lift' | AgreementMeasure;

/** What the agreement's plot shows: one measure, between the panes of two letters. */
export interface ShownAgreement {
  readonly measure: AgreementMeasure;
  readonly panes: readonly [string, string];
}

/** A value that flags begin (or end) at. */
export interface Threshold {
  readonly at: number;
  readonly ends: boolean;
}

export interface TrackSeries {
  readonly column: ColumnName;
  readonly label: string;
  /** Name of the custom property with its colour. */
  readonly color: string;
  /** CSS pixels. Driven and wanted differ in width too, not in colour alone. */
  readonly width: number;
  readonly filled: boolean;
  readonly text: (value: number) => string;
}

export interface Track {
  readonly id: 'steering' | 'error' | 'on-road' | 'agreement';
  readonly title: string;
  readonly unit: string;
  /** Where that is not known yet, nothing is. */
  readonly shows: Known;
  readonly series: readonly TrackSeries[];
  /**
   * Values at the bottom and the top; grows with the data, never with what is visible, so that the
   * scale keeps still.
   */
  readonly range: (columns: DriveColumns) => readonly [bottom: number, top: number];
  /** The few values that have a label and a line. */
  readonly marks: (bottom: number, top: number) => number[];
  readonly markText: (value: number) => string;
  readonly thresholds: (settings: FlagSettings) => readonly Threshold[];
  /** When it is flagged, as far as this plot shows it; null: it is not. */
  readonly limit: (
    settings: FlagSettings,
  ) => { readonly label: string; readonly text: string } | null;
  /** Flags whose reason is seen here. */
  readonly kinds: readonly FlagKind[];
  /** Marks the frames whose strongest pixel is off the road. */
  readonly hasPeaks: boolean;
}

/**
 * The plots of a recording: driven and error only where it was recorded how the car was driven, on
 * road only with a road, agreement only where there are two methods to compare.
 */
export function tracksOf(
  { recording, road, network: { number } }: OpenedMessage,
  unit: SteeringUnit,
  attention: FlagSettings['measure'],
  agreement: ShownAgreement | null,
): Track[] {
  const label = unit.label || 'plain';
  // A bin's probability, or a number that nobody named, cannot be held against what was driven.
  const isCompared = recording.hasLog && isSteering(number);
  const wanted: TrackSeries = {
    column: 'steering',
    label: isSteering(number) ? 'wanted' : 'answer',
    color: '--wanted',
    width: 1.5,
    filled: false,
    text: (value) => steeringText(value, unit),
  };
  const driven: TrackSeries = {
    column: 'driven',
    label: 'driven',
    color: '--driven',
    width: 3,
    filled: false,
    text: (value) => steeringText(value, unit),
  };
  const markText = (value: number) => compact(value, unit);
  const tracks: Track[] = [
    {
      id: 'steering',
      title: isSteering(number) ? 'Steering' : capitalised(shortNumberName(number)),
      unit: label,
      shows: 'steering',
      series: isCompared ? [driven, wanted] : [wanted],
      range: ({ largestSteering }) => [-niceLimit(largestSteering), niceLimit(largestSteering)],
      marks: (bottom, top) => [bottom, 0, top],
      markText,
      thresholds: () => [],
      limit: () => null,
      kinds: ['off-road', 'steers-wrong', 'dead'],
      hasPeaks: false,
    },
  ];
  if (isCompared) {
    tracks.push({
      id: 'error',
      title: 'Error',
      unit: label,
      shows: 'steering',
      series: [
        {
          column: 'error',
          label: 'error',
          color: '--error',
          width: 1.5,
          filled: true,
          text: (value) => magnitudeText(value, unit),
        },
      ],
      range: ({ largestError }) => [0, niceLimit(largestError)],
      marks: (bottom, top) => [bottom, top],
      markText,
      thresholds: ({ errorAbove }) =>
        errorAbove === null ? [] : [{ at: errorAbove, ends: false }],
      limit: ({ errorAbove }) =>
        errorAbove === null ? null : { label: 'flag above', text: magnitudeText(errorAbove, unit) },
      kinds: ['steers-wrong', 'dead'],
      hasPeaks: false,
    });
  }
  if (road.kind !== 'none') tracks.push(attention === 'lift' ? liftTrack() : shareTrack());
  if (agreement) tracks.push(agreementTrack(agreement));
  return tracks;
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shareTrack(): Track {
  return {
    id: 'on-road',
    title: 'On road',
    unit: '%',
    shows: 'attention',
    series: [
      {
        column: 'onRoad',
        label: 'share',
        color: '--on-road',
        width: 1.75,
        filled: true,
        text: percentText,
      },
    ],
    range: () => [0, 100],
    marks: () => [0, 50, 100],
    markText: String,
    thresholds: (settings) => (settings.measure === 'share' ? roadThresholds(settings, 100) : []),
    limit: ({ measure, enterBelow }) =>
      measure === 'share' ? { label: 'flag below', text: percentText(enterBelow * 100) } : null,
    kinds: ['off-road', 'dead'],
    hasPeaks: true,
  };
}

/** A lift of 1 is what chance gives, so there is a line. */
function liftTrack(): Track {
  return {
    id: 'on-road',
    title: 'On road',
    unit: '',
    shows: 'attention',
    series: [
      {
        column: 'lift',
        label: 'lift',
        color: '--on-road',
        width: 1.75,
        filled: true,
        text: liftText,
      },
    ],
    range: ({ largestLift }) => [0, Math.max(2, niceLimit(largestLift))],
    marks: (_bottom, top) => [0, 1, top],
    markText: String,
    thresholds: (settings) => (settings.measure === 'lift' ? roadThresholds(settings, 1) : []),
    limit: ({ measure, enterBelow }) =>
      measure === 'lift' ? { label: 'flag below', text: liftText(enterBelow) } : null,
    kinds: ['off-road', 'dead'],
    hasPeaks: true,
  };
}

function roadThresholds({ enterBelow, leaveAbove }: FlagSettings, scale: number): Threshold[] {
  return [
    { at: enterBelow * scale, ends: false },
    { at: leaveAbove * scale, ends: true },
  ];
}

function agreementTrack({ measure, panes }: ShownAgreement): Track {
  const { unit, text } = AGREEMENT_MEASURES[measure];
  return {
    id: 'agreement',
    title: 'Agreement',
    unit,
    shows: 'attention',
    series: [
      {
        column: measure,
        label: panes.join(' · '),
        color: '--agreement',
        width: 1.5,
        filled: true,
        text,
      },
    ],
    range: ({ lowestAgreement }) =>
      measure === 'topOverlap' ? [0, 100] : [lowestAgreement < 0 ? -1 : 0, 1],
    marks: (bottom, top) => [bottom, (bottom + top) / 2, top],
    markText: (value) => String(value).replace('-', '−').replace(/^0\./, '.'),
    thresholds: ({ agreementBelow }) =>
      measure === 'spearman' && agreementBelow !== null
        ? [{ at: agreementBelow, ends: false }]
        : [],
    limit: ({ agreementBelow }) =>
      measure === 'spearman' && agreementBelow !== null
        ? { label: 'flag below', text: text(agreementBelow) }
        : null,
    kinds: ['disagreement', 'dead'],
    hasPeaks: false,
  };
}

/** The next larger round number, so that axes end on one. */
export function niceLimit(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8])
    if (largest <= step * power * 1.000001) return Number((step * power).toPrecision(2));
  return Number((10 * power).toPrecision(1));
}

function compact(value: number, { label }: SteeringUnit): string {
  if (value === 0) return '0';
  const text = String(Number(Math.abs(value).toPrecision(2)));
  const number = text.replace(/^0\./, '.');
  return `${value < 0 ? '−' : ''}${number}${label === '°' ? '°' : ''}`;
}
