import { Worker } from 'node:worker_threads';
import type { ThreadResult, ThreadTask } from './thread-tasks.ts';

/**
 * Runs one task in a thread of its own, which an abort ends at once. Rejects with the signal's
 * reason.
 */
export function offThread<Name extends ThreadTask['name']>(
  name: Name,
  request: Extract<ThreadTask, { name: Name }>['request'],
  signal: AbortSignal,
): Promise<ThreadResult<Name>> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./thread-tasks.js', import.meta.url), {
    workerData: { name, request },
  });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  return new Promise<ThreadResult<Name>>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () =>
      reject(
        signal.aborted ? signal.reason : new Error(`the thread for ${name} ended without a result`),
      ),
    );
  }).finally(() => signal.removeEventListener('abort', stop));
}
