import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LogContents } from './event-reader.ts';
import type { LogReply, LogRequest } from './log-worker.ts';

/** Longer than a minute's log takes on a slow machine. */
const LONGEST_MS = 60_000;
const MOST_HEAP_MB = 1024;

/**
 * Reads logs in a thread of its own, one after the other: to unpack them takes a while, and what
 * serves sockets has no time for that.
 */
export class LogThread {
  readonly #stop = new AbortController();
  #worker: Worker | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * A text says why a log cannot be read, and goes on from the file's name. Throws an AbortError
   * when the thread is closed.
   */
  read(path: string): Promise<LogContents | string> {
    const answer = this.#last.then(() => this.#ask(path));
    this.#last = answer.catch(() => null);
    return answer;
  }

  async close(): Promise<void> {
    this.#stop.abort(new DOMException('The drive was closed.', 'AbortError'));
    await this.#end();
  }

  async #ask(path: string): Promise<LogContents | string> {
    this.#stop.signal.throwIfAborted();
    const worker = (this.#worker ??= startWorker());
    const limit = AbortSignal.timeout(LONGEST_MS);
    worker.ref();
    try {
      const answer = once(worker, 'message', {
        signal: AbortSignal.any([this.#stop.signal, limit]),
      });
      worker.postMessage({ path } satisfies LogRequest);
      const [reply] = (await answer) as [LogReply];
      if ('contents' in reply) return reply.contents;
      const { code } = reply.failed;
      return code === 'EACCES' ? 'may not be read' : `cannot be read (${code ?? 'damaged'})`;
    } catch {
      await this.#end();
      this.#stop.signal.throwIfAborted();
      return limit.aborted ? 'takes more than a minute to read' : 'takes too much memory to read';
    } finally {
      worker.unref();
    }
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }
}

function startWorker(): Worker {
  const worker = new Worker(new URL('./log-worker.js', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
  });
  // Told to whoever waits for an answer.
  worker.on('error', () => null);
  return worker;
}
