import type { ErrorReport } from '../../shared/errors.ts';
import type {
  OpenedMessage,
  OpenedRecording,
  ServerMessage,
} from '../../shared/protocol/control-messages.ts';
import { UNDESCRIBED, type Described } from '../data/described.ts';
import { steeringUnit } from '../data/steering-unit.ts';
import type { Connection } from './connection.svelte.ts';
import { Signal } from './signal.ts';

interface Watched {
  readonly network: string;
  /** That stream, each once, in the panes' order. */
  readonly methods: readonly string[];
}

export interface RecordingChoice extends Watched {
  readonly recording: string;
  readonly feed?: never;
  /** Of a drive of several cameras; its first one without. */
  readonly camera?: string;
}

export interface FeedChoice extends Watched {
  readonly feed: string;
  readonly recording?: never;
  readonly camera?: never;
}

export type Choice = RecordingChoice | FeedChoice;

/** The camera of a choice that opens this one: none for the first, which opens by itself. */
export function cameraChoice({
  cameras,
  camera,
}: Pick<OpenedRecording, 'cameras' | 'camera'>): Pick<RecordingChoice, 'camera'> {
  return camera === undefined || camera === cameras?.[0]?.id ? {} : { camera };
}

/** Whether this is the recording or feed that was chosen, by whatever camera. */
export function isSameDrive(opened: OpenedMessage, { recording, feed }: Choice): boolean {
  return opened.extent === 'fixed' ? opened.recording.id === recording : opened.feed.id === feed;
}

/** Whether both are pictures of the same camera. */
export function isSameCamera(opened: OpenedMessage, choice: Choice): boolean {
  if (!isSameDrive(opened, choice)) return false;
  if (opened.extent === 'growing') return true;
  const { camera, cameras } = opened;
  return camera === undefined || camera === (choice.camera ?? cameras?.[0]?.id);
}

/** Tells what was opened from every other recording and feed. */
export function driveKey(opened: OpenedMessage): string {
  return opened.extent === 'fixed' ? `recording:${opened.recording.id}` : `feed:${opened.feed.id}`;
}

/** As `driveKey`, and from other cameras of the same drive. */
export function pictureKey(opened: OpenedMessage): string {
  const camera = opened.extent === 'fixed' ? opened.camera : undefined;
  return JSON.stringify([driveKey(opened), camera]);
}

/** What the page was started with may leave out everything but the methods. */
export type WantedChoice = Partial<Watched> &
  Pick<Watched, 'methods'> & {
    readonly recording?: string;
    readonly feed?: string;
    readonly camera?: string;
  };

/**
 * The recording or feed that is open, the network that watches it, and what was asked for instead.
 */
export class OpenDrive {
  /** What was asked for; it is open once `opened` names it too. */
  choice = $state.raw<Choice | null>(null);
  opened = $state.raw<OpenedMessage | null>(null);
  /** What is known of it. Of a feed this grows. */
  described = $state.raw<Described>(UNDESCRIBED);
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

  /** Where it is a recording. */
  readonly recording = $derived(this.opened?.extent === 'fixed' ? this.opened : null);
  readonly name = $derived(
    this.opened && (this.opened.extent === 'fixed' ? this.opened.recording : this.opened.feed).name,
  );
  readonly unit = $derived(this.opened ? steeringUnit(this.opened.network) : null);
  /** By which it is decided what plots and readouts there are. */
  readonly known = $derived(
    this.opened && {
      network: this.opened.network,
      road: this.opened.road,
      hasLog: this.described.hasLog,
      logged: this.described.logged,
    },
  );

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
  begin(opened: OpenedMessage, described: Described, again: boolean): void {
    this.opening = null;
    this.opened = opened;
    this.described = described;
    this.begun.emit({ opened, again });
  }

  /** What was open before stays open, so the choice goes back to it. */
  refuse(report: ErrorReport): void {
    this.opening = null;
    if (this.opened) this.choose(choiceOf(this.opened));
    this.refused.emit(report);
  }

  /** Nothing is open, and nothing was asked for. */
  clear(): void {
    this.opening = this.opened = this.choice = null;
  }
}

function choiceOf(opened: OpenedMessage): Choice {
  const watched = { network: opened.network.id, methods: opened.network.methods };
  return opened.extent === 'growing'
    ? { feed: opened.feed.id, ...watched }
    : { recording: opened.recording.id, ...watched, ...cameraChoice(opened) };
}
