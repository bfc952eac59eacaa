import { join, resolve } from 'node:path';
import { reportOf, RoadgazeError } from '../../shared/errors.ts';
import { drivesAt } from '../drive/drives-at.ts';
import { warmWorkshop } from '../pipeline/workshop/hands.ts';
import { analyzeInto, type AnalyzeOptions } from './analyze-recording.ts';
import { chosenDrives } from './drive-options.ts';
import { formatError } from './terminal.ts';

/**
 * Explains a recording, a file or a folder, into the output folder, or every recording of a folder,
 * each into a folder of its own below it; there, one that cannot be analysed is told, and the others
 * go on.
 */
export async function runAnalysis(input: string, options: AnalyzeOptions): Promise<void> {
  // It comes up while ffmpeg looks at the video.
  warmWorkshop();
  const recordings = chosenDrives(input, await drivesAt(input), options);
  const [only] = recordings;
  if (
    only &&
    recordings.length === 1 &&
    (only.path === resolve(input) || options.drive !== undefined)
  )
    return analyzeInto(options.output, only, options);
  if (recordings.length === 0)
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is no recording in ${input}.`,
      'Give a video or another drive, or a folder that holds some.',
    );
  for (const recording of recordings) {
    try {
      await analyzeInto(join(options.output, recording.id), recording, options);
    } catch (error) {
      process.stderr.write(`${formatError(reportOf(error), process.stderr)}\n`);
      process.exitCode = 1;
    }
  }
}
