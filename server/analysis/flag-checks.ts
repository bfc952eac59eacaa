import type { CausalCheck, Flag } from '../../shared/flags.ts';
import type { CausalCheckRequest } from '../pipeline/causal-check.ts';
import { lanes } from '../resources/limits.ts';

/** What was found of flags by the fill `inpaint`, by `keyOf`; null where nothing was looked at. */
export type KeptChecks = Map<string, CausalCheck | null>;

/** As `verifyFlags`, of one recording with one network. */
export type Verify = (
  request: Pick<CausalCheckRequest, 'flags' | 'signal' | 'onProgress'>,
) => Promise<(CausalCheck | null)[]>;

/**
 * Causal checks of one analysis' flags: one after the other, each made once however many ask for
 * it.
 */
export class FlagChecks {
  readonly #verify: Verify;
  readonly #kept: KeptChecks;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(verify: Verify, kept: KeptChecks) {
    this.#verify = verify;
    this.#kept = kept;
  }

  /** Throws what the check throws, or the signal's reason. */
  async check(
    flag: Flag,
    signal: AbortSignal,
    onProgress: (done: number, total: number) => void,
  ): Promise<CausalCheck | null> {
    const key = keyOf(flag);
    const before = this.#turn;
    let finished = (): void => {};
    this.#turn = new Promise<void>((resolve) => {
      finished = resolve;
    });
    try {
      if (!this.#kept.has(key)) await settledOrAborted(before, signal);
      const kept = this.#kept.get(key);
      if (kept !== undefined) return kept;
      const check = await this.#run(flag, signal, onProgress);
      this.#kept.set(key, check);
      return check;
    } finally {
      void before.then(finished);
    }
  }

  async #run(
    flag: Flag,
    signal: AbortSignal,
    onProgress: (done: number, total: number) => void,
  ): Promise<CausalCheck | null> {
    const [check] = await lanes.explanations.run(
      () => this.#verify({ flags: [flag], signal, onProgress }),
      signal,
    );
    return check ?? null;
  }
}

/** A flag that has grown since, or that other settings cut otherwise, is another one. */
function keyOf({ kind, startFrame, endFrame, worstFrame }: Flag): string {
  return [kind, startFrame, endFrame, worstFrame].join(' ');
}

async function settledOrAborted(turn: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([turn, aborted]);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
}
