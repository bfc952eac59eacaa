import type { Flag, FlagSettings } from '../../../shared/flags.ts';
import { criteriaOf, type FlagColumns } from './criteria.ts';
import { FlagRuns } from './flag-runs.ts';

export type { FlagColumns } from './criteria.ts';

/** Finds flags in rows that grow: each row is read once. */
export class FlagFinder {
  readonly #kinds: readonly FlagRuns[];
  #read = 0;

  /**
   * `degrees`: degrees at the wheel in one unit of steering (`degreesPerUnit`), null where that is
   * no angle.
   */
  constructor(settings: FlagSettings, degrees: number | null) {
    this.#kinds = criteriaOf(settings, degrees).map(
      (criterion) => new FlagRuns(criterion, settings),
    );
  }

  /**
   * All flags of the rows so far, by their start. `columns` are those of the call before, grown at
   * their end.
   *
   * A flag begins at a row beyond its kind's threshold and ends before the first one that is short
   * of it by some distance, so that a number that wavers around one value is one flag. Flags of a
   * kind that lie no more than `mergeSeconds` apart are joined; what then lasts less than
   * `minimumSeconds`, from its first frame to the frame after its last, is left out. Rows of
   * unknown numbers begin and end nothing, but more than `mergeSeconds` of them end a flag at the
   * row before them.
   */
  read(columns: FlagColumns): Flag[] {
    for (; this.#read < columns.pts.length; this.#read++)
      for (const runs of this.#kinds) runs.read(columns, this.#read);
    return this.#kinds
      .flatMap((runs) => runs.flags(columns))
      .sort((a, b) => a.startFrame - b.startFrame);
  }
}

/** The flags of rows that are all there; see `FlagFinder`. */
export function findFlags(
  columns: FlagColumns,
  settings: FlagSettings,
  degrees: number | null,
): Flag[] {
  return new FlagFinder(settings, degrees).read(columns);
}
