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
  /** All else that it tells, by its names in lower case; left out where it is nothing. */
  readonly values?: Readonly<Record<string, number>>;
}

/** Further values of one line; what is more is left out. */
const MOST_VALUES = 16;
const LONGEST_NAME = 64;

const LONGEST = 1024;
/** Seconds since 1970 in other units, and counters that ran over, are no seconds. */
const time = z.number().min(-1e11).max(1e11);
const value = z.number().min(-1e9).max(1e9).nullish();
const schema = z.looseObject({ t: time, steering: value, speed: value });

/**
 * `{"t": 12.34, "steering": -0.1, "speed": 13.9, "command": 2}`: at least one value, and truth values
 * are 1 and 0. null for anything else, and for numbers that no vehicle sends.
 */
export function readSignalLine(line: string): DrivingSignal | null {
  if (line.length > LONGEST) return null;
  try {
    const answer = schema.safeParse(JSON.parse(line));
    if (!answer.success) return null;
    const { t, steering = null, speed = null, ...others } = answer.data;
    const values = Object.entries(others)
      .flatMap(([name, given]) => {
        const number = value.safeParse(typeof given === 'boolean' ? Number(given) : given).data;
        return typeof number === 'number' && name.length <= LONGEST_NAME
          ? [[name.trim().toLowerCase(), number] as const]
          : [];
      })
      .slice(0, MOST_VALUES);
    if (steering === null && speed === null && values.length === 0) return null;
    return {
      t,
      steering,
      speed,
      ...(values.length > 0 ? { values: Object.fromEntries(values) } : {}),
    };
  } catch {
    return null;
  }
}
