import { readDriveLog } from './csv-log.ts';
import type { LogChoices } from './choices.ts';

/** Frames that a camera has begun or lost beside its log. */
const ROWS_BESIDE = 1;
const DIGITS = 7;

/**
 * Frames a second of a camera that wrote one row of the log with each of its frames; null where the
 * log has no times, cannot be read, or has another number of rows.
 */
export async function paceOfLog(
  path: string,
  frames: number,
  { camera }: LogChoices,
): Promise<number | null> {
  // What is wrong with a log is told where it is read for itself.
  const log = await readDriveLog(path, undefined, camera === undefined ? {} : { camera }).catch(
    () => null,
  );
  if (!log || log.times.length < 2 || Math.abs(log.times.length - frames) > ROWS_BESIDE)
    return null;
  const { times } = log;
  return Number(((times.length - 1) / (times.at(-1)! - times[0]!)).toPrecision(DIGITS));
}
