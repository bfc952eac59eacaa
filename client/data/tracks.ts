import { isSteering, shortNumberName } from '../../shared/explained-number.ts';
import type { FlagKind, FlagSettings } from '../../shared/flags.ts';
import type { Measure, MeasureOf, MeasureTrack, Plot } from '../../shared/measures/measure.ts';
import { MEASURES, type MeasureId } from '../../shared/measures/measures.ts';
import { PLOTS } from '../../shared/measures/plots.ts';
import type { DriveColumns, Known } from './columns.ts';
import { isKnownOf, type KnownParts } from './known-measures.ts';
import { shownUnit } from './measure-units.ts';
import type { SteeringUnit } from './steering-unit.ts';

/** What plots show that can show several things. */
export interface TrackChoice {
  /** Id of the measure, by that of the plot. */
  readonly shown: Readonly<Record<string, string>>;
  /** Letters of the panes whose methods are compared; null: there are no two. */
  readonly panes: readonly [string, string] | null;
}

/** A value that flags begin (or end) at. */
export interface Threshold {
  readonly at: number;
  readonly ends: boolean;
}

export interface TrackSeries {
  /** Id of the measure. */
  readonly column: string;
  readonly of: MeasureOf;
  readonly label: string;
  /** Name of the custom property with its colour. */
  readonly color: string;
  /** CSS pixels. */
  readonly width: number;
  readonly filled: boolean;
  readonly text: (value: number) => string;
}

export interface Track {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Share of the usual height. */
  readonly height: number;
  /** Where that is not known yet, nothing is. */
  readonly shows: Known;
  readonly series: readonly TrackSeries[];
  /** What it can show instead; null: it shows all there is. */
  readonly choice: {
    readonly label: string;
    readonly title: string;
    readonly measures: readonly { readonly id: string; readonly label: string }[];
  } | null;
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
  /** Frames where this flag measure is 0 are marked along the bottom. */
  readonly marked: string | null;
}

/** The measure of attention on the road that flags go by. */
export const FLAGGED_MEASURES = {
  share: 'onRoad',
  lift: 'lift',
} as const satisfies Record<FlagSettings['measure'], MeasureId>;

type Drawn = Measure & { readonly track: MeasureTrack };

/** What the plot of this id can show, by measure. */
export function measuresIn(plot: string, measures: readonly Measure[] = MEASURES): Measure[] {
  return measures.filter(({ track }) => track?.plot === plot);
}

/**
 * The plots of a recording or feed: those of what it has. Driven and error are there only where it was
 * recorded how the car was driven, on road only with a road, agreement only where there are two
 * methods to compare.
 */
export function tracksOf(
  known: KnownParts,
  unit: SteeringUnit,
  choice: TrackChoice,
  measures: readonly Measure[] = MEASURES,
): Track[] {
  const drawn = measures.filter(
    (measure): measure is Drawn =>
      measure.track !== undefined &&
      (measure.of !== 'pair' || choice.panes !== null) &&
      isKnownOf(known, measure),
  );
  const shared = PLOTS.map((plot) => ({
    plot,
    all: drawn.filter(({ track }) => track.plot === plot.id),
  }));
  const alone = drawn.flatMap((measure) => {
    const { plot } = measure.track;
    return typeof plot === 'string'
      ? []
      : [{ plot: { ...plot, id: measure.id, shows: 'all' } as const, all: [measure] }];
  });
  return [...shared, ...alone]
    .filter(({ all }) => all.length > 0)
    .map(({ plot, all }) => trackOf(plot, all, known, unit, choice));
}

function trackOf(
  plot: Plot,
  all: readonly Drawn[],
  { network: { number } }: KnownParts,
  unit: SteeringUnit,
  { shown, panes }: TrackChoice,
): Track {
  const chosen = all.find(({ id }) => id === shown[plot.id]) ?? all[0]!;
  const drawn =
    plot.shows === 'one'
      ? [chosen]
      : all.toSorted((one, other) => other.track.width - one.track.width);
  const isOtherNumber = !isSteering(number) && all.some(({ isAnswer }) => isAnswer);
  const { track, of } = chosen;
  const { factor, label, text, markText } = shownUnit(chosen, unit);
  const limits = (settings: FlagSettings) => track.limits?.(settings, factor) ?? null;
  return {
    id: plot.id,
    title: isOtherNumber ? capitalised(shortNumberName(number)) : plot.title,
    unit: label,
    height: plot.height ?? 1,
    shows: of === 'frame' ? 'steering' : 'attention',
    series: drawn.map((measure) => ({
      column: measure.id,
      of: measure.of,
      label:
        measure.of === 'pair'
          ? (panes ?? []).join(' · ')
          : measure.isAnswer && isOtherNumber
            ? 'answer'
            : measure.track.label,
      color: measure.track.color,
      width: measure.track.width,
      filled: measure.track.filled,
      text: shownUnit(measure, unit).text,
    })),
    choice:
      plot.shows === 'one'
        ? {
            label: plot.choice ?? plot.title,
            title: plot.explained ?? plot.choice ?? plot.title,
            measures: all.map(({ id, track: { label: name } }) => ({ id, label: name })),
          }
        : null,
    range: (columns) => rangeOf(chosen, all, factor, columns),
    marks: (bottom, top) => {
      const { between } = track;
      if (between === undefined) return [bottom, top];
      return [bottom, between === 'middle' ? (bottom + top) / 2 : between, top];
    },
    markText,
    thresholds: (settings) => {
      const at = limits(settings);
      if (!at) return [];
      const begins = { at: at.begins, ends: false };
      return at.ends === null ? [begins] : [begins, { at: at.ends, ends: true }];
    },
    limit: (settings) => {
      const at = limits(settings);
      return at && { label: at.words, text: text(at.begins) };
    },
    kinds: plot.kinds ?? [],
    marked: plot.marked ?? null,
  };
}

/** Measures of a plot that have the same scale go as far as the others do. */
function rangeOf(
  { track: { scale, lowestTop = 0 }, range: [least, most] }: Drawn,
  all: readonly Drawn[],
  factor: number,
  columns: DriveColumns,
): readonly [bottom: number, top: number] {
  const scaled = all.filter(({ track }) => track.scale === scale);
  const largest = () => niceLimit(Math.max(...scaled.map(({ id }) => columns.largest(id))));
  switch (scale) {
    case 'around-zero':
      return [-largest(), largest()];
    case 'from-zero':
      return [0, Math.max(lowestTop, largest())];
    case 'range':
      return [(least ?? 0) * factor, (most ?? 1) * factor];
    case 'range-from-zero':
      return [
        scaled.some(({ id }) => columns.least(id) < 0) ? (least ?? 0) * factor : 0,
        (most ?? 1) * factor,
      ];
  }
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The next larger round number, so that axes end on one. */
export function niceLimit(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8])
    if (largest <= step * power * 1.000001) return Number((step * power).toPrecision(2));
  return Number((10 * power).toPrecision(1));
}
