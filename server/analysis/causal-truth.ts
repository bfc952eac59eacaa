import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { CAUSE_DEGREES } from '../../shared/flags.ts';
import type { OpenedRecording } from '../../shared/protocol/control-messages.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { readDriveLog } from '../drive/log/csv-log.ts';
import { sampleAt } from '../drive/log/drive-log.ts';
import type { VideoInfo } from '../video/frame-source.ts';

/**
 * Reads `Beside.causes` of a recording: a time column as in a drive log, and for each
 * network a column named by its file without the ending, with an angle's unit, such as `pilotnet
 * [rad]`: its steering with what was drawn to mislead less its steering without, in the network's
 * own sign. null where there is no such file or column, and where the network's output is no angle.
 * Throws LOG_INVALID.
 */
export async function readCausalTruth(
  file: string,
  video: Pick<VideoInfo, 'startTime' | 'duration'>,
  networkPath: string,
  unit: string | null,
  pts: Float64Array,
): Promise<OpenedRecording['cause']> {
  const degrees = degreesPerUnit({ unit });
  if (degrees === null || !(await stat(file).catch(() => null))) return null;
  const { times, extra } = await readDriveLog(file, video);
  const column = extra.find(({ name }) => name === basename(networkPath, extname(networkPath)));
  const columnDegrees = degreesPerUnit({ unit: column?.unit ?? null });
  if (!column || columnDegrees === null) return null;
  const change = Array.from(pts, (time) => {
    const value = sampleAt(times, column.values, time) * (columnDegrees / degrees);
    return Number.isNaN(value) ? null : value;
  });
  return { change, threshold: CAUSE_DEGREES / degrees };
}
