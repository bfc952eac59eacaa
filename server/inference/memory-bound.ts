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

/** Bytes that the workers of one chain may take together, as the machine is now. */
export function memoryForInference(): number {
  return Math.min(MOST_BYTES, SHARE_OF_FREE * process.availableMemory());
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
  const sum = (of: (demand: { readonly perPicture: number; readonly once: number }) => number) =>
    chain.links.reduce((bytes, { demand }) => bytes + (demand ? of(demand) : 0), 0);
  // ONNX Runtime keeps the memory of a session between runs: those of all links are there at the
  // same time.
  const perPicture = sum((demand) => demand.perPicture);
  const once = COPIES_OF_WEIGHTS * sum((demand) => demand.once);
  const bytes = (batch: number) => once + perPicture * batch;
  const least = chain.batch ?? 1;
  if (bytes(least) > room) throw beyond(chain, bytes(least), room);
  let batch = chain.batch ?? maxBatch;
  while (batch > least && bytes(batch) * workers > room)
    batch = Math.max(least, Math.floor(batch / 2));
  const fitting = bytes(batch) > 0 ? Math.floor(room / bytes(batch)) : workers;
  return { workers: Math.min(workers, fitting), maxBatch: Math.min(maxBatch, batch) };
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
