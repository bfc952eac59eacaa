import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { reportOf } from '../../../shared/errors.ts';
import { beyondLimit } from '../../onnx/limits.ts';
import {
  BYTES_PER_SECOND,
  memoryLimit,
  OUT_OF_TIME,
  type WorkshopReply,
  type WorkshopRequest,
} from './messages.ts';
import { tasks, weightsBeside } from './tasks.ts';

/**
 * The process that works on networks. A thread beside the work watches what the process takes and
 * ends it where that is too much: the work itself never gives way, and what is outside of
 * JavaScript's heap has no limit of its own.
 */
/**
 * Bytes; and seconds of processor time since the start of the process, by which the work must be
 * done.
 */
const limit = new Float64Array(new SharedArrayBuffer(16));
const WATCH = `
  const { workerData } = require('node:worker_threads');
  const parent = process.ppid;
  setInterval(() => {
    if (process.memoryUsage.rss() > workerData[0] || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
    const { user, system } = process.cpuUsage();
    if ((user + system) / 1e6 > workerData[1]) process.kill(process.pid, '${OUT_OF_TIME}');
  }, 20);
`;
limit[0] = memoryLimit(0);
limit[1] = Infinity;
new Worker(WATCH, { eval: true, workerData: limit }).unref();

process.on('disconnect', () => process.exit());
// An interrupt in the terminal reaches all processes; whoever started this one ends it.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('message', (request: WorkshopRequest) => void answer(request));

/** What JavaScript says where its own stack, lists or texts end before the limits here are met. */
function isTooMuch(error: unknown): boolean {
  return (
    error instanceof RangeError &&
    /call stack|(?:array|string|typed array) length|allocation failed/i.test(error.message)
  );
}

async function answer({ name, request, seconds }: WorkshopRequest): Promise<void> {
  const { user, system } = process.cpuUsage();
  limit[1] = (user + system) / 1e6 + seconds;
  let size = await stat(request.path).then(
    (found) => found.size,
    () => 0,
  );
  limit[0] = memoryLimit(size);
  weightsBeside.onRead = (bytes) => {
    if (bytes === 0) return;
    limit[0] = memoryLimit((size += bytes));
    limit[1]! += bytes / BYTES_PER_SECOND;
    process.send!({ weights: bytes } satisfies WorkshopReply);
  };
  let reply: WorkshopReply;
  try {
    reply = {
      result: await (tasks[name] as (request: unknown) => Promise<unknown>)(request),
      rss: process.memoryUsage.rss(),
    };
  } catch (error) {
    const report = isTooMuch(error)
      ? beyondLimit(
          basename(request.path),
          'nests or lists more than can be held while it is made ready',
        ).report()
      : reportOf(error);
    reply = {
      error: report.code === 'INTERNAL' ? null : report,
      cause: error instanceof Error ? (error.stack ?? error.message) : String(error),
      rss: process.memoryUsage.rss(),
    };
  }
  limit[1] = Infinity;
  process.send!(reply);
}
