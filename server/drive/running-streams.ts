import type { FramesRequest, FrameStream } from '../video/frame-source.ts';

/** Frame streams of one source, all of which end when that is closed. */
export class RunningStreams {
  readonly #running = new Map<FrameStream, AbortController>();
  #closed = false;

  /** `open` gets the request with a signal that `close` aborts too. */
  start(request: FramesRequest, open: (request: FramesRequest) => FrameStream): FrameStream {
    const { signal } = request;
    const stop = new AbortController();
    const forward = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', forward, { once: true });
    if (signal?.aborted) forward();
    if (this.#closed) stop.abort(closed());
    const stream = open({ ...request, signal: stop.signal });
    this.#running.set(stream, stop);
    const leave = (): void => {
      signal?.removeEventListener('abort', forward);
      this.#running.delete(stream);
    };
    return {
      get warnings() {
        return stream.warnings;
      },
      async close() {
        leave();
        await stream.close();
      },
      async *[Symbol.asyncIterator]() {
        try {
          yield* stream;
        } finally {
          leave();
        }
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running];
    this.#running.clear();
    for (const [, stop] of running) stop.abort(closed());
    await Promise.all(running.map(([stream]) => stream.close()));
  }
}

function closed(): DOMException {
  return new DOMException('The drive was closed.', 'AbortError');
}
