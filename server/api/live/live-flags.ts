import type { Flag, FlagKind, FlagSettings } from '../../../shared/flags.ts';
import { degreesPerUnit } from '../../../shared/steering.ts';
import { FlagFinder } from '../../attention/flags/find-flags.ts';
import type { LiveRows } from './live-rows.ts';

/** Flags in rows that grow at one end and are forgotten at the other. */
export class LiveFlags {
  readonly #rows: LiveRows;
  readonly #settings: FlagSettings;
  readonly #newest = new Map<FlagKind, number>();
  #finder: FlagFinder;
  #start: number;

  constructor(rows: LiveRows, settings: FlagSettings) {
    this.#rows = rows;
    this.#settings = settings;
    this.#start = rows.start;
    this.#finder = this.#newFinder();
  }

  /**
   * All flags in the rows that are kept, with numbers of pictures, and those that were not among
   * them at any call before.
   */
  read(): { readonly flags: readonly Flag[]; readonly begun: readonly Flag[] } {
    const rows = this.#rows;
    if (rows.start !== this.#start) {
      this.#start = rows.start;
      this.#finder = this.#newFinder();
    }
    const flags = this.#finder.read(rows.forFlags).map((flag) => rows.named(flag));
    // One that begins with the first row may be what is left of an older one.
    const begun = flags.filter(
      ({ kind, startPts }) =>
        startPts > (this.#newest.get(kind) ?? -Infinity) &&
        (rows.start === 0 || startPts > rows.since),
    );
    for (const { kind, startPts } of begun) this.#newest.set(kind, startPts);
    return { flags, begun };
  }

  #newFinder(): FlagFinder {
    return new FlagFinder(this.#settings, degreesPerUnit(this.#rows.network.output));
  }
}
