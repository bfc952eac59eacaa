import { reportOf } from '../../shared/errors.ts';
import type { ClientMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import { explainFrame, type ExplainedFrame } from '../pipeline/explain-frame.ts';
import type { AcknowledgementWindow } from '../pipeline/player-window.ts';
import type { Workspace } from './workspace.ts';

export type ExplainMessage = Extract<ClientMessage, { type: 'explain' }>;

export interface SlowOutput {
  send(message: ServerMessage): void;
  /** The window is open when this is called, and takes a place of it. */
  frame(explained: ExplainedFrame, request: ExplainMessage): void;
}

/** Progress is told no more often than this (ms). */
const INTERVAL = 100;

/** Explains single frames by methods of many passes, for one viewer: one at a time, the newest request wins. */
export class SlowExplanations {
  readonly #workspace: Workspace;
  readonly #window: AcknowledgementWindow;
  readonly #output: SlowOutput;
  #current: { readonly request: number; readonly stop: AbortController; readonly done: Promise<void> } | null = null;

  constructor(workspace: Workspace, window: AcknowledgementWindow, output: SlowOutput) {
    this.#workspace = workspace;
    this.#window = window;
    this.#output = output;
  }

  start(message: ExplainMessage): void {
    const before = this.#current?.done;
    this.#current?.stop.abort();
    const stop = new AbortController();
    const done = (before ?? Promise.resolve()).then(() => this.#run(message, stop.signal));
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

  async #run(message: ExplainMessage, signal: AbortSignal): Promise<void> {
    const { network, video, index, explainer } = this.#workspace;
    const { request, method, target } = message;
    const frame = Math.min(message.frame, index.pts.length - 1);
    let toldAt = -Infinity;
    const onProgress = (done: number, total: number): void => {
      const now = performance.now();
      if (signal.aborted || (now - toldAt < INTERVAL && done < total)) return;
      toldAt = now;
      this.#output.send({ type: 'explaining', request, done, total });
    };
    try {
      signal.throwIfAborted();
      const wish = { provider: explainer.provider.name, workers: explainer.provider.workers };
      const explained = await explainFrame({ modelPath: network.path, video, pts: frame > 0 ? index.pts[frame]! : null, method, target, wish, signal, onProgress });
      while (!this.#window.isOpen && !signal.aborted) await this.#window.acknowledged.wait();
      signal.throwIfAborted();
      this.#output.frame(explained, { ...message, frame });
      this.#output.send({ type: 'explained', request, note: explained.note });
    } catch (error) {
      if (!signal.aborted) this.#output.send({ type: 'error', ...reportOf(error), request });
    }
  }
}
