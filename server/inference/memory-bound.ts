import { RoadgazeError } from '../../shared/errors.ts';
import { inBytes } from '../onnx/limits.ts';
import type { SessionChain } from './session-chain.ts';

/**
 * Of the machine's free memory, the share that one chain's workers may take together: decoders,
 * pages and a second chain need the rest.
 */
const SHARE_OF_FREE = 0.5;
/** However much is free: what else starts on the machine later needs some too. */
const MOST_BYTES = 8 * 2 ** 30;
/** A worker has the weights as the file that it was given, and as ONNX Runtime's own copy. */
const COPIES_OF_WEIGHTS = 2;

export interface Occupancy {
  readonly workers: number;
  /** Frames in a full batch. */
  readonly maxBatch: number;
}

/** As it was read last: a process without a descriptor left reads nothing, which is told as 0. */
let known = process.availableMemory();

function freeMemory(): number {
  const bytes = process.availableMemory();
  if (bytes > 0) known = bytes;
  return known;
}

/** Bytes of chains that are being started: they are not taken yet, and still count as free. */
let promised = 0;

/**
 * Bytes that the workers of one chain may take together, as the machine is now, and with what those
 * will take that are being started.
 */
export function memoryForInference(): number {
  return Math.min(MOST_BYTES, SHARE_OF_FREE * Math.max(0, freeMemory() - promised));
}

/** Counts bytes as taken while `start` runs, which takes them in the end. */
export async function whileTaking<Value>(
  bytes: number,
  start: () => Promise<Value>,
): Promise<Value> {
  promised += bytes;
  try {
    return await start();
  } finally {
    promised -= bytes;
  }
}

/**
 * The same, or less where that would take more than `room` bytes: first a smaller batch, which
 * costs a sixth of the speed, then fewer workers. Throws MODEL_SHAPE where one worker with the
 * smallest batch takes more.
 */
export function withinMemory(
  chain: SessionChain,
  { workers, maxBatch }: Occupancy,
  room: number,
): Occupancy {
  const bytes = (batch: number) => memoryOf(chain, { workers: 1, maxBatch: batch });
  const least = chain.batch ?? 1;
  if (bytes(least) > room) throw beyond(chain, bytes(least), room);
  let batch = chain.batch ?? maxBatch;
  while (batch > least && bytes(batch) * workers > room)
    batch = Math.max(least, Math.floor(batch / 2));
  const fitting = bytes(batch) > 0 ? Math.floor(room / bytes(batch)) : workers;
  return { workers: Math.min(workers, fitting), maxBatch: Math.min(maxBatch, batch) };
}

/** Bytes that so many workers of a chain take with full batches. */
export function memoryOf({ links, pull }: SessionChain, { workers, maxBatch }: Occupancy): number {
  // ONNX Runtime keeps the memory of a session between runs: those of all links are there at the
  // same time.
  return [...links, ...(pull ? [pull.link] : [])].reduce(
    (bytes, { demand }) =>
      bytes +
      (demand ? workers * (COPIES_OF_WEIGHTS * demand.once + demand.perPicture * maxBatch) : 0),
    0,
  );
}

function beyond({ links, batch }: SessionChain, bytes: number, room: number): RoadgazeError {
  const largest = links.reduce((found, link) =>
    (link.demand?.perPicture ?? 0) > (found.demand?.perPicture ?? 0) ? link : found,
  );
  const pictures =
    (batch ?? 1) > 1 ? `${batch} pictures at once, as its batch asks for` : 'one picture';
  return new RoadgazeError(
    'MODEL_SHAPE',
    `${largest.source} takes ${inBytes(bytes)} of memory to explain ${pictures}; the limit is ${inBytes(room)}, from what is free on this machine.`,
    'Close what else runs on this machine, ask for fewer methods, or use a smaller network.',
  );
}
