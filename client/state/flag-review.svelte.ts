import type { Flag, FlagKind } from '../../shared/flags.ts';
import { flagKey, neighbourFlag } from '../data/flag-words.ts';
import type { Analysis } from '../stream/analysis.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';

/**
 * How a person goes through the flags: which of them, in which order, and which one is looked at.
 */
export class FlagReview {
  /** null: all. */
  kind = $state<FlagKind | null>(null);
  order = $state<'time' | 'severity'>('time');
  #selected = $state<string | null>(null);
  readonly #analysis: Analysis;
  readonly #transport: Pick<Transport, 'playhead' | 'jump'>;

  constructor(analysis: Analysis, transport: Pick<Transport, 'playhead' | 'jump'>) {
    this.#analysis = analysis;
    this.#transport = transport;
  }

  readonly shown = $derived.by(() => {
    const flags = this.#analysis.flags.filter(
      ({ kind }) => this.kind === null || kind === this.kind,
    );
    return flags.sort(
      this.order === 'time'
        ? (a, b) => a.startFrame - b.startFrame
        : (a, b) => b.severity - a.severity || a.startFrame - b.startFrame,
    );
  });
  readonly selected = $derived.by(
    () => this.#analysis.flags.find((flag) => flagKey(flag) === this.#selected) ?? null,
  );
  readonly next = $derived.by(() =>
    neighbourFlag(this.shown, this.#transport.playhead.position, 1),
  );
  readonly previous = $derived.by(() =>
    neighbourFlag(this.shown, this.#transport.playhead.position, -1),
  );

  /** Opens a flag's card and goes to the frame to look at first. */
  look(flag: Flag | undefined): void {
    if (!flag) return;
    this.#selected = flagKey(flag);
    this.#transport.jump(flag.worstFrame);
  }
}
