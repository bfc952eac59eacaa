import type { ErrorReport } from '../../shared/errors.ts';
import type { ClientMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { Sender } from './connection.svelte.ts';

export type Answer = Extract<
  ServerMessage,
  { readonly type: 'explained' | 'verified' | 'log-curve' | 'pictures-as-seen' }
>;

/** Work that the server does beside playback. */
export interface Request {
  readonly message: (request: number) => ClientMessage;
  readonly progress: (done: number, total: number) => void;
  readonly answered: (answer: Answer) => void;
  /** One sentence on what went wrong, and one on what to do. */
  readonly failed: (reason: string) => void;
  /** It will not be answered any more: something else was opened, or the connection was lost. */
  readonly forgotten: () => void;
}

/** What the server was asked for and has not answered; answers name their request by its number. */
export class Requests {
  readonly #sender: Sender;
  readonly #open = new Map<number, Request>();
  #count = 0;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  submit(request: Request): void {
    this.#open.set(++this.#count, request);
    this.#sender.send(request.message(this.#count));
  }

  withdraw(request: Request): void {
    for (const [number, open] of this.#open) {
      if (open !== request) continue;
      this.#open.delete(number);
      this.#sender.send({ type: 'cancel', request: number });
    }
  }

  /** None of them will be answered any more. */
  clear(): void {
    const forgotten = [...this.#open.values()];
    this.#open.clear();
    for (const request of forgotten) request.forgotten();
  }

  progress(number: number, done: number, total: number): void {
    this.#open.get(number)?.progress(done, total);
  }

  /** An answer to one that was taken back may have been on its way; it is dropped. */
  answer(answer: Answer): void {
    this.#take(answer.request)?.answered(answer);
  }

  fail(number: number, { message, hint }: ErrorReport): void {
    this.#take(number)?.failed(`${message} ${hint}`);
  }

  #take(number: number): Request | undefined {
    const request = this.#open.get(number);
    this.#open.delete(number);
    return request;
  }
}
