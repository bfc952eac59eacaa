import { z } from 'zod';

/**
 * What a vehicle says about itself, in units of the network's sidecar for steering and m/s for
 * speed.
 */
export interface DrivingSignal {
  /** Seconds of the sender's clock, whatever its zero. */
  readonly t: number;
  readonly steering: number | null;
  readonly speed: number | null;
}

const LONGEST = 1024;
/** Seconds since 1970 in other units, and counters that ran over, are no seconds. */
const time = z.number().min(-1e11).max(1e11);
const value = z.number().min(-1e9).max(1e9).nullish();
const schema = z
  .object({ t: time, steering: value, speed: value })
  .refine(({ steering, speed }) => typeof steering === 'number' || typeof speed === 'number');

/**
 * `{"t": 12.34, "steering": -0.1, "speed": 13.9}`; one of steering and speed may be left out. null
 * for anything else, and for numbers that no vehicle sends.
 */
export function readSignalLine(line: string): DrivingSignal | null {
  if (line.length > LONGEST) return null;
  try {
    const answer = schema.safeParse(JSON.parse(line));
    return answer.success
      ? {
          t: answer.data.t,
          steering: answer.data.steering ?? null,
          speed: answer.data.speed ?? null,
        }
      : null;
  } catch {
    return null;
  }
}
