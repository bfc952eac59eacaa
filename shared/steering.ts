/** Whose angle it is: that of the steering wheel, or that of the front tyres. */
export type AngleOf = 'wheel' | 'tyre';

/** What steering is told by. `angle`: nobody says whose it is. */
export type SteeringKind = AngleOf | 'angle' | 'curvature' | 'normalized';

/** What steering is in: `normalized` is a share of full lock, −1…1. */
export type SteeringUnit = 'rad' | 'deg' | '1/m' | 'normalized';

/** A signal of a log that can be the steering. */
export interface SteeringSignal {
  /** As a person chooses it: a column, or `topic.field`. */
  readonly name: string;
  readonly kind: SteeringKind;
  /** It was asked for, and perhaps not done. */
  readonly isCommand: boolean;
  /** As the log has it; null: nobody says. */
  readonly unit: SteeringUnit | null;
  /** To which side positive values steer. */
  readonly positive: 'left' | 'right';
  /** Degrees at which a normalised steering is 1, where the format fixes it. */
  readonly fullLockDegrees?: number;
  /** Whose angle that is. */
  readonly fullLockOf?: AngleOf;
}

/** How often the steering wheel turns for one turn of the tyres. */
export interface SteeringRatio {
  readonly value: number;
  /** Where it is from, as in `the steering ratio …`. */
  readonly from: string;
}

/** No car has another ratio; a kart and a radio-controlled one have 1. */
export const SMALLEST_RATIO = 1;
export const LARGEST_RATIO = 100;

/**
 * Degrees at the wheel in one unit of a steering output; null where it is no angle: no steering
 * ratio is known that would make one of it.
 */
export function degreesPerUnit({ unit }: { readonly unit: string | null }): number | null {
  if (unit === 'rad') return 180 / Math.PI;
  return unit === 'deg' ? 1 : null;
}

/** Whose angle a signal is; null where it is none, or nobody says. */
export function angleOfKind(kind: SteeringKind): AngleOf | null {
  return kind === 'wheel' || kind === 'tyre' ? kind : null;
}
