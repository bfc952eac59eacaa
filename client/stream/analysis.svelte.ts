import type { Flag, FlagSettings } from '../../shared/flags.ts';
import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { DriveColumns } from '../data/columns.ts';
import type { Sender } from './connection.svelte.ts';
import { Signal } from './signal.ts';
import { throttle } from './throttle.ts';

/** How far the server is with a recording. */
export type AnalysisProgress = Omit<
  Extract<ServerMessage, { readonly type: 'analysis' }>,
  'columns' | 'type'
>;

/** While a threshold is dragged, settings are sent so often, ms. */
const SETTINGS_INTERVAL = 80;

/** The numbers of every frame of what is open, and the flags found in them. */
export class Analysis {
  columns = $state.raw<DriveColumns | null>(null);
  /** Grows whenever the content of `columns` changes. */
  version = $state(0);
  /** null: of a feed, which has no end, or not told yet. */
  progress = $state.raw<AnalysisProgress | null>(null);
  /** By rows of `columns`. */
  flags = $state.raw<readonly Flag[]>([]);
  flagSettings = $state.raw<FlagSettings | null>(null);
  /** The connection that the numbers came by is lost: when they begin anew, none of them stays. */
  isLost = false;
  /** All flags were replaced; these are `flags`. */
  readonly flagsReplaced = new Signal<readonly Flag[]>();
  /** A flag has just been found. */
  readonly flagBegan = new Signal<Flag>();
  readonly #sendSettings: (flags: FlagSettings) => void;

  constructor(sender: Sender) {
    this.#sendSettings = throttle(SETTINGS_INTERVAL, (flags) =>
      sender.send({ type: 'settings', flags }),
    );
  }

  /** Without flags until they come. */
  begin(columns: DriveColumns): void {
    this.columns = columns;
    this.isLost = false;
    this.progress = null;
    this.changed();
    this.setFlags([]);
  }

  /** Nothing is open. */
  clear(): void {
    this.columns = null;
    this.progress = null;
    this.setFlags([]);
  }

  /** To be called when the content of `columns` is another than before. */
  changed(): void {
    this.version++;
  }

  setFlags(flags: readonly Flag[]): void {
    this.flags = flags;
    this.flagsReplaced.emit(flags);
  }

  /** Flags by these settings from now on; can be called as often as a handle moves. */
  setFlagSettings(settings: FlagSettings): void {
    this.flagSettings = settings;
    this.#sendSettings(settings);
  }
}
