import { explanationOf } from '../../shared/explanations.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import type { Request } from '../stream/requests.ts';
import type { Session } from '../stream/session.svelte.ts';

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

/** Runs the slow methods of the panes on the paused frame, one after the other, and keeps what they found until the frame changes. */
export class SlowRuns {
  /** By the name of the explanation; one that is not here has not been asked for on this frame. */
  runs = $state.raw<ReadonlyMap<string, SlowRun>>(new Map());
  readonly #session: Session;
  #frame: number | null = null;
  #asked: { readonly method: string; readonly request: Request } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session) {
    this.#session = session;
    session.onExplained = ({ request, note }) => {
      const finished = session.requests.finish(request);
      if (finished && finished === this.#asked?.request) this.#end({ phase: 'done', note });
    };
  }

  /** To be called when anything of this changes: the frame that rests on the screen (null while there is none) and what is wanted for it. */
  follow(frame: number | null, methods: readonly string[]): void {
    if (frame !== this.#frame) this.clear();
    this.#frame = frame;
    if (frame === null) return;
    if (this.#asked && !methods.includes(this.#asked.method)) this.#stop(null);
    for (const method of methods) if (!this.runs.has(method)) this.#set(method, { phase: 'queued' });
    for (const [method, { phase }] of this.runs) if (phase === 'queued' && !methods.includes(method)) this.#set(method, null);
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

  /** The server has dropped what was running; it begins again when the same frame rests on the screen. */
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
      failed: (message) => this.#end({ phase: 'failed', message }),
    };
    this.#asked = { method, request };
    this.#set(method, { phase: 'running', done: 0, total: 0 });
    this.#session.requests.submit(request);
  }

  /** A frame of a feed has no number that the server could find it by again, but a time. */
  #message(request: number, frame: number, explanation: string): ClientMessage {
    const { live, screen } = this.#session;
    if (live.feed && screen.painted) return { type: 'explain-at', request, time: screen.painted.pts, ...explanationOf(explanation) };
    return { type: 'explain', request, frame, ...explanationOf(explanation) };
  }

  #stop(state: SlowRun | null): void {
    if (!this.#asked) return;
    const { method, request } = this.#asked;
    this.#asked = null;
    this.#set(method, state);
    this.#session.requests.withdraw(request);
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
