import { reportOf } from '../../shared/errors.ts';
import type { ClientMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { AcknowledgementWindow } from '../pipeline/player-window.ts';
import { Player, type PlayerOutput } from '../pipeline/player.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import { HandTrial } from './hand-trial.ts';

export type TryMessage = Extract<ClientMessage, { type: 'try' }>;

/** Plays a recording for one viewer, with what that viewer tries with the network. */
export class TrialPlayer {
  readonly #workspace: Workspace;
  readonly #window: AcknowledgementWindow;
  readonly #output: PlayerOutput;
  readonly #send: (message: ServerMessage) => void;
  /** Of the last frame that was asked for. */
  readonly #generation: () => number;
  #player: Player;
  #trial: HandTrial | null = null;
  #stop = new AbortController();
  /** Trials are made ready one after the other; only the newest of those that wait is. */
  #changing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    workspace: Workspace,
    window: AcknowledgementWindow,
    output: PlayerOutput,
    send: (message: ServerMessage) => void,
    generation: () => number,
  ) {
    this.#workspace = workspace;
    this.#window = window;
    this.#output = output;
    this.#send = send;
    this.#generation = generation;
    this.#player = new Player(workspace, window, output);
  }

  get player(): Player {
    return this.#player;
  }

  /** null: the network is fed and explained as its sidecar says. */
  get trial(): HandTrial | null {
    return this.#trial;
  }

  /** The newest wins. What cannot be done is told, and all stays as it was. */
  try(message: TryMessage): void {
    this.#player.pause();
    this.#stop.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.#changing = this.#changing.then(() => this.#try(message, stop.signal));
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stop.abort();
    await Promise.all([this.#changing, this.#player.close()]);
    await this.#trial?.close(null);
  }

  async #try({ type: _, generation, ...trial }: TryMessage, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isClosed) return;
    const before = this.#trial;
    const left = this.#player;
    let next = before;
    try {
      next = await HandTrial.open(this.#workspace, trial, before, signal);
      if (signal.aborted || this.#isClosed) return await next?.close(before);
    } catch (error) {
      if (signal.aborted || this.#isClosed) return;
      this.#send({ type: 'error', ...reportOf(error) });
    }
    // It may have been played or sought while the network was made ready.
    left.pause();
    const { playhead } = left;
    if (next !== before) {
      this.#trial = next;
      this.#player = new Player(next?.source ?? this.#workspace, this.#window, this.#output);
    }
    this.#tell(generation);
    this.#player.seek(playhead, this.#generation());
    if (next === before) return;
    await left.close();
    await before?.close(next);
  }

  #tell(generation: number): void {
    const trial = this.#trial?.trial ?? { inputs: {}, output: null };
    const { output } = (this.#trial?.source ?? this.#workspace).explainer.network;
    this.#send({ type: 'tried', generation, ...trial, ...output });
  }
}
