import { LARGEST_RATIO, SMALLEST_RATIO, type SteeringRatio } from '../../../../shared/steering.ts';
import type { Series, SeriesOfDrive, SteeringSeries } from '../../log/series.ts';
import { NUMBER_EVENTS } from './event-fields.ts';
import type { LogContents } from './event-reader.ts';

export const STEERING = 'carState.steeringAngleDeg';
export const SPEED = 'carState.vEgo';
const RATIO = 'carParams.steerRatio';
/**
 * What could be the steering too. Curvature of openpilot is positive to the right, as the y of its
 * frame is.
 */
const CANDIDATES: readonly Omit<SteeringSeries, 'times' | 'values'>[] = [
  {
    name: STEERING,
    kind: 'wheel',
    unit: 'deg',
    positive: 'left',
    because: 'it is the measured angle of the wheel',
  },
  {
    name: 'carControl.actuators.steeringAngleDeg',
    kind: 'wheel',
    unit: 'deg',
    positive: 'left',
    isCommand: true,
    because: 'it is the angle that was steered for, and no measured one is there',
  },
  { name: 'controlsState.curvature', kind: 'curvature', unit: '1/m', positive: 'right' },
  { name: 'controlsState.desiredCurvature', kind: 'curvature', unit: '1/m', positive: 'right' },
  {
    name: 'carControl.actuators.curvature',
    kind: 'curvature',
    unit: '1/m',
    positive: 'right',
    isCommand: true,
  },
];

/** What was logged, segment by segment, with times that have their zero at `origin` (s). */
export function routeSignals(
  file: string,
  logs: readonly LogContents[],
  origin: number | null,
  notes: readonly string[],
): SeriesOfDrive {
  const series = [...NUMBER_EVENTS.values()].flat().flatMap(({ name, fields }) => {
    const parts = logs.flatMap(({ numbers }) => numbers.filter((each) => each.name === name));
    if (parts.length === 0) return [];
    const times = joined(parts.map((part) => part.times));
    return fields.map((field) => ({
      name: `${name}.${field.name}`,
      unit: field.unit ?? null,
      times,
      values: joined(parts.map(({ columns }) => columns.get(field.name)!)),
    }));
  });
  const start = origin ?? series.reduce((first, { times }) => Math.min(first, times[0]!), Infinity);
  const moved = new Map<Float64Array, Float64Array>();
  const all: Series[] = series
    .filter(({ values }) => values.some((value) => !Number.isNaN(value)))
    .map(({ times, ...rest }) => {
      const own = moved.get(times) ?? times.map((time) => time - start);
      moved.set(times, own);
      return { ...rest, times: own };
    });
  const steering = CANDIDATES.flatMap((candidate) => {
    const found = all.find(({ name }) => name === candidate.name);
    // What a car is not steered by stays 0.
    const isUsed = candidate.name === STEERING || found?.values.some((value) => value !== 0);
    return found && isUsed ? [{ ...found, ...candidate }] : [];
  });
  const speed = all.find(({ name }) => name === SPEED) ?? null;
  return {
    file,
    steering,
    speed,
    others: all.filter(
      (each) =>
        each !== speed && each.name !== RATIO && !steering.some(({ name }) => name === each.name),
    ),
    ratio: ratioOf(all),
    assumptions: [
      ...notes,
      ...(origin === null
        ? [
            `${file}: nothing says when the frames were taken by the clock of the log; the first value that was logged is taken to belong to the first frame.`,
          ]
        : []),
    ],
  };
}

/** The car's own, which openpilot logs again and again. */
function ratioOf(all: readonly Series[]): SteeringRatio | null {
  const value = all.find(({ name }) => name === RATIO)?.values.find((each) => each > 0);
  return value !== undefined && value >= SMALLEST_RATIO && value <= LARGEST_RATIO
    ? { value, from: `which ${RATIO} of the log tells` }
    : null;
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
