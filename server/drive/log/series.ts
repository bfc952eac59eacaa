import {
  angleOfKind,
  type AngleOf,
  type SteeringKind,
  type SteeringRatio,
  type SteeringSignal,
} from '../../../shared/steering.ts';
import { invalid } from './log-fault.ts';
import { chosenRatio, type LogChoices } from './choices.ts';
import type { DriveLog, LogColumn } from './drive-log.ts';
import { METRES_PER_SECOND_PER, STEERING_UNITS } from './plan.ts';
import { inOrder } from './series-order.ts';
import { COMMAND, kindByName } from './steering-names.ts';

/** Numbers that were logged, each at a time. */
export interface Series {
  /** As a person may choose it: a column, or `topic.field`. */
  readonly name: string;
  readonly unit: string | null;
  /** Seconds on the clock of the pictures, one per value. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** What can be the steering of a drive. */
export interface SteeringSeries extends Series, Omit<SteeringSignal, 'isCommand'> {
  readonly unit: SteeringSignal['unit'];
  readonly isCommand?: boolean;
  /** Why it is taken before those after it; goes on after `because`. */
  readonly because?: string;
}

export interface SeriesOfDrive {
  /** Name of the log, for messages. */
  readonly file: string;
  /** What could be the steering, the best first. */
  readonly steering: readonly SteeringSeries[];
  /** Unit as in METRES_PER_SECOND_PER. */
  readonly speed: Series | null;
  readonly others: readonly Series[];
  /** Where the log tells it. */
  readonly ratio?: SteeringRatio | null;
  readonly assumptions?: readonly string[];
}

const RADIANS_PER_DEGREE = Math.PI / 180;
const KINDS: Readonly<Record<SteeringKind, string>> = {
  wheel: 'the angle of the steering wheel',
  tyre: 'the angle of the front tyres',
  angle: 'an angle',
  curvature: 'the curvature of the path',
  normalized: 'a share of full lock',
};
/** More names than this are counted, not shown. */
const MOST_NAMES = 6;

/**
 * A drive log out of series that each have a clock of their own. Of several that could be the
 * steering the first one counts, or the one that a person chose, who may choose any other series
 * too. Throws LOG_INVALID where that is not there.
 */
export function logFromSeries(drive: SeriesOfDrive, choices: LogChoices = {}): DriveLog {
  const { file } = drive;
  const assumptions = [...(drive.assumptions ?? [])];
  const say = (sentence: string): void => void assumptions.push(`${file}: ${sentence}`);
  const wanted = chosen(drive, choices);
  const moved = <Kind extends Series>(series: Kind): Kind => ({
    ...series,
    ...inOrder(series, choices.offset ?? 0, say),
  });
  const steering = wanted && moved(wanted);
  if (choices.offset) say(`its times are moved by ${choices.offset} s, as asked for.`);
  tellReason(drive, choices, say);
  const found = steering ? read(steering, { file, choices, say }) : NOTHING;
  if (found.question) assumptions.push(found.question);
  tellCandidates(drive, wanted, say);

  const speed = drive.speed && moved(drive.speed);
  const rest = [...drive.steering, ...drive.others].filter(
    ({ name }) => name !== wanted?.name || found.question,
  );
  const extra: LogColumn[] = rest.map((series) => {
    const { name, unit, times, values } = moved(series);
    return { name, unit, times, values };
  });
  if (found.curvature && steering)
    extra.push({ name: 'curvature', unit: '1/m', times: steering.times, values: found.curvature });
  return {
    times: steering?.times ?? speed?.times ?? extra[0]?.times ?? new Float64Array(),
    steering: found.steering,
    angleOf: found.angleOf,
    normalized: found.normalized,
    ratio: chosenRatio(choices) ?? drive.ratio ?? null,
    taken: steering && { ...signalOf(steering), times: steering.times, values: steering.values },
    candidates: drive.steering.map(signalOf),
    question: found.question,
    speed:
      speed && speed.values.map((value) => value * METRES_PER_SECOND_PER[speed.unit ?? 'm/s']!),
    ...(speed ? { speedTimes: speed.times } : {}),
    extra,
    assumptions,
  };
}

interface Found {
  readonly steering: Float64Array | null;
  readonly angleOf: AngleOf | null;
  readonly normalized: Float64Array | null;
  readonly curvature: Float64Array | null;
  readonly question: string | null;
}

const NOTHING: Found = {
  steering: null,
  angleOf: null,
  normalized: null,
  curvature: null,
  question: null,
};

interface Reading {
  readonly file: string;
  readonly choices: LogChoices;
  readonly say: (sentence: string) => void;
}

/** One series as steering, in Roadgaze's units. */
function read(series: SteeringSeries, { file, choices, say }: Reading): Found {
  const { name, values } = series;
  const unit = choices.unit ?? series.unit;
  const kind = choices.angleOf ?? series.kind;
  if (choices.angleOf && choices.angleOf !== series.kind && unit !== 'normalized' && unit !== '1/m')
    say(
      `steering is taken as ${KINDS[choices.angleOf]}, as asked for${angleOfKind(series.kind) ? `, although the log calls it ${KINDS[series.kind]}` : ''}.`,
    );
  if (choices.unit && choices.unit !== series.unit)
    say(
      `steering is taken as ${choices.unit}, as asked for${series.unit ? `, although it is written in ${series.unit}` : ''}.`,
    );
  if (!unit)
    return {
      ...NOTHING,
      question: `${file} does not say the unit of "${name}", so what was driven is not compared. Say it with --log-unit rad, deg or normalized.`,
    };
  const positive = choices.positive ?? series.positive;
  say(
    `steering is "${name}", ${choices.unit ? `in ${unit}` : KINDS[kind]}${unit === 'normalized' || choices.unit ? '' : ` in ${unit}`}, positive to the ${positive}.`,
  );
  const sign = positive === 'left' ? 1 : -1;
  const times = (factor: number): Float64Array =>
    factor === 1 ? values : values.map((value) => value * factor);
  if (unit === '1/m') return { ...NOTHING, curvature: times(sign) };
  if (unit !== 'normalized')
    return {
      ...NOTHING,
      steering: times(sign * (unit === 'deg' ? RADIANS_PER_DEGREE : 1)),
      angleOf: angleOfKind(kind),
    };
  const fullLock = choices.unit === undefined ? (series.fullLockDegrees ?? null) : null;
  if (fullLock !== null) say(`a steering of 1 is an angle of ${fullLock}°.`);
  return {
    ...NOTHING,
    steering: fullLock === null ? null : times(sign * fullLock * RADIANS_PER_DEGREE),
    angleOf: fullLock === null ? null : (choices.angleOf ?? series.fullLockOf ?? null),
    normalized: times(sign),
  };
}

function chosen(drive: SeriesOfDrive, { column }: LogChoices): SteeringSeries | null {
  if (column === undefined) return drive.steering[0] ?? null;
  const known = [...drive.steering, ...drive.others];
  const wish = column.trim().toLowerCase();
  const found = known.find(({ name }) => name.toLowerCase() === wish);
  if (!found)
    throw invalid(
      `${drive.file} has no signal ${JSON.stringify(column)}; its signals are ${listed(known)}.`,
      'Choose one of them with --log-column.',
    );
  if (isSteering(found)) return found;
  const unit = found.unit === null ? null : (STEERING_UNITS[found.unit] ?? null);
  const kind = unit === 'normalized' ? unit : unit === '1/m' ? 'curvature' : kindByName(found.name);
  return { ...found, unit, kind, positive: 'left' };
}

/** Without its numbers. */
function signalOf(series: SteeringSeries): SteeringSignal {
  const { name, kind, unit, positive, fullLockDegrees, fullLockOf } = series;
  const { isCommand = COMMAND.test(name) } = series;
  return {
    name,
    kind,
    isCommand,
    unit,
    positive,
    ...(fullLockDegrees === undefined ? {} : { fullLockDegrees }),
    ...(fullLockOf === undefined ? {} : { fullLockOf }),
  };
}

/** Why the first one is taken where there are several, and nobody has chosen. */
function tellReason(
  { steering: [first, ...rest] }: SeriesOfDrive,
  { column }: LogChoices,
  say: (sentence: string) => void,
): void {
  if (!first?.because || rest.length === 0 || column !== undefined) return;
  say(
    `${JSON.stringify(first.name)} is taken as steering, before ${rest.length === 1 ? 'another' : `${rest.length} others`}, because ${first.because}.`,
  );
}

function isSteering(series: Series): series is SteeringSeries {
  return 'kind' in series;
}

/** What was not taken, although it could be the steering too. */
function tellCandidates(
  { steering }: SeriesOfDrive,
  wanted: Series | null,
  say: (sentence: string) => void,
): void {
  const others = steering.filter((series) => series !== wanted);
  if (others.length > 0)
    say(`${listed(others)} could be the steering too; --log-column chooses another.`);
}

function listed(series: readonly Series[]): string {
  const names = series.slice(0, MOST_NAMES).map(({ name }) => JSON.stringify(name));
  return names.join(', ') + (series.length > MOST_NAMES ? ', …' : '');
}
