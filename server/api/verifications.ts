import { reportOf, RoadgazeError } from '../../shared/errors.ts';
import type { Flag } from '../../shared/flags.ts';
import type { ClientMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { FlagChecks } from '../analysis/flag-checks.ts';

export type VerifyMessage = Extract<ClientMessage, { type: 'verify' }>;

/** That one viewer may wait for. */
const MOST_CHECKS = 1000;

/** The causal checks that one viewer asked for. */
export class Verifications {
  readonly #checks: FlagChecks;
  readonly #flags: () => readonly Flag[];
  readonly #send: (message: ServerMessage) => void;
  readonly #running = new Map<
    number,
    { readonly stop: AbortController; readonly done: Promise<void> }
  >();

  /** `flags`: as the viewer sees them. */
  constructor(
    checks: FlagChecks,
    flags: () => readonly Flag[],
    send: (message: ServerMessage) => void,
  ) {
    this.#checks = checks;
    this.#flags = flags;
    this.#send = send;
  }

  start(message: VerifyMessage): void {
    const { request } = message;
    this.cancel(request);
    if (this.#running.size >= MOST_CHECKS) {
      const busy = new RoadgazeError(
        'SERVER_BUSY',
        `${MOST_CHECKS} causal checks are waiting already.`,
        'Ask again when some of them are done.',
      );
      return this.#send({ type: 'error', ...busy.report(), request });
    }
    const stop = new AbortController();
    const done = this.#run(message, stop.signal).finally(() => {
      if (this.#running.get(request)?.stop === stop) this.#running.delete(request);
    });
    this.#running.set(request, { stop, done });
  }

  cancel(request: number): void {
    this.#running.get(request)?.stop.abort();
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ done }) => done));
  }

  async #run({ request, kind, startFrame }: VerifyMessage, signal: AbortSignal): Promise<void> {
    try {
      const flag = this.#flags().find(
        (each) => each.kind === kind && each.startFrame === startFrame,
      );
      if (!flag)
        throw new RoadgazeError(
          'USAGE',
          `No flag of this kind begins at frame ${startFrame} any more.`,
          'Choose a flag from the list as it is now.',
        );
      const check = await this.#checks.check(flag, signal, (done, total) => {
        if (!signal.aborted) this.#send({ type: 'verifying', request, done, total });
      });
      if (signal.aborted) return;
      if (!check)
        throw new RoadgazeError(
          'USAGE',
          'The network looked at nothing there that could be covered.',
          'A dead network, or a frame without a known road, has no causal check; choose another flag.',
        );
      this.#send({ type: 'verified', request, kind, startFrame, check });
    } catch (error) {
      if (!signal.aborted) this.#send({ type: 'error', ...reportOf(error), request });
    }
  }
}
