import { percentText, magnitudeText, steeringText } from '../panels/format.ts';
import type { SteeringUnit } from '../stream/steering-unit.ts';
import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import { AGREEMENT_MEASURES, type AgreementMeasure } from './agreement-measures.ts';
import type { DriveColumns } from './columns.ts';

export type ColumnName = 'steering' | 'driven' | 'error' | 'onRoad' | AgreementMeasure;

/** What the agreement's plot shows: one measure, between the panes of two letters. */
export interface ShownAgreement {
  readonly measure: AgreementMeasure;
  readonly panes: readonly [string, string];
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
  readonly series: readonly TrackSeries[];
  /** Values at the bottom and the top; grows with the data, never with what is visible, so that the scale keeps still. */
  readonly range: (columns: DriveColumns) => readonly [bottom: number, top: number];
  /** The few values that have a label and a line. */
  readonly marks: (bottom: number, top: number) => number[];
  readonly markText: (value: number) => string;
  readonly hasThreshold: boolean;
}

/**
 * The plots of a recording: driven and error only where it was recorded how the car was driven, on road only with a road, agreement only
 * where there are two methods to compare.
 */
export function tracksOf({ recording, road }: OpenedMessage, unit: SteeringUnit, agreement: ShownAgreement | null): Track[] {
  const label = unit.label || 'plain';
  const wanted: TrackSeries = { column: 'steering', label: 'wanted', color: '--wanted', width: 1.5, filled: false, text: (value) => steeringText(value, unit) };
  const driven: TrackSeries = { column: 'driven', label: 'driven', color: '--driven', width: 3, filled: false, text: (value) => steeringText(value, unit) };
  const markText = (value: number) => compact(value, unit);
  const tracks: Track[] = [
    {
      id: 'steering',
      title: 'Steering',
      unit: label,
      series: recording.hasLog ? [driven, wanted] : [wanted],
      range: ({ largestSteering }) => [-niceLimit(largestSteering), niceLimit(largestSteering)],
      marks: (bottom, top) => [bottom, 0, top],
      markText,
      hasThreshold: false,
    },
  ];
  if (recording.hasLog) {
    tracks.push({
      id: 'error',
      title: 'Error',
      unit: label,
      series: [{ column: 'error', label: 'error', color: '--error', width: 1.5, filled: true, text: (value) => magnitudeText(value, unit) }],
      range: ({ largestError }) => [0, niceLimit(largestError)],
      marks: (bottom, top) => [bottom, top],
      markText,
      hasThreshold: false,
    });
  }
  if (road.kind !== 'none') {
    tracks.push({
      id: 'on-road',
      title: 'On road',
      unit: '%',
      series: [{ column: 'onRoad', label: 'on road', color: '--on-road', width: 1.75, filled: true, text: percentText }],
      range: () => [0, 100],
      marks: () => [0, 50, 100],
      markText: String,
      hasThreshold: true,
    });
  }
  if (agreement) tracks.push(agreementTrack(agreement));
  return tracks;
}

function agreementTrack({ measure, panes }: ShownAgreement): Track {
  const { unit, text } = AGREEMENT_MEASURES[measure];
  return {
    id: 'agreement',
    title: 'Agreement',
    unit,
    series: [{ column: measure, label: panes.join(' · '), color: '--agreement', width: 1.5, filled: true, text }],
    range: ({ lowestAgreement }) => (measure === 'topOverlap' ? [0, 100] : [lowestAgreement < 0 ? -1 : 0, 1]),
    marks: (bottom, top) => [bottom, (bottom + top) / 2, top],
    markText: (value) => String(value).replace('-', '−').replace(/^0\./, '.'),
    hasThreshold: false,
  };
}

/** The next larger round number, so that axes end on one. */
export function niceLimit(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8]) if (largest <= step * power * 1.000001) return Number((step * power).toPrecision(2));
  return Number((10 * power).toPrecision(1));
}

function compact(value: number, { label }: SteeringUnit): string {
  if (value === 0) return '0';
  const text = String(Number(Math.abs(value).toPrecision(2)));
  const number = text.replace(/^0\./, '.');
  return `${value < 0 ? '−' : ''}${number}${label === '°' ? '°' : ''}`;
}
