import { untrack } from 'svelte';
import { explanationOf } from '../../shared/explanations.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import { isRealTime } from '../data/pane-methods.ts';
import type { OpenDrive } from '../stream/open-drive.svelte.ts';
import type { Picture } from '../stream/presenter.ts';
import type { Request, Requests } from '../stream/requests.ts';
import type { Screen } from '../stream/screen.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';
import type { WatchedFeed } from '../stream/watched-feed.svelte.ts';
import type { Panes } from './panes.svelte.ts';

/** How far a method that takes many passes is on the paused frame. */
export type SlowRun =
  | { readonly phase: 'queued' }
  /** Passes; `total` is 0 until the server has told it. */
  | { readonly phase: 'running'; readonly done: number; readonly total: number }
  | { readonly phase: 'done'; readonly note: string | null }
  | { readonly phase: 'cancelled' }
  | { readonly phase: 'failed'; readonly message: string };

/** Stepping through frames starts nothing: a frame must stay so long, ms. */
const SETTLING = 250;

interface Parts {
  readonly requests: Requests;
  readonly watched: WatchedFeed;
  readonly screen: Pick<Screen<Picture>, 'painted'>;
}

/**
 * Runs the slow methods of the panes on the paused frame, one after the other, and keeps what they
 * found until the frame changes.
 */
export class SlowRuns {
  /** By the name of the explanation; one that is not here has not been asked for on this frame. */
  runs = $state.raw<ReadonlyMap<string, SlowRun>>(new Map());
  readonly #parts: Parts;
  #frame: number | null = null;
  #asked: { readonly method: string; readonly request: Request } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * To be called when anything of this changes: the frame that rests on the screen (null while
   * there is none) and what is wanted for it.
   */
  follow(frame: number | null, methods: readonly string[]): void {
    if (frame !== this.#frame) this.clear();
    this.#frame = frame;
    if (frame === null) return;
    if (this.#asked && !methods.includes(this.#asked.method)) this.#stop(null);
    for (const method of methods)
      if (!this.runs.has(method)) this.#set(method, { phase: 'queued' });
    for (const [method, { phase }] of this.runs)
      if (phase === 'queued' && !methods.includes(method)) this.#set(method, null);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), SETTLING);
  }

  /** Forgets everything, for another frame or another network. */
  clear(): void {
    clearTimeout(this.#timer);
    if (this.#asked) this.#stop(null);
    this.#frame = null;
    if (this.runs.size > 0) this.runs = new Map();
  }

  /**
   * The server has dropped what was running; it begins again when the same frame rests on the
   * screen.
   */
  interrupt(): void {
    clearTimeout(this.#timer);
    if (this.#asked) this.#set(this.#asked.method, { phase: 'queued' });
    this.#asked = null;
  }

  cancel(method: string): void {
    if (this.#asked?.method === method) this.#stop({ phase: 'cancelled' });
    else this.#set(method, { phase: 'cancelled' });
    this.#next();
  }

  again(method: string): void {
    this.#set(method, { phase: 'queued' });
    this.#next();
  }

  #next(): void {
    const frame = this.#frame;
    if (this.#asked || frame === null) return;
    const method = [...this.runs].find(([, { phase }]) => phase === 'queued')?.[0];
    if (method === undefined) return;
    const request: Request = {
      message: (number) => this.#message(number, frame, method),
      progress: (done, total) => this.#set(method, { phase: 'running', done, total }),
      answered: (answer) => {
        if (answer.type === 'explained') this.#end({ phase: 'done', note: answer.note });
      },
      failed: (message) => this.#end({ phase: 'failed', message }),
      forgotten: () => this.interrupt(),
    };
    this.#asked = { method, request };
    this.#set(method, { phase: 'running', done: 0, total: 0 });
    this.#parts.requests.submit(request);
  }

  /** A frame of a feed has no number that the server could find it by again, but a time. */
  #message(request: number, frame: number, explanation: string): ClientMessage {
    const { watched, screen } = this.#parts;
    if (watched.feed && screen.painted)
      return {
        type: 'explain-at',
        request,
        time: screen.painted.pts,
        ...explanationOf(explanation),
      };
    return { type: 'explain', request, frame, ...explanationOf(explanation) };
  }

  #stop(state: SlowRun | null): void {
    if (!this.#asked) return;
    const { method, request } = this.#asked;
    this.#asked = null;
    this.#set(method, state);
    this.#parts.requests.withdraw(request);
  }

  #end(state: SlowRun): void {
    if (!this.#asked) return;
    this.#set(this.#asked.method, state);
    this.#asked = null;
    this.#next();
  }

  #set(method: string, state: SlowRun | null): void {
    const runs = new Map(this.runs);
    if (state) runs.set(method, state);
    else runs.delete(method);
    this.runs = runs;
  }
}

/** An effect: runs what the panes show that is slow on the frame that rests on the screen. */
export function runSlowMethods(
  slowRuns: SlowRuns,
  {
    drive,
    screen,
    watched,
    transport,
    panes,
  }: {
    readonly drive: OpenDrive;
    readonly screen: Pick<Screen<Picture>, 'painted'>;
    readonly watched: WatchedFeed;
    readonly transport: Transport;
    readonly panes: Panes;
  },
): void {
  $effect(() => {
    const slow = panes.shown.filter((method) => !isRealTime(method));
    const { opening, isReady } = drive;
    const { painted } = screen;
    const { feed } = watched;
    const { playhead } = transport;
    // Of a feed the position changes with every row, the picture on the screen does not.
    const isThere = feed
      ? playhead.target === null && feed.state.name !== 'closed'
      : playhead.position === painted?.frame;
    const rests = isReady && !transport.playing && painted !== null && isThere;
    untrack(() => {
      if (opening === 'again') slowRuns.interrupt();
      else slowRuns.follow(rests ? painted.frame : null, [...new Set(slow)]);
    });
  });
}
