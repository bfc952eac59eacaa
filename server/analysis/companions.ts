import { reportOf, RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { exhaustionOf } from '../../shared/exhaustion.ts';
import type { LogChoices } from '../drive/log/choices.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';
import type { DriveSource } from '../drive/source.ts';

/** What lies beside a recording; where it cannot be read, the video can be watched all the same. */
export interface Companion<Value> {
  readonly value: Value | null;
  readonly problems: readonly ErrorReport[];
}

export async function companion<Value>(
  reading: Promise<Value | null>,
  isNeeded = false,
): Promise<Companion<Value>> {
  try {
    return { value: await reading, problems: [] };
  } catch (error) {
    // Not the file's fault: it is not to be missing for all who watch from now on.
    if (isNeeded || exhaustionOf(error)) throw error;
    return { value: null, problems: [reportOf(error)] };
  }
}

/** Throws LOG_INVALID, INPUT_NOT_FOUND, and why what a person said of the log cannot be read. */
export async function readLog(
  log: LogChoices | ErrorReport,
  drive: DriveSource,
): Promise<DriveLog | null> {
  if (!drive.hasLog) return null;
  if ('code' in log) throw new RoadgazeError(log.code, log.message, log.hint);
  return drive.log(log);
}
