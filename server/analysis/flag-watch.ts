import type { Flag, FlagSettings } from '../../shared/flags.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { FlagFinder } from '../attention/flags/find-flags.ts';
import { Lookout } from './lookout.ts';
import { NewFlags } from './new-flags.ts';
import type { RowSeries } from './row-series.ts';

export interface FoundFlags {
  /** All flags in the rows that are kept, by their start, with numbers of pictures. */
  readonly flags: readonly Flag[];
  /** Those of them that were not among the flags before. */
  readonly begun: readonly Flag[];
  /** In these rows nobody has looked before. */
  readonly isFirstLook: boolean;
  readonly rows: RowSeries;
}

/** Where flags go as they are found: to a viewer, a webhook, clips on disk. */
export type FlagSink = (found: FoundFlags) => void;

/** Flags are told no more often than this, ms. */
const EVERY = 200;

/**
 * Watches the flags of rows that grow at one end and may be forgotten at the other. The sink is
 * told when there are further rows, of all flags, once for however many rows came meanwhile.
 */
export class FlagWatch {
  readonly #sink: FlagSink;
  readonly #lookout = new Lookout(() => this.#look(), EVERY);
  #rows: RowSeries;
  #settings: FlagSettings;
  #finder: FlagFinder;
  #told: NewFlags;
  /** Of the rows, when they were looked at last; null: never. */
  #seen: { readonly start: number; readonly end: number } | null = null;
  #unlisten: () => void;

  /**
   * `told`: what an analysis before this one of the same has told already. Looks for the first time
   * soon, or when `look` is called.
   */
  constructor(rows: RowSeries, settings: FlagSettings, sink: FlagSink, told = new NewFlags()) {
    this.#rows = rows;
    this.#settings = settings;
    this.#sink = sink;
    this.#told = told;
    this.#finder = finderFor(rows, settings);
    this.#unlisten = this.#listen();
  }

  /** Begins anew, with other rows or other settings. */
  follow(rows: RowSeries, settings = this.#settings): void {
    this.#unlisten();
    this.#rows = rows;
    this.#settings = settings;
    this.#told = new NewFlags();
    this.#finder = finderFor(rows, settings);
    this.#seen = null;
    this.#unlisten = this.#listen();
  }

  /** Tells the sink at once, unless it knows all. */
  look(): void {
    this.#lookout.look();
  }

  close(): void {
    this.#unlisten();
    this.#lookout.close();
  }

  #listen(): () => void {
    this.#lookout.news();
    return this.#rows.changed.listen(() => this.#lookout.news());
  }

  #look(): void {
    const rows = this.#rows;
    const { start, end } = rows;
    const seen = this.#seen;
    if (seen?.start === start && seen.end === end) return;
    if (seen && seen.start !== start) this.#finder = finderFor(rows, this.#settings);
    this.#seen = { start, end };
    const flags = this.#finder.read(rows.forFlags).map((flag) => rows.named(flag));
    // One that begins with the first row may be what is left of an older one.
    const whole = start === 0 ? flags : flags.filter(({ startPts }) => startPts > rows.since);
    this.#sink({ flags, begun: this.#told.take(whole), isFirstLook: seen === null, rows });
  }
}

function finderFor({ network }: RowSeries, settings: FlagSettings): FlagFinder {
  return new FlagFinder(settings, degreesPerUnit(network.output));
}
