import { once } from 'node:events';
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { RoadgazeError } from '../../../../shared/errors.ts';
import type { ParquetReply, ParquetRequest, ParquetTable } from './parquet-table.ts';

/** Longer than a million rows take on a slow machine. */
const LONGEST_MS = 60_000;
const MOST_HEAP_MB = 2048;

/**
 * Reads columns of a Parquet file, in a thread of its own that ends with it: to unpack them takes a
 * while, and what the file says of its own size need not be true. Throws LOG_INVALID,
 * INPUT_NOT_FOUND, or the signal's reason.
 */
export async function readParquet(
  request: ParquetRequest,
  signal?: AbortSignal,
): Promise<ParquetTable> {
  const worker = new Worker(new URL('./parquet-worker.js', import.meta.url), {
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
  });
  const limit = AbortSignal.timeout(LONGEST_MS);
  const name = basename(request.path);
  try {
    const stop = signal ? AbortSignal.any([signal, limit]) : limit;
    const [reply] = (await once(worker, 'message', { signal: stop })) as [ParquetReply];
    if ('table' in reply) return reply.table;
    const { code, reason, cause } = reply.failed;
    throw code === 'ENOENT' || code === 'EACCES'
      ? new RoadgazeError(
          'INPUT_NOT_FOUND',
          `${request.path} ${code === 'ENOENT' ? 'is not there' : 'may not be read'}.`,
          'Check that all of the drive was copied, and may be read.',
        )
      : unreadable(name, reason ?? 'it is cut off, damaged or no Parquet', cause);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RoadgazeError) throw error;
    const reason = limit.aborted ? 'it takes more than a minute' : 'it takes too much memory';
    throw unreadable(name, reason, error);
  } finally {
    await worker.terminate();
  }
}

/** Names of all columns, out of the file's end. Throws as `readParquet`. */
export async function parquetColumnNames(path: string): Promise<string[]> {
  const { names } = await readParquet({ path, columns: [], rowEnd: 0 });
  return [...names];
}

function unreadable(name: string, reason: string, cause: unknown): RoadgazeError {
  return new RoadgazeError(
    'LOG_INVALID',
    `${name} cannot be read as Parquet: ${reason}.`,
    'Check it with another program, for example pandas.read_parquet, and write or copy it again.',
    { cause },
  );
}
