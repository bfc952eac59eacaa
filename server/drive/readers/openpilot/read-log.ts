import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LogContents } from './event-reader.ts';
import type { LogReply, LogRequest } from './log-worker.ts';

/** Longer than a minute's log takes on a slow machine. */
const LONGEST_MS = 60_000;
const MOST_HEAP_MB = 1024;

/**
 * Reads a log in a thread of its own that ends with it. A text says why it cannot be read, and goes
 * on from the file's name. Throws the signal's reason.
 */
export async function readLog(path: string, signal?: AbortSignal): Promise<LogContents | string> {
  const worker = new Worker(new URL('./log-worker.js', import.meta.url), {
    workerData: { path } satisfies LogRequest,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
  });
  const limit = AbortSignal.timeout(LONGEST_MS);
  try {
    const stop = signal ? AbortSignal.any([signal, limit]) : limit;
    const [reply] = (await once(worker, 'message', { signal: stop })) as [LogReply];
    if ('contents' in reply) return reply.contents;
    const { code } = reply.failed;
    return code === 'EACCES' ? 'may not be read' : `cannot be read (${code ?? 'damaged'})`;
  } catch {
    signal?.throwIfAborted();
    return limit.aborted ? 'takes more than a minute to read' : 'takes too much memory to read';
  } finally {
    await worker.terminate();
  }
}
