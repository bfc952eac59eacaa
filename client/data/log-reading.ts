import { comparisonOf, type ComparedOutput, type Comparison } from '../../shared/driven.ts';
import type { LogAnswers, LoggedSteering } from '../../shared/protocol/steering-messages.ts';
import { angleOfKind, type AngleOf, type SteeringSignal } from '../../shared/steering.ts';

/** How a signal of a log is read. */
export interface LogReading {
  /** null: nobody says. */
  readonly unit: SteeringSignal['unit'];
  readonly positive: 'left' | 'right';
  /** Whose angle it is; null where nobody says, and of what is no angle. */
  readonly angleOf: AngleOf | null;
  readonly isAngle: boolean;
  readonly comparison: Comparison;
  /** The network's number on the wire per number of the log; null: they cannot be compared. */
  readonly factor: number | null;
}

const RADIANS_PER_DEGREE = Math.PI / 180;

/** As the server reads it once these answers are kept. */
export function readingOfLog(
  signal: SteeringSignal,
  answers: Required<LogAnswers>,
  { ratio, said }: Pick<LoggedSteering, 'ratio' | 'said'>,
  network: ComparedOutput,
): LogReading {
  const unit = answers.unit ?? signal.unit;
  const positive = answers.positive ?? signal.positive;
  const sign = positive === 'left' ? 1 : -1;
  const fullLock = answers.unit === null ? signal.fullLockDegrees : undefined;
  const radians =
    unit === 'rad'
      ? 1
      : unit === 'deg'
        ? RADIANS_PER_DEGREE
        : unit === 'normalized' && fullLock !== undefined
          ? fullLock * RADIANS_PER_DEGREE
          : null;
  const own = unit === 'normalized' ? (signal.fullLockOf ?? null) : angleOfKind(signal.kind);
  const angleOf = radians === null ? null : (answers.angleOf ?? own);
  const comparison = comparisonOf(network, {
    angle: radians !== null,
    angleOf,
    normalized: unit === 'normalized',
    curvature: unit === '1/m',
    ratio: ratioOf(answers.ratio, ratio, said.ratio),
  });
  const perUnit = comparison.of === 'angle' ? radians! : 1;
  return {
    unit,
    positive,
    angleOf,
    isAngle: radians !== null,
    comparison,
    factor: comparison.of === null ? null : sign * perUnit * comparison.factor,
  };
}

function ratioOf(
  answer: number | null,
  known: LoggedSteering['ratio'],
  said: number | null,
): LoggedSteering['ratio'] {
  if (answer !== null) return { value: answer, from: 'as asked for' };
  // What was said is taken back; what the log itself tells is not known here.
  return said === null ? known : null;
}
