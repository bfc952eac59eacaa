import type { OpenedMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import { isTrialEmpty, type Trial } from '../../shared/protocol/network-inputs.ts';
import type { Commands } from './commands.ts';
import { driveKey, type OpenDrive } from './open-drive.svelte.ts';
import { Signal } from './signal.ts';

type Tried = Extract<ServerMessage, { readonly type: 'tried' }>;

const NOTHING: Trial = { inputs: {}, output: null };

/**
 * What is set by hand of the network that is open: inputs, and which of its numbers is explained. It
 * is of the frames that are shown, not of the analysis.
 */
export class Trials {
  /** What is asked for. */
  wanted = $state.raw<Trial>(NOTHING);
  /** What frames are of. */
  tried = $state.raw<Tried | null>(null);
  /** The server has not answered the last change yet. */
  isPending = $state(false);
  /** Frames are shown by something else from now on. */
  readonly changed = new Signal();
  readonly isActive = $derived(!isTrialEmpty(this.wanted) || this.tried !== null);
  readonly #commands: Commands;
  readonly #drive: OpenDrive;
  /** What was opened last, with its network. */
  #of = '';
  #generation = 0;
  /** It was changed while the server was at work. */
  #isChanged = false;

  constructor({ commands, drive }: { readonly commands: Commands; readonly drive: OpenDrive }) {
    this.#commands = commands;
    this.#drive = drive;
    drive.begun.on(({ opened }) => this.#begin(opened));
  }

  /** Sets numbers of an input, or with null lets it be fed again as the sidecar says. */
  set(input: string, values: readonly number[] | null): void {
    const { [input]: _, ...others } = this.wanted.inputs;
    const inputs = values === null ? others : { ...others, [input]: values };
    this.#want({ ...this.wanted, inputs });
  }

  /** Explains another number; null: the one that the sidecar names. */
  explain(output: Trial['output']): void {
    this.#want({ ...this.wanted, output });
  }

  /** Shows another frame of those that the network sees together; 0: the newest. */
  look(stepsBack: number): void {
    const { inputs, output } = this.wanted;
    this.#want({ inputs, output, ...(stepsBack > 0 ? { stepsBack } : {}) });
  }

  reset(): void {
    this.#want(NOTHING);
  }

  /** Where the server could not do it, it goes on with what was before. */
  take(message: Tried): void {
    if (message.generation !== this.#generation) return;
    this.isPending = false;
    this.tried = isTrialEmpty(message) ? null : message;
    if (this.#isChanged) return this.#send();
    const { inputs, output, stepsBack = 0 } = message;
    this.wanted = { inputs, output, ...(stepsBack > 0 ? { stepsBack } : {}) };
  }

  #want(wanted: Trial): void {
    if (!this.#drive.isReady) return;
    this.wanted = wanted;
    if (this.isPending) this.#isChanged = true;
    else this.#send();
  }

  #send(): void {
    this.#isChanged = false;
    this.isPending = true;
    this.changed.emit();
    this.#generation = this.#commands.show((generation) => ({
      type: 'try',
      generation,
      ...this.wanted,
    }));
  }

  #begin(opened: OpenedMessage): void {
    const of = JSON.stringify([driveKey(opened), opened.network.id]);
    const isSame = of === this.#of && opened.extent === 'fixed';
    this.#of = of;
    this.tried = null;
    this.isPending = this.#isChanged = false;
    if (!isSame) this.wanted = NOTHING;
    else if (!isTrialEmpty(this.wanted)) this.#send();
  }
}
