import type { Session } from '../stream/session.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';
import { following, panned, wholeDrive, zoomed, type TimeWindow } from './time-window.ts';

/** The time axis that all plots share: what is visible, where the cursor is, where the playhead is. */
export class TimeAxis {
  window = $state.raw<TimeWindow>({ min: 0, max: 1 });
  /** Time under the pointer; null while it is elsewhere. */
  cursor = $state<number | null>(null);
  readonly #session: Session;
  readonly #transport: Transport;

  constructor(session: Session, transport: Transport) {
    this.#session = session;
    this.#transport = transport;
  }

  /** Time of the last frame, seconds since the first. */
  get end(): number {
    void this.#session.columnsVersion;
    return this.#session.columns?.end ?? 0;
  }

  get playhead(): number {
    void this.#session.columnsVersion;
    return this.#session.columns?.time[this.#transport.position] ?? 0;
  }

  get isWhole(): boolean {
    const { min, max } = wholeDrive(this.end);
    return this.window.min <= min && this.window.max >= max;
  }

  fit(): void {
    this.window = wholeDrive(this.end);
  }

  zoom(around: number, factor: number): void {
    this.window = zoomed(this.window, around, factor, this.end);
  }

  zoomAtPlayhead(factor: number): void {
    this.zoom(Math.min(this.window.max, Math.max(this.window.min, this.playhead)), factor);
  }

  pan(seconds: number): void {
    this.window = panned(this.window, seconds, this.end);
  }

  /** Turns the page when the playhead has left it. */
  follow(): void {
    this.window = following(this.window, this.playhead, this.end);
  }

  /** Place of a time in the window, 0..1 inside it. */
  share(time: number): number {
    return (time - this.window.min) / (this.window.max - this.window.min);
  }

  at(share: number): number {
    return this.window.min + share * (this.window.max - this.window.min);
  }
}
