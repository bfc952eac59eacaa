import { comparisonOf, type ComparedOutput, type Comparison } from '../../shared/driven.ts';
import { sampleAt, type DriveLog, type LogColumn } from '../drive/log/drive-log.ts';

/** How what a log says is held against a network; null without a log. */
export function drivenComparison(output: ComparedOutput, log: DriveLog | null): Comparison | null {
  return (
    log &&
    comparisonOf(output, {
      angle: log.steering !== null,
      angleOf: log.angleOf ?? null,
      normalized: Boolean(log.normalized),
      curvature: curvatureOf(log) !== undefined,
      ratio: log.ratio ?? null,
    })
  );
}

/**
 * What was driven, in the unit and sign of the network's output, at any pts (s); NaN where the log
 * says nothing. null where the two cannot be compared.
 */
export function drivenSteering(
  output: ComparedOutput,
  log: DriveLog | null,
): ((pts: number) => number) | null {
  const comparison = drivenComparison(output, log);
  if (!log || !comparison || comparison.of === null) return null;
  const { of, factor } = comparison;
  const curvature = of === 'curvature' ? curvatureOf(log)! : null;
  const values = curvature?.values ?? (of === 'angle' ? log.steering! : log.normalized!);
  const times = curvature?.times ?? log.times;
  return (pts) => sampleAt(times, values, pts) * factor;
}

/**
 * Why `drivenSteering` gives nothing although there is a log with steering; a sentence, or null
 * where nothing is to be said.
 */
export function whyNotCompared(output: ComparedOutput, log: DriveLog | null): string | null {
  const comparison = drivenComparison(output, log);
  if (!comparison || comparison.of !== null) return null;
  return log?.question ?? comparison.reason;
}

/** Positive to the left, like the steering. */
function curvatureOf({ extra }: DriveLog): LogColumn | undefined {
  return extra.find(
    ({ name, unit }) =>
      name.trim().toLowerCase() === 'curvature' && (unit === '1/m' || unit === null),
  );
}
