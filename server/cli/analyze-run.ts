import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reportOf, RoadgazeError } from '../../shared/errors.ts';
import { listRecordings } from '../drive/recording.ts';
import { warmWorkshop } from '../pipeline/workshop/workshop.ts';
import { analyzeInto, type AnalyzeOptions } from './analyze-recording.ts';
import { formatError } from './terminal.ts';

/**
 * Explains a recording into the output folder, or every recording of a folder, each into a folder
 * of its own below it; there, one that cannot be analysed is told, and the others go on.
 */
export async function runAnalysis(input: string, options: AnalyzeOptions): Promise<void> {
  // It comes up while ffmpeg looks at the video.
  warmWorkshop();
  const recordings = await listRecordings(input);
  if (!(await stat(input)).isDirectory())
    return analyzeInto(options.output, recordings[0]!, options);
  if (recordings.length === 0)
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is no video in ${input}.`,
      'Give a video, or a folder that holds some.',
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
