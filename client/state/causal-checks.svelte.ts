import type { CausalCheck, Flag, FlagKind } from '../../shared/flags.ts';
import { canBeChecked, flagKey } from '../data/flag-words.ts';
import type { Analysis } from '../stream/analysis.svelte.ts';
import type { Request, Requests } from '../stream/requests.ts';

/** How far the question is whether the network would have steered otherwise. */
export type CheckRun =
  /** The server runs one at a time. */
  | { readonly phase: 'queued' }
  /** Frames. */
  | { readonly phase: 'running'; readonly done: number; readonly total: number }
  | { readonly phase: 'done'; readonly check: CausalCheck }
  | { readonly phase: 'failed'; readonly message: string };

/** Asks for causal checks and keeps what they found as long as their flags exist. */
export class CausalChecks {
  /** By `flagKey`; a flag that is not here has not been asked about. */
  runs = $state.raw<ReadonlyMap<string, CheckRun>>(new Map());
  readonly #requests: Requests;
  readonly #asked = new Map<string, Request>();

  /** Checks that wait or run. */
  readonly left = $derived(
    [...this.runs.values()].filter(({ phase }) => phase === 'queued' || phase === 'running').length,
  );

  constructor(requests: Requests, analysis: Analysis) {
    this.#requests = requests;
    analysis.flagsReplaced.on((flags) => this.#keep(flags));
  }

  of(flag: Flag): CheckRun | undefined {
    return this.runs.get(flagKey(flag));
  }

  check({ kind, startFrame }: { readonly kind: FlagKind; readonly startFrame: number }): void {
    const key = flagKey({ kind, startFrame });
    if (this.#asked.has(key)) return;
    const request: Request = {
      message: (number) => ({ type: 'verify', request: number, kind, startFrame }),
      progress: (done, total) => this.#set(key, { phase: 'running', done, total }),
      answered: (answer) => {
        if (answer.type === 'verified') this.#end(key, { phase: 'done', check: answer.check });
      },
      failed: (message) => this.#end(key, { phase: 'failed', message }),
      forgotten: () => this.#end(key, null),
    };
    this.#asked.set(key, request);
    this.#set(key, { phase: 'queued' });
    this.#requests.submit(request);
  }

  /** All that have no answer yet. */
  checkAll(flags: readonly Flag[]): void {
    for (const flag of flags)
      if (canBeChecked(flag) && this.of(flag)?.phase !== 'done') this.check(flag);
  }

  cancel(flag: Flag): void {
    this.#cancel(flagKey(flag));
  }

  cancelAll(): void {
    for (const key of [...this.#asked.keys()]) this.#cancel(key);
  }

  #cancel(key: string): void {
    const request = this.#asked.get(key);
    if (!request) return;
    this.#end(key, null);
    this.#requests.withdraw(request);
  }

  #keep(flags: readonly Flag[]): void {
    const keys = new Set(flags.map(flagKey));
    for (const key of [...this.#asked.keys()]) if (!keys.has(key)) this.#cancel(key);
    const kept = [...this.runs].filter(([key]) => keys.has(key));
    if (kept.length < this.runs.size) this.runs = new Map(kept);
  }

  #end(key: string, run: CheckRun | null): void {
    this.#asked.delete(key);
    this.#set(key, run);
  }

  #set(key: string, run: CheckRun | null): void {
    const runs = new Map(this.runs);
    if (run) runs.set(key, run);
    else runs.delete(key);
    this.runs = runs;
  }
}
