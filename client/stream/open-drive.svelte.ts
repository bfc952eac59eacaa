import type { ErrorReport } from '../../shared/errors.ts';
import type { OpenedMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import { steeringUnit } from '../data/steering-unit.ts';
import type { Connection } from './connection.svelte.ts';
import { Signal } from './signal.ts';

export interface Choice {
  /** Where `feed` is there, its id too. */
  readonly recording: string;
  readonly feed?: string;
  /** Of a drive of several cameras; its first one without. */
  readonly camera?: string;
  readonly network: string;
  /** That stream, each once, in the panes' order. */
  readonly methods: readonly string[];
}

/** The camera of a choice that opens this one: none for the first, which opens by itself. */
export function cameraChoice({
  cameras,
  camera,
}: Pick<OpenedMessage, 'cameras' | 'camera'>): Pick<Choice, 'camera'> {
  return camera === undefined || camera === cameras?.[0]?.id ? {} : { camera };
}

/** Whether both are pictures of the same camera in the same recording. */
export function isSameCamera(
  { recording, camera, cameras }: OpenedMessage,
  wanted: Pick<Choice, 'recording' | 'camera'>,
): boolean {
  if (recording.id !== wanted.recording) return false;
  return camera === undefined || camera === (wanted.camera ?? cameras?.[0]?.id);
}

/** What the page was started with may leave out everything but the methods. */
export type WantedChoice = Partial<Choice> & Pick<Choice, 'methods'>;

/**
 * The recording or feed that is open, the network that watches it, and what was asked for instead.
 */
export class OpenDrive {
  /** What was asked for; it is open once `opened` names it too. */
  choice = $state.raw<Choice | null>(null);
  /** A recording, or a feed as the panels see a recording. */
  opened = $state.raw<OpenedMessage | null>(null);
  /**
   * Set until `opened` is the answer: something new, or the same again, as after a lost connection.
   */
  opening = $state<'anew' | 'again' | null>(null);
  /** What the network runs on. */
  provider = $state.raw<Extract<ServerMessage, { readonly type: 'provider' }> | null>(null);
  /** It was opened, and its first frame comes now; `again`: the same was open before. */
  readonly begun = new Signal<{ readonly opened: OpenedMessage; readonly again: boolean }>();
  /** It could not be opened. */
  readonly refused = new Signal<ErrorReport>();
  readonly #connection: Pick<Connection, 'isOpen'>;
  #wanted: WantedChoice;

  readonly unit = $derived(this.opened ? steeringUnit(this.opened.network) : null);

  constructor(connection: Pick<Connection, 'isOpen'>, wanted: WantedChoice) {
    this.#connection = connection;
    this.#wanted = wanted;
  }

  /** Whether the server takes commands: before `opened` it has nothing to play. */
  get isReady(): boolean {
    return this.opened !== null && this.opening === null && this.#connection.isOpen;
  }

  /** What is to be opened on a new connection. */
  get wanted(): WantedChoice {
    return this.#wanted;
  }

  /** What is asked for, now and on a new connection. */
  choose(choice: Choice): void {
    this.choice = this.#wanted = choice;
  }

  /**
   * To be called when the server has opened what was asked for, once `Analysis` and `Playback` are
   * about it.
   */
  begin(opened: OpenedMessage, again: boolean): void {
    this.opening = null;
    this.opened = opened;
    this.begun.emit({ opened, again });
  }

  /**
   * What was open before stays open, so the choice goes back to it; `feed`: the id of the one that
   * is watched.
   */
  refuse(report: ErrorReport, feed: string | null): void {
    this.opening = null;
    if (this.opened) {
      const { recording, network } = this.opened;
      this.choose({
        recording: recording.id,
        network: network.id,
        methods: network.methods,
        ...(feed === null ? cameraChoice(this.opened) : { feed }),
      });
    }
    this.refused.emit(report);
  }

  /** Nothing is open, and nothing was asked for. */
  clear(): void {
    this.opening = this.opened = this.choice = null;
  }
}
