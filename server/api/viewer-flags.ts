import type { Flag, FlagSettings } from '../../shared/flags.ts';
import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import { FlagWatch, type FoundFlags } from '../analysis/flag-watch.ts';
import { Lookout } from '../analysis/lookout.ts';
import type { RowSeries } from '../analysis/row-series.ts';

export interface FlagMessages {
  flags(flags: readonly Flag[]): ServerMessage;
  alert(flag: Flag): ServerMessage;
}

/** Alerts come no closer together than this (ms). */
const ALERT_EVERY = 1000;

/**
 * Flags for one viewer, as they find them: all of them when they are others, and of those that have
 * begun the newest.
 */
export class ViewerFlags {
  readonly #watch: FlagWatch;
  readonly #messages: FlagMessages;
  readonly #send: (message: ServerMessage) => void;
  readonly #alerts = new Lookout(() => this.#sendAlert(), ALERT_EVERY);
  #rows: RowSeries;
  #flags: readonly Flag[] = [];
  #sent: string | null = null;
  /** The newest that was not told yet. */
  #alert: Flag | null = null;

  constructor(
    rows: RowSeries,
    settings: FlagSettings,
    messages: FlagMessages,
    send: (message: ServerMessage) => void,
  ) {
    this.#rows = rows;
    this.#messages = messages;
    this.#send = send;
    this.#watch = new FlagWatch(rows, settings, (found) => this.#take(found));
  }

  /** As they were sent last. */
  get flags(): readonly Flag[] {
    return this.#flags;
  }

  /** Tells at once of other settings. */
  set(settings: FlagSettings): void {
    this.#begin(this.#rows, settings);
    this.look();
  }

  follow(rows: RowSeries): void {
    this.#rows = rows;
    this.#begin(rows);
  }

  /** Tells at once what there is. */
  look(): void {
    this.#watch.look();
  }

  close(): void {
    this.#watch.close();
    this.#alerts.close();
  }

  #begin(rows: RowSeries, settings?: FlagSettings): void {
    this.#alert = null;
    this.#watch.follow(rows, settings);
  }

  #take({ flags, begun, isFirstLook }: FoundFlags): void {
    this.#flags = flags;
    const text = JSON.stringify(flags);
    if (text !== this.#sent) this.#send(this.#messages.flags(flags));
    this.#sent = text;
    const newest = begun.at(-1);
    // What was there before this viewer came is no news.
    if (isFirstLook || !newest) return;
    this.#alert = newest;
    this.#alerts.news();
  }

  #sendAlert(): void {
    if (this.#alert) this.#send(this.#messages.alert(this.#alert));
    this.#alert = null;
  }
}
