import { join } from 'node:path';
import { repositoryRoot } from '../../../support/paths.ts';

/** What `make-bags.py` has written, from the same formulas. */

export const BAGS = join(repositoryRoot, 'test', 'drive', 'fixtures', 'bags');
export const FRAMES = 12;
const START = 1_690_000_000_123_456_789n;
const SECOND = 1_000_000_000n;

function stampOf(frame: number): bigint {
  return START + (BigInt(frame) * SECOND) / 10n + BigInt((frame * 7919) % 13) * 1_000_003n;
}

/** Seconds from the first picture. */
export const PTS = Array.from({ length: FRAMES }, (_, i) => Number(stampOf(i) - stampOf(0)) / 1e9);

export const SIGNALS = Array.from(
  { length: 80 },
  (_, k) => START - SECOND / 5n + (BigInt(k) * SECOND) / 50n + BigInt(k) * 1_001n,
);

export function steeringAt(ns: bigint): number {
  return 0.25 * Math.sin((Number(ns - START) / 1e9) * 2) + 0.03;
}

export function speedAt(ns: bigint): number {
  return 8 + 2 * Math.cos(Number(ns - START) / 1e9);
}

/** Linear between the signals around a time of the pictures. */
export function interpolated(valueAt: (ns: bigint) => number, pts: number): number {
  const times = SIGNALS.map((ns) => Number(ns - stampOf(0)) / 1e9);
  const next = times.findIndex((time) => time >= pts);
  const [before, after] = [times[next - 1]!, times[next]!];
  const share = (pts - before) / (after - before);
  return (1 - share) * valueAt(SIGNALS[next - 1]!) + share * valueAt(SIGNALS[next]!);
}

/** Of the upper half of a picture; below is its negative. */
export function colorOf(frame: number): [number, number, number] {
  return [20 + 18 * frame, 230 - 18 * frame, 120];
}

export function greyOf([red, green, blue]: readonly number[]): number {
  return 0.299 * red! + 0.587 * green! + 0.114 * blue!;
}
