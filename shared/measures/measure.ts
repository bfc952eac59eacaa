import type { FlagKind, FlagSettings } from '../flags.ts';

/**
 * What there is one number of: the frame, the frame and a method (one per method, in the order of
 * the panes), or the frame and the first two methods.
 */
export type MeasureOf = 'frame' | 'method' | 'pair';

/**
 * What the numbers are in, as they are computed and as they travel. `steering` is the unit and sign
 * of the network's output. A `share` is 0…1 and is shown in per cent. A `ratio` is a plain number; a
 * `correlation` is one of −1…1. `m/s` is shown in km/h. `frame` is a part of a side of the picture.
 */
export type MeasureUnit =
  'steering' | 'share' | 'ratio' | 'correlation' | 'm/s' | 'frame' | 'count' | 'flag';

/**
 * A measure that is computed from others of the same kind (`of`), wherever it is needed. `by` gets
 * them in the order of `from`, all in one unit, NaN where one is not known; it must come out the
 * same in every unit, as a difference does.
 */
export interface Derivation {
  readonly from: readonly string[];
  readonly by: (...values: number[]) => number;
}

/**
 * One number that is known of every frame of a drive, or of a feed. Everything that carries or
 * shows it derives from this entry: the columns on the wire, frames.csv, the page's columns, its
 * plots and readouts, and the table in the documentation.
 */
export interface Measure {
  /** Its name in rows, on the wire and in the page. Never changes. */
  readonly id: string;
  readonly of: MeasureOf;
  /** Name of its column in frames.csv; null: it has none. Never changes. */
  readonly csv: string | null;
  /** As it is called beside its value. */
  readonly short: string;
  /** What it says, for the documentation; begins small, no full stop. */
  readonly meaning: string;
  /** When it is not known: null on the wire, NaN in columns, empty in files. */
  readonly unknown: string;
  readonly unit: MeasureUnit;
  /** A flag is 0 or 1. */
  readonly number: 'real' | 'integer' | 'flag';
  /** In `unit`; null: no end. */
  readonly range: readonly [least: number | null, most: number | null];
  /**
   * Where its values come from: each row has one (`rows`), all of them come once, with `opened`, or
   * they are computed from others.
   */
  readonly source: 'rows' | 'opened' | Derivation;
  /**
   * What a drive must have for it. `driven`: steering of the driver that can be held against the
   * network's; `road`: a road region. Rows have it all the same, unknown. `logged`: the drive's log,
   * or the feed's signals, have it; `asked`: somebody asked for it, because it costs time. Without
   * these two, neither rows nor files have the column.
   */
  readonly needs?: 'driven' | 'road' | 'logged' | 'asked';
  /** It is known of every row that there is. */
  readonly always?: true;
  /** It is what the network answers, and called so where that is no steering. */
  readonly isAnswer?: true;
  /** On the wire, digits beyond the millionth are cut: float32 sums are not more exact than that. */
  readonly rounded?: true;
  /** The page keeps it of every frame. */
  readonly kept?: true;
  /** Its sign says nothing to a person. */
  readonly magnitude?: true;
  /** How it is drawn over time, which needs `kept`. */
  readonly track?: MeasureTrack;
  /** It is read beside the picture, under `short`. */
  readonly readout?: true;
  /**
   * Of a method or a pair: what summary.json says of all frames, under `id`. `statistics`: from the
   * least to the largest; `mean`: that alone.
   */
  readonly summary?: 'statistics' | 'mean';
}

/** One line in a plot of the timeline. */
export interface MeasureTrack {
  /** The plot it is in: one of PLOTS, or one of its own. */
  readonly plot: string | OwnPlot;
  /** Of the line, and of the choice where a plot shows one of several. */
  readonly label: string;
  /** Name of the page's custom property with its colour. */
  readonly color: `--${string}`;
  /** CSS pixels. Wider lines lie under narrower ones. */
  readonly width: number;
  readonly filled: boolean;
  /**
   * From where to where the plot goes. `around-zero`: as far to both sides as any value goes;
   * `from-zero`: to the largest value; `range`: all of `range`; `range-from-zero`: all of it, but
   * without what is below zero while no value is.
   */
  readonly scale: 'around-zero' | 'from-zero' | 'range' | 'range-from-zero';
  /** Of `from-zero`: the top is no lower, in the unit that is shown. */
  readonly lowestTop?: number;
  /** What has a label and a line besides both ends, in the unit that is shown. */
  readonly between?: 'middle' | number;
  /**
   * Where flags begin and end by this measure, in the unit that is shown, which is `factor` times
   * `unit`; null: they do not go by it.
   */
  readonly limits?: (settings: FlagSettings, factor: number) => MeasureLimits | null;
}

export interface MeasureLimits {
  readonly words: 'flag above' | 'flag below';
  readonly begins: number;
  /** null: it is not shown. */
  readonly ends: number | null;
}

/** A plot of one measure alone. */
export interface OwnPlot {
  readonly title: string;
  /** Share of the usual height. */
  readonly height?: number;
  /** Flags whose reason is seen there. */
  readonly kinds?: readonly FlagKind[];
}

/** A plot that several measures share. */
export interface Plot extends OwnPlot {
  readonly id: string;
  /** `all` of its measures are drawn together, or one of them at a time. */
  readonly shows: 'all' | 'one';
  /** What is chosen where it shows one, in words. */
  readonly choice?: string;
  /** The same explained. */
  readonly explained?: string;
  /** Id of a flag measure: a line along the bottom marks the frames where it is 0. */
  readonly marked?: string;
}
