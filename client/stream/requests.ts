import type { ErrorReport } from '../../shared/errors.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';

/** Work that the server does beside playback. */
export interface Request {
  readonly message: (request: number) => ClientMessage;
  readonly progress: (done: number, total: number) => void;
  /** One sentence on what went wrong, and one on what to do. */
  readonly failed: (reason: string) => void;
}

/** What the server was asked for and has not answered; answers name their request by its number. */
export class Requests {
  readonly #send: (message: ClientMessage) => void;
  readonly #open = new Map<number, Request>();
  #count = 0;

  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
  }

  submit(request: Request): void {
    this.#open.set((this.#count += 1), request);
    this.#send(request.message(this.#count));
  }

  withdraw(request: Request): void {
    for (const [number, open] of this.#open) {
      if (open !== request) continue;
      this.#open.delete(number);
      this.#send({ type: 'cancel', request: number });
    }
  }

  /** None of them will be answered any more. */
  clear(): void {
    this.#open.clear();
  }

  progress(number: number, done: number, total: number): void {
    this.#open.get(number)?.progress(done, total);
  }

  /** Answers the request that is done; undefined for one that was taken back. */
  finish(number: number): Request | undefined {
    const request = this.#open.get(number);
    this.#open.delete(number);
    return request;
  }

  fail(number: number, { message, hint }: ErrorReport): void {
    this.finish(number)?.failed(`${message} ${hint}`);
  }
}
