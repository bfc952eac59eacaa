import { randomNumbers } from '../explain/iterative/random.ts';

/**
 * Numbers of `count` frames of `length`, ascending: one in each of as many equal stretches, drawn by
 * the seed. All of them where there are no more.
 */
export function chosenFrames(length: number, count: number, seed: number): readonly number[] {
  if (length <= count) return Array.from({ length }, (_, frame) => frame);
  const random = randomNumbers(seed);
  return Array.from({ length: count }, (_, index) =>
    Math.floor(((index + random()) * length) / count),
  );
}

/** `count` shared out to drives by their lengths, at least one each. */
export function framesPerDrive(lengths: readonly number[], count: number): readonly number[] {
  const all = lengths.reduce((sum, length) => sum + length, 0);
  return lengths.map((length) => Math.min(length, Math.max(1, Math.round((count * length) / all))));
}
