import type { AngleOf, SteeringRatio } from '../../shared/steering.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';

/** What of a drive log is written, in Roadgaze's units. Times in seconds of the pictures' clock. */
export interface LogSignals {
  readonly steering: SteeringSignal | null;
  readonly speed: Signal | null;
  readonly others: readonly NamedSignal[];
}

export interface Signal {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface NamedSignal extends Signal {
  readonly name: string;
  readonly unit: string | null;
}

/** Positive to the left; at least one of the two is there. */
export interface SteeringSignal {
  readonly times: Float64Array;
  /** Radians. */
  readonly angle: Float64Array | null;
  /** Whose angle that is; null where nobody says. */
  readonly angleOf?: AngleOf | null;
  readonly ratio?: SteeringRatio | null;
  /** Of full lock. */
  readonly share: Float64Array | null;
}

export const NO_SIGNALS: LogSignals = { steering: null, speed: null, others: [] };

/** Signals of a log, moved by `offset` seconds. Columns without any number are left out. */
export function signalsOf(log: DriveLog, offset = 0): LogSignals {
  const moved = (times: Float64Array): Float64Array =>
    offset === 0 ? times : times.map((time) => time + offset);
  const times = moved(log.times);
  const angle = withNumbers(log.steering);
  const share = withNumbers(log.normalized ?? null);
  const speed = withNumbers(log.speed);
  return {
    steering:
      angle || share
        ? { times, angle, angleOf: log.angleOf ?? null, ratio: log.ratio ?? null, share }
        : null,
    speed: speed && { times: log.speedTimes ? moved(log.speedTimes) : times, values: speed },
    others: log.extra
      .filter(({ values }) => withNumbers(values))
      .map(({ name, unit, times: own, values }) => ({
        name,
        unit,
        times: own ? moved(own) : times,
        values,
      })),
  };
}

function withNumbers(values: Float64Array | null): Float64Array | null {
  return values?.some((value) => !Number.isNaN(value)) ? values : null;
}

/** Their names, steering and speed first. */
export function signalNames({ steering, speed, others }: LogSignals): string[] {
  return [
    ...(steering ? ['steering'] : []),
    ...(speed ? ['speed'] : []),
    ...others.map(({ name }) => name),
  ];
}
