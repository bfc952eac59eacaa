import type { Flag, FlagKind } from '../../shared/flags.ts';

/**
 * Tells the flags of a growing analysis apart that were not there before. Flags of a kind come by
 * their start, which they keep as they grow, and have again where the analysis is made anew.
 */
export class NewFlags {
  readonly #last = new Map<FlagKind, number>();

  /** Those that were not among the flags of any call before. */
  take(flags: readonly Flag[]): readonly Flag[] {
    const found = flags.filter(({ kind, startFrame }) => startFrame > (this.#last.get(kind) ?? -1));
    for (const { kind, startFrame } of found) this.#last.set(kind, startFrame);
    return found;
  }
}
