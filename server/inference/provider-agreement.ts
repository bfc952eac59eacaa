import type { SessionChain } from './session-chain.ts';
import type { WorkerPool } from './worker-pool.ts';

/**
 * Above this the two compute different things: rounding, and rectifiers that it turns over, stay
 * far below.
 */
const MOST_DIFFERENCE = 0.1;
/** Values of this size are nothing. */
const NOTHING = 1e-6;
const PICTURES = 2;

/**
 * Whether two pools compute the same of the same made-up frames: the root mean square difference of
 * every result is less than a tenth of its root mean square. `batch` frames are asked of the first
 * at once, because a batch may go wrong where a single frame does not.
 */
export async function agree(
  pool: WorkerPool,
  reference: WorkerPool,
  chain: SessionChain,
  batch: number,
): Promise<boolean> {
  const frames = Array.from({ length: PICTURES }, (_, picture) => madeUp(chain, picture + 1));
  const copy = (frame: number) => frames[frame % PICTURES]!.map((bytes) => bytes.slice());
  const [found, expected] = await Promise.all([
    Promise.all(Array.from({ length: batch }, (_, frame) => pool.run(copy(frame), false))),
    Promise.all(frames.map((_, frame) => reference.run(copy(frame), false))),
  ]);
  return chain.results.every((_, result) => {
    let [difference, size, count] = [0, 0, 0];
    found.forEach((values, frame) => {
      const [one, other] = [values[result]!, expected[frame % PICTURES]![result]!];
      other.forEach((value, at) => {
        // No number on both sides: two maps of which one is dead have no rank correlation.
        if (Number.isNaN(one[at]!) && Number.isNaN(value)) return;
        difference += (one[at]! - value) ** 2;
        size += value ** 2;
      });
      count += other.length;
    });
    // Not the other way round: no number on one side must not pass.
    return Math.sqrt(difference) <= MOST_DIFFERENCE * Math.sqrt(size) + NOTHING * Math.sqrt(count);
  });
}

/**
 * Stripes with noise on them, so that every layer has something to react to: 0…255 in bytes, 0…1 in
 * float32. Every further one is darker.
 */
function madeUp({ links, inputBytes }: SessionChain, seed: number): Uint8Array[] {
  return inputBytes.map((length, input) => {
    const isFloat = links.some(({ feeds }) =>
      feeds.some((feed) => feed.from === 'call' && feed.input === input && feed.type === 'float32'),
    );
    let state = seed;
    const values = Float32Array.from({ length: isFloat ? length / 4 : length }, (_, at) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (0.5 + 0.3 * Math.sin(at / (5 + seed)) + 0.2 * (state / 2 ** 31 - 1)) / seed;
    });
    return isFloat
      ? new Uint8Array(values.buffer)
      : Uint8Array.from(values, (value) => 255 * value);
  });
}
