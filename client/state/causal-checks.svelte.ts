import { canBeChecked, flagKey } from '../data/flag-words.ts';
import type { CausalCheck, Flag, FlagKind } from '../../shared/flags.ts';
import type { Request } from '../stream/requests.ts';
import type { Session } from '../stream/session.svelte.ts';

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
  readonly #session: Session;
  readonly #asked = new Map<string, Request>();

  /** Checks that wait or run. */
  readonly left = $derived([...this.runs.values()].filter(({ phase }) => phase === 'queued' || phase === 'running').length);

  constructor(session: Session) {
    this.#session = session;
    session.onVerified = ({ request, kind, startFrame, check }) => {
      // One that was taken back may have been on its way.
      if (session.requests.finish(request)) this.#end(flagKey({ kind, startFrame }), { phase: 'done', check });
    };
    session.analysis.onFlags = (flags) => this.#keep(flags);
    session.onForgotten = () => this.#forget();
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
      failed: (message) => this.#end(key, { phase: 'failed', message }),
    };
    this.#asked.set(key, request);
    this.#set(key, { phase: 'queued' });
    this.#session.requests.submit(request);
  }

  /** All that have no answer yet. */
  checkAll(flags: readonly Flag[]): void {
    for (const flag of flags) if (canBeChecked(flag) && this.of(flag)?.phase !== 'done') this.check(flag);
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
    this.#session.requests.withdraw(request);
  }

  #keep(flags: readonly Flag[]): void {
    const keys = new Set(flags.map(flagKey));
    for (const key of [...this.#asked.keys()]) if (!keys.has(key)) this.#cancel(key);
    const kept = [...this.runs].filter(([key]) => keys.has(key));
    if (kept.length < this.runs.size) this.runs = new Map(kept);
  }

  #forget(): void {
    this.#asked.clear();
    if (this.left > 0) this.runs = new Map([...this.runs].filter(([, { phase }]) => phase === 'done' || phase === 'failed'));
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
