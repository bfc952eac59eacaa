import type { AngleOf, SteeringRatio } from './steering.ts';

/** The network's output, as its sidecar says. */
export interface ComparedOutput {
  readonly quantity: string | null;
  readonly unit: string | null;
  readonly positive: 'left' | 'right' | null;
  readonly angleOf?: AngleOf | null;
}

/** What a log says of steering: which quantities it has, all positive to the left. */
export interface LoggedQuantities {
  /** An angle, rad. */
  readonly angle: boolean;
  readonly angleOf: AngleOf | null;
  /** A share of full lock, −1…1. */
  readonly normalized: boolean;
  /** A curvature, 1/m. */
  readonly curvature: boolean;
  readonly ratio: SteeringRatio | null;
}

/** How what was driven is held against the network, or why it is not. */
export type Comparison =
  | {
      readonly of: 'angle' | 'normalized' | 'curvature';
      /** The network's unit and sign per unit of the log's quantity. */
      readonly factor: number;
      /** What was taken for granted, a sentence each. */
      readonly notes: readonly string[];
    }
  | {
      readonly of: null;
      /** A sentence; null where nothing is to be said. */
      readonly reason: string | null;
      /** Only the steering ratio is missing. */
      readonly asksForRatio: boolean;
    };

const DEGREES = 180 / Math.PI;
const WHOSE = { wheel: 'of the steering wheel', tyre: 'of the tyres' } as const;
const QUANTITIES: Readonly<Record<string, string>> = {
  angle: 'an angle',
  normalized: 'a share of full lock',
  curvature: 'a curvature',
};

/**
 * An angle in rad or deg is held against an angle, a normalised output against a share of full lock,
 * a curvature in 1/m against a curvature. An angle of the wheel and one of the tyres are never taken
 * for one another: the steering ratio makes one of the other, and without it they are not compared.
 * Whose angle it is where nobody says is a guess, and told as one.
 */
export function comparisonOf(output: ComparedOutput, log: LoggedQuantities): Comparison {
  const { quantity, unit, positive, angleOf = null } = output;
  const sign = positive === 'right' ? -1 : 1;
  if (positive !== null) {
    if (quantity === 'angle' && log.angle && (unit === 'rad' || unit === 'deg')) {
      const whose = sameAngle(angleOf, log);
      if (typeof whose === 'string') return { of: null, reason: whose, asksForRatio: true };
      const factor = sign * (unit === 'deg' ? DEGREES : 1) * whose.factor;
      return { of: 'angle', factor, notes: whose.notes };
    }
    if (quantity === 'normalized' && log.normalized && (unit === '1' || unit === null))
      return { of: 'normalized', factor: sign, notes: [] };
    if (quantity === 'curvature' && unit === '1/m' && log.curvature)
      return { of: 'curvature', factor: sign, notes: [] };
  }
  return { of: null, reason: otherQuantity(output, log), asksForRatio: false };
}

/** The factor that makes the network's angle of the log's; a sentence where there is none. */
function sameAngle(
  wanted: AngleOf | null,
  { angleOf: logged, ratio }: LoggedQuantities,
): { readonly factor: number; readonly notes: readonly string[] } | string {
  if (wanted !== null && logged !== null && wanted !== logged) {
    const gives = `The log gives the angle ${WHOSE[logged]} and the network that ${WHOSE[wanted]}`;
    if (!ratio)
      return `${gives}, and the steering ratio is not known, so what was driven is not compared. Say it with --log-ratio, such as 15.`;
    const [factor, done] =
      logged === 'wheel' ? [1 / ratio.value, 'divided'] : [ratio.value, 'multiplied'];
    return {
      factor,
      notes: [
        `${gives}: what was driven is ${done} by the steering ratio ${Number(ratio.value.toPrecision(6))}, ${ratio.from}.`,
      ],
    };
  }
  if (wanted !== null && logged !== null) return { factor: 1, notes: [] };
  const guess =
    logged !== null
      ? `The sidecar of the network does not say whose angle it gives (output.angleOf): it is guessed to be that ${WHOSE[logged]}, as in the log.`
      : wanted !== null
        ? `The log does not say whose angle it gives: it is guessed to be that ${WHOSE[wanted]}, as of the network. --log-angle says it.`
        : 'Neither the log nor the sidecar of the network says whether its angle is that of the steering wheel or of the tyres: both are guessed to be of the same (--log-angle, output.angleOf).';
  return { factor: 1, notes: [guess] };
}

function otherQuantity(
  { quantity, unit, positive }: ComparedOutput,
  { angle, normalized }: LoggedQuantities,
): string | null {
  if (!angle && !normalized) return null;
  if (quantity === null)
    return 'The sidecar of the network does not say what its output is (output.quantity and output.unit), so what was driven is not compared.';
  if (positive === null)
    return 'The sidecar of the network does not say to which side a positive value steers (output.positive), so what was driven is not compared.';
  return `The log gives ${angle ? 'an angle' : 'a share of full lock'} and the network ${QUANTITIES[quantity] ?? quantity}${unit && unit !== '1' ? ` in ${unit}` : ''}, so what was driven is not compared.`;
}
