import { reportOf } from '../../shared/errors.ts';
import type { Target } from '../../shared/explanations.ts';
import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import { explainStill, type ExplainedStill, type StillRequest } from '../pipeline/explain-still.ts';
import type { ProviderReport } from '../pipeline/stream-explainer.ts';
import { lanes } from '../resources/limits.ts';
import type { AcknowledgementWindow } from '../pipeline/player-window.ts';

/** What is asked for; the picture is named by further fields. */
interface Asked {
  readonly request: number;
  readonly method: string;
  readonly target: Target;
}

export interface SlowSource<Message extends Asked> {
  readonly modelPath: string;
  readonly provider: ProviderReport;
  /** Where the picture is that is meant, and the message as it can be met. */
  locate(message: Message): Promise<
    Pick<StillRequest, 'drive' | 'camera' | 'pts' | 'log' | 'byHand' | 'given'> & {
      readonly message: Message;
    }
  >;
}

export interface SlowOutput<Message extends Asked> {
  send(message: ServerMessage): void;
  /** The window is open when this is called, and takes a place of it. */
  frame(explained: ExplainedStill, request: Message): void;
}

/** Progress is told no more often than this (ms). */
const INTERVAL = 100;

/**
 * Explains single frames by methods of many passes, for one viewer: one at a time, the newest
 * request wins.
 */
export class SlowExplanations<Message extends Asked> {
  readonly #source: SlowSource<Message>;
  readonly #window: AcknowledgementWindow;
  readonly #output: SlowOutput<Message>;
  #current: {
    readonly request: number;
    readonly stop: AbortController;
    readonly done: Promise<void>;
  } | null = null;
  #next: (() => Promise<void>) | null = null;
  #working: Promise<void> | null = null;

  constructor(
    source: SlowSource<Message>,
    window: AcknowledgementWindow,
    output: SlowOutput<Message>,
  ) {
    this.#source = source;
    this.#window = window;
    this.#output = output;
  }

  start(message: Message): void {
    this.#current?.stop.abort();
    const stop = new AbortController();
    const done = this.#inTurn(() => this.#run(message, stop.signal));
    this.#current = { request: message.request, stop, done };
  }

  cancel(request: number): void {
    if (this.#current?.request === request) this.#current.stop.abort();
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#current?.stop.abort();
    this.#window.acknowledged.ring();
    await this.#current?.done;
  }

  /** Runs when nothing runs any more; of what waits only the newest. */
  async #inTurn(run: () => Promise<void>): Promise<void> {
    this.#next = run;
    this.#working ??= (async () => {
      for (let next = this.#next; next; next = this.#next) {
        this.#next = null;
        await next();
      }
      this.#working = null;
    })();
    await this.#working;
  }

  async #run(asked: Message, signal: AbortSignal): Promise<void> {
    const { modelPath, provider } = this.#source;
    const { request, method, target } = asked;
    let toldAt = -Infinity;
    const onProgress = (done: number, total: number): void => {
      const now = performance.now();
      if (signal.aborted || (now - toldAt < INTERVAL && done < total)) return;
      toldAt = now;
      this.#output.send({ type: 'explaining', request, done, total });
    };
    try {
      signal.throwIfAborted();
      const { message, ...frame } = await this.#source.locate(asked);
      const wish = { provider: provider.name, workers: provider.workers };
      const explained = await lanes.explanations.run(
        () => explainStill({ modelPath, ...frame, method, target, wish, signal, onProgress }),
        signal,
      );
      while (!this.#window.isOpen && !signal.aborted) await this.#window.acknowledged.wait();
      signal.throwIfAborted();
      this.#output.frame(explained, message);
      this.#output.send({ type: 'explained', request, note: explained.note });
    } catch (error) {
      if (!signal.aborted) this.#output.send({ type: 'error', ...reportOf(error), request });
    }
  }
}
