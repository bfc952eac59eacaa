const FIRST = 200;
const GROWTH = 1.8;
/** A source that comes back must be seen within three seconds, connecting included. */
const LONGEST = 1500;
/** After this long without a picture nobody waits in front of the screen. */
const PATIENCE = 15 * 60_000;
const LONGEST_WITHOUT_HOPE = 10_000;
const JITTER = 0.25;

/**
 * Milliseconds to wait before the `attempt`th try (from 1), `silence` ms after the last picture.
 * Grows by a constant factor; random within a quarter, so that feeds that went down together do not
 * come back as one.
 */
export function reconnectDelay(
  attempt: number,
  silence: number,
  random: () => number = Math.random,
): number {
  const longest = silence < PATIENCE ? LONGEST : LONGEST_WITHOUT_HOPE;
  const delay = Math.min(longest, FIRST * GROWTH ** Math.min(attempt - 1, 20));
  return delay * (1 - JITTER * random());
}
