import type { DriveLog } from '../drive/recording.ts';
import { sampleAt } from '../drive/recording.ts';
import type { NetworkDescription } from './frame-explainer.ts';

const DEGREES = 180 / Math.PI;

/**
 * What was driven, in the unit and sign of the network's output, at any pts (s); NaN where the log says nothing. null where
 * the two cannot be compared: a network without a unit or a side, a log without the quantity. An angle in rad or deg is
 * held against the log's steering, a curvature in 1/m against its column `curvature` (positive left, like its steering).
 */
export function drivenSteering({ quantity, unit, positive }: NetworkDescription['output'], log: DriveLog | null): ((pts: number) => number) | null {
  if (!log || positive === null) return null;
  const sign = positive === 'left' ? 1 : -1;
  if (quantity === 'angle' && log.steering && (unit === 'rad' || unit === 'deg')) {
    return sampler(log.times, log.steering, unit === 'deg' ? sign * DEGREES : sign);
  }
  const curvature = log.extra.find((column) => column.name.trim().toLowerCase() === 'curvature' && (column.unit === '1/m' || column.unit === null));
  if (quantity === 'curvature' && unit === '1/m' && curvature) return sampler(log.times, curvature.values, sign);
  return null;
}

function sampler(times: Float64Array, values: Float64Array, factor: number): (pts: number) => number {
  return (pts) => sampleAt(times, values, pts) * factor;
}
