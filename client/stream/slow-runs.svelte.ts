import type { ErrorReport } from '../../shared/errors.ts';
import type { Session, SlowRunHandlers } from './session.svelte.ts';

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
export class SlowRuns implements SlowRunHandlers {
  /** By method; one that is not here has not been asked for on this frame. */
  runs = $state.raw<ReadonlyMap<string, SlowRun>>(new Map());
  readonly #session: Session;
  #frame: number | null = null;
  #request = 0;
  #running: { readonly request: number; readonly method: string } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session) {
    this.#session = session;
    session.slowRuns = this;
  }

  /** To be called when anything of this changes: the frame that rests on the screen (null while there is none) and what is wanted for it. */
  follow(frame: number | null, methods: readonly string[]): void {
    if (frame !== this.#frame) this.clear();
    this.#frame = frame;
    if (frame === null) return;
    if (this.#running && !methods.includes(this.#running.method)) this.#stop(null);
    for (const method of methods) if (!this.runs.has(method)) this.#set(method, { phase: 'queued' });
    for (const [method, { phase }] of this.runs) if (phase === 'queued' && !methods.includes(method)) this.#set(method, null);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), SETTLING);
  }

  /** Forgets everything, for another frame or another network. */
  clear(): void {
    clearTimeout(this.#timer);
    if (this.#running) this.#stop(null);
    this.#frame = null;
    if (this.runs.size > 0) this.runs = new Map();
  }

  /** The server has dropped what was running; it begins again when the same frame rests on the screen. */
  interrupt(): void {
    clearTimeout(this.#timer);
    if (this.#running) this.#set(this.#running.method, { phase: 'queued' });
    this.#running = null;
  }

  cancel(method: string): void {
    if (this.#running?.method === method) this.#stop({ phase: 'cancelled' });
    else this.#set(method, { phase: 'cancelled' });
    this.#next();
  }

  again(method: string): void {
    this.#set(method, { phase: 'queued' });
    this.#next();
  }

  progress({ request, done, total }: Parameters<SlowRunHandlers['progress']>[0]): void {
    if (request === this.#running?.request) this.#set(this.#running.method, { phase: 'running', done, total });
  }

  finished({ request, note }: Parameters<SlowRunHandlers['finished']>[0]): void {
    this.#end(request, { phase: 'done', note });
  }

  failed({ message }: ErrorReport): void {
    if (this.#running) this.#end(this.#running.request, { phase: 'failed', message });
  }

  #next(): void {
    if (this.#running || this.#frame === null) return;
    const method = [...this.runs].find(([, { phase }]) => phase === 'queued')?.[0];
    if (method === undefined) return;
    this.#running = { request: (this.#request += 1), method };
    this.#set(method, { phase: 'running', done: 0, total: 0 });
    this.#session.send({ type: 'explain', request: this.#request, frame: this.#frame, method, target: '+' });
  }

  #stop(state: SlowRun | null): void {
    if (!this.#running) return;
    const { request, method } = this.#running;
    this.#running = null;
    this.#session.send({ type: 'cancel', request });
    this.#set(method, state);
  }

  #end(request: number, state: SlowRun): void {
    if (request !== this.#running?.request) return;
    this.#set(this.#running.method, state);
    this.#running = null;
    this.#next();
  }

  #set(method: string, state: SlowRun | null): void {
    const runs = new Map(this.runs);
    if (state) runs.set(method, state);
    else runs.delete(method);
    this.runs = runs;
  }
}
