import type { LogChoices } from './choices.ts';
import { STEERING_UNITS, type LogPlan } from './plan.ts';

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
  /** Share of full lock, −1…1, positive to the left. */
  readonly normalized: Float64Array | null;
  /** Asks for the unit, where nobody says it. */
  readonly question: string | null;
}

const RADIANS_PER_DEGREE = Math.PI / 180;
/**
 * No steering wheel turns further to one side than two and a half times; what is larger is not in
 * radians.
 */
const LARGEST_RADIANS = 5 * Math.PI;

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
  const written = isTools
    ? tool.steeringUnit
    : heading.unit === null
      ? null
      : STEERING_UNITS[heading.unit]!;
  const unit = choices.unit ?? written ?? beyondRadians(values, say);
  if (choices.unit && choices.unit !== written)
    say(
      `steering is taken as ${choices.unit}, as asked for${written ? `, although it is written in ${written}` : ''}.`,
    );
  if (!unit)
    return { steering: null, normalized: null, question: questionFor(file, heading.label, values) };

  const positive = choices.positive ?? (isTools ? tool.positive : 'left');
  if (!choices.positive && !isTools) say('positive steering is taken as left.');
  const sign = positive === 'left' ? 1 : -1;
  const times = (factor: number) => (factor === 1 ? values : values.map((value) => value * factor));
  if (unit !== 'normalized')
    return {
      steering: times(sign * (unit === 'deg' ? RADIANS_PER_DEGREE : 1)),
      normalized: null,
      question: null,
    };
  const fullLock = isTools && !choices.unit ? tool.fullLockDegrees : null;
  if (fullLock !== null) say(`a steering of 1 is an angle of ${fullLock}°.`);
  return {
    steering: fullLock === null ? null : times(sign * fullLock * RADIANS_PER_DEGREE),
    normalized: times(sign),
    question: null,
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
