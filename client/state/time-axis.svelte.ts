import { untrack } from 'svelte';
import {
  following,
  grown,
  panned,
  wholeDrive,
  zoomed,
  type TimeWindow,
} from '../data/time-window.ts';
import type { Analysis } from '../stream/analysis.svelte.ts';
import { driveKey, type OpenDrive } from '../stream/open-drive.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';
import type { WatchedFeed } from '../stream/watched-feed.svelte.ts';

/** Of a live feed this much is visible until somebody zooms, s. */
const LIVE_WINDOW = 60;

interface Parts {
  readonly analysis: Analysis;
  readonly watched: WatchedFeed;
  readonly transport: Pick<Transport, 'playhead'>;
}

/**
 * The time axis that all plots share: what is visible, where the cursor is, where the playhead is.
 */
export class TimeAxis {
  window = $state.raw<TimeWindow>({ min: 0, max: 1 });
  /** Time under the pointer; null while it is elsewhere. */
  cursor = $state<number | null>(null);
  readonly #parts: Parts;
  /** The whole is to be seen, however long it gets. */
  #isFitted = true;
  #before: TimeWindow = { min: 0, max: 1 };

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Time of the first frame that is kept; 0 for recordings. */
  get start(): number {
    void this.#parts.analysis.version;
    return this.#parts.analysis.columns?.start ?? 0;
  }

  /**
   * Time of the last frame, seconds since the first; of a live feed it is a minute at least, so
   * that there is room to grow.
   */
  get end(): number {
    void this.#parts.analysis.version;
    const end = this.#parts.analysis.columns?.end ?? 0;
    return this.#parts.watched.feed ? Math.max(end, this.start + LIVE_WINDOW) : end;
  }

  get playhead(): number {
    void this.#parts.analysis.version;
    return this.#parts.analysis.columns?.time[this.#parts.transport.playhead.position] ?? 0;
  }

  get isWhole(): boolean {
    const { min, max } = this.#whole;
    return this.window.min <= min && this.window.max >= max;
  }

  get #whole(): TimeWindow {
    return wholeDrive(this.end, this.start);
  }

  fit(): void {
    this.#isFitted = true;
    this.window = this.#whole;
  }

  /** For what has just been opened: all of a recording, the last minute of a feed. */
  begin(): void {
    this.fit();
    this.#before = this.#whole;
    if (!this.#parts.watched.feed) return;
    this.#isFitted = false;
    this.window = { min: this.end - LIVE_WINDOW, max: this.end };
  }

  /** Rows were added to a live feed, or forgotten. */
  grow(): void {
    if (this.#isFitted) this.fit();
    else this.window = grown(this.window, this.#before, this.#whole);
    this.#before = this.#whole;
  }

  zoom(around: number, factor: number): void {
    this.#isFitted = false;
    this.window = zoomed(this.window, around, factor, this.end, this.start);
  }

  zoomAtPlayhead(factor: number): void {
    this.zoom(Math.min(this.window.max, Math.max(this.window.min, this.playhead)), factor);
  }

  pan(seconds: number): void {
    this.#isFitted = false;
    this.window = panned(this.window, seconds, this.end, this.start);
  }

  /** Turns the page when the playhead has left it. */
  follow(): void {
    this.window = following(this.window, this.playhead, this.end, this.start);
  }

  /** Place of a time in the window, 0..1 inside it. */
  share(time: number): number {
    return (time - this.window.min) / (this.window.max - this.window.min);
  }

  at(share: number): number {
    return this.window.min + share * (this.window.max - this.window.min);
  }
}

/**
 * Effects: the whole of what is open is visible until somebody zooms, and the playhead is not lost
 * from sight.
 */
export function keepInView(
  axis: TimeAxis,
  {
    drive,
    analysis,
    watched,
    transport,
  }: {
    readonly drive: OpenDrive;
    readonly analysis: Analysis;
    readonly watched: WatchedFeed;
    readonly transport: Transport;
  },
): void {
  let before: string | null = null;
  $effect(() => {
    void analysis.version;
    const key = drive.opened && driveKey(drive.opened);
    untrack(() => {
      if (key !== before) axis.begin();
      else if (watched.feed) axis.grow();
    });
    before = key;
  });
  $effect(() => {
    void axis.playhead;
    // While a feed is live the window goes with its end, unless somebody looks elsewhere.
    const moves = (transport.playing && !transport.isLive) || transport.playhead.target !== null;
    if (moves) untrack(() => axis.follow());
  });
}
