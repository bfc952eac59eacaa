import { angleOfKind, type AngleOf, type SteeringSignal } from '../../../shared/steering.ts';
import type { LogChoices } from './choices.ts';
import { STEERING_UNITS, type LogPlan } from './plan.ts';
import { COMMAND, kindByName } from './steering-names.ts';

export interface SteeringRequest {
  readonly file: string;
  readonly plan: LogPlan;
  readonly values: Float64Array;
  readonly choices: LogChoices;
  readonly say: (sentence: string) => void;
}

export interface LoggedSteering {
  /** Radians, positive to the left. */
  readonly steering: Float64Array | null;
  /** Whose angle that is; null where nobody says. */
  readonly angleOf: AngleOf | null;
  /** Share of full lock, −1…1, positive to the left. */
  readonly normalized: Float64Array | null;
  /** 1/m, positive to the left. */
  readonly curvature: Float64Array | null;
  /** Asks for the unit, where nobody says it. */
  readonly question: string | null;
}

const WHOSE = { wheel: 'steering wheel', tyre: 'front tyres' } as const;
const RADIANS_PER_DEGREE = Math.PI / 180;
/**
 * No steering wheel turns further to one side than two and a half times; what is larger is not in
 * radians.
 */
const LARGEST_RADIANS = 5 * Math.PI;

export const NO_STEERING: LoggedSteering = {
  steering: null,
  angleOf: null,
  normalized: null,
  curvature: null,
  question: null,
};

/** What a column is as a signal of steering; `column` counts from 0. */
export function steeringSignal({ columns, tool }: LogPlan, column: number): SteeringSignal {
  const { label, name, unit: written } = columns[column]!;
  const isTools = tool?.steering === column;
  const unit = isTools ? tool.steeringUnit : written === null ? null : STEERING_UNITS[written];
  const kind =
    unit === 'normalized'
      ? unit
      : unit === '1/m'
        ? 'curvature'
        : ((isTools ? tool.angleOf : null) ?? kindByName(name));
  return {
    name: label,
    kind,
    isCommand: COMMAND.test(name),
    unit: unit ?? null,
    positive: isTools ? tool.positive : 'left',
    ...(isTools && tool.fullLockDegrees !== null
      ? {
          fullLockDegrees: tool.fullLockDegrees,
          ...(tool.angleOf ? { fullLockOf: tool.angleOf } : {}),
        }
      : {}),
  };
}

/** A steering column in Roadgaze's units, or the question for its unit. Says what was assumed. */
export function readSteering({
  file,
  plan,
  values,
  choices,
  say,
}: SteeringRequest): LoggedSteering {
  const { tool } = plan;
  const heading = plan.columns[plan.steering]!;
  const isTools = tool?.steering === plan.steering;
  const signal = steeringSignal(plan, plan.steering);
  const unit = choices.unit ?? signal.unit ?? beyondRadians(values, say);
  if (choices.unit && choices.unit !== signal.unit)
    say(
      `steering is taken as ${choices.unit}, as asked for${signal.unit ? `, although it is written in ${signal.unit}` : ''}.`,
    );
  if (!unit) return { ...NO_STEERING, question: questionFor(file, heading.label, values) };

  const positive = choices.positive ?? signal.positive;
  if (!choices.positive && !isTools) say('positive steering is taken as left.');
  const sign = positive === 'left' ? 1 : -1;
  const times = (factor: number) => (factor === 1 ? values : values.map((value) => value * factor));
  if (unit === '1/m') return { ...NO_STEERING, curvature: times(sign) };
  const own = angleOfKind(signal.kind);
  const angleOf = choices.angleOf ?? own;
  if (choices.angleOf && choices.angleOf !== own && unit !== 'normalized')
    say(
      `steering is taken as the angle of the ${WHOSE[choices.angleOf]}, as asked for${own ? `, although the log calls it that of the ${WHOSE[own]}` : ''}.`,
    );
  if (unit !== 'normalized')
    return {
      ...NO_STEERING,
      steering: times(sign * (unit === 'deg' ? RADIANS_PER_DEGREE : 1)),
      angleOf,
    };
  const fullLock = isTools && !choices.unit ? tool.fullLockDegrees : null;
  if (fullLock !== null) say(`a steering of 1 is an angle of ${fullLock}°.`);
  return {
    ...NO_STEERING,
    steering: fullLock === null ? null : times(sign * fullLock * RADIANS_PER_DEGREE),
    angleOf: fullLock === null ? null : (choices.angleOf ?? tool?.angleOf ?? null),
    normalized: times(sign),
  };
}

function beyondRadians(values: Float64Array, say: (sentence: string) => void): 'deg' | null {
  if (!values.some((value) => Math.abs(value) > LARGEST_RADIANS)) return null;
  say('steering is taken as deg, because no wheel turns so far in radians.');
  return 'deg';
}

function questionFor(file: string, label: string, values: Float64Array): string {
  const known = values.filter((value) => !Number.isNaN(value));
  const [low, high] = known.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)] as const,
    [Infinity, -Infinity] as const,
  );
  const range = known.length
    ? ` (${Number(low.toPrecision(3))} to ${Number(high.toPrecision(3))})`
    : '';
  return `${file} does not say the unit of "${label}"${range}, so what was driven is not compared. Say it with --log-unit rad, deg or normalized, or write it into the header: "${label} [deg]".`;
}
