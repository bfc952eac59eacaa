import type { DriveLog } from '../drive/log/drive-log.ts';
import { sampleAt } from '../drive/log/drive-log.ts';
import type { NetworkDescription } from './stream-explainer.ts';

const DEGREES = 180 / Math.PI;

type Output = Pick<NetworkDescription['output'], 'quantity' | 'unit' | 'positive'>;

/**
 * What was driven, in the unit and sign of the network's output, at any pts (s); NaN where the log
 * says nothing. null where the two cannot be compared: a network without a unit or a side, a log
 * without the quantity. An angle in rad or deg is held against the log's steering, a normalised
 * output against its normalised steering, a curvature in 1/m against its column `curvature`
 * (positive left, like its steering).
 */
export function drivenSteering(
  { quantity, unit, positive }: Output,
  log: DriveLog | null,
): ((pts: number) => number) | null {
  if (!log || positive === null) return null;
  const sign = positive === 'left' ? 1 : -1;
  if (quantity === 'angle' && log.steering && (unit === 'rad' || unit === 'deg')) {
    return sampler(log.times, log.steering, unit === 'deg' ? sign * DEGREES : sign);
  }
  if (quantity === 'normalized' && log.normalized && (unit === '1' || unit === null))
    return sampler(log.times, log.normalized, sign);
  const curvature = log.extra.find(
    (column) =>
      column.name.trim().toLowerCase() === 'curvature' &&
      (column.unit === '1/m' || column.unit === null),
  );
  if (quantity === 'curvature' && unit === '1/m' && curvature)
    return sampler(curvature.times ?? log.times, curvature.values, sign);
  return null;
}

/**
 * Why `drivenSteering` gives nothing although there is a log with steering; a sentence, or null
 * where nothing is to be said.
 */
export function whyNotCompared(output: Output, log: DriveLog | null): string | null {
  if (!log || drivenSteering(output, log)) return null;
  if (log.question) return log.question;
  if (!log.steering && !log.normalized) return null;
  const { quantity, unit, positive } = output;
  if (quantity === null)
    return 'The sidecar of the network does not say what its output is (output.quantity and output.unit), so what was driven is not compared.';
  if (positive === null)
    return 'The sidecar of the network does not say to which side a positive value steers (output.positive), so what was driven is not compared.';
  const logged = log.steering ? 'an angle' : 'a share of full lock';
  return `The log gives ${logged} and the network ${WORDS[quantity] ?? quantity}${unit && unit !== '1' ? ` in ${unit}` : ''}, so what was driven is not compared.`;
}

const WORDS: Readonly<Record<string, string>> = {
  angle: 'an angle',
  normalized: 'a share of full lock',
  curvature: 'a curvature',
};

function sampler(
  times: Float64Array,
  values: Float64Array,
  factor: number,
): (pts: number) => number {
  return (pts) => sampleAt(times, values, pts) * factor;
}
