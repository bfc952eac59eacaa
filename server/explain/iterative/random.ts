import type { MethodOption } from '../method-options.ts';

/** Of methods that draw numbers; `about` says what another seed changes. */
export function seedOption(about: string): MethodOption {
  return {
    name: 'seed',
    about,
    kind: 'number',
    fallback: 1,
    least: 0,
    most: 2 ** 32 - 1,
    whole: true,
  };
}

/**
 * Numbers 0 ≤ x < 1 that are the same for the same seed in every run (mulberry32, Tommy Ettinger,
 * public domain).
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normally distributed numbers with mean 0 and standard deviation 1 (Box and Muller 1958). */
export function normalNumbers(random: () => number): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
