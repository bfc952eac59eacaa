import { join, resolve } from 'node:path';
import { reportOf, RoadgazeError } from '../../shared/errors.ts';
import { drivesAt } from '../drive/drives-at.ts';
import { drivesBelow, type FolderOfDrives } from '../drive/drives-below.ts';
import { warmWorkshop } from '../pipeline/workshop/hands.ts';
import { analyzeInto, type AnalyzeOptions } from './analyze-recording.ts';
import { chosenDrives } from './drive-options.ts';
import { fitted, formatError } from './terminal.ts';

/** Folders below that are named. */
const MOST_NAMED = 4;

/**
 * Explains a recording, a file or a folder, into the output folder, or every recording of a folder,
 * each into a folder of its own below it; there, one that cannot be analysed is told, and the others
 * go on. What lies in folders below is told, and left.
 */
export async function runAnalysis(input: string, options: AnalyzeOptions): Promise<void> {
  // It comes up while ffmpeg looks at the video.
  warmWorkshop();
  const all = await drivesAt(input);
  const recordings = chosenDrives(input, all, options);
  const [only] = recordings;
  if (
    only &&
    recordings.length === 1 &&
    (only.path === resolve(input) || options.drive !== undefined)
  )
    return analyzeInto(options.output, only, options);
  const known = new Set(all.map(({ path }) => path));
  const below = await drivesBelow(resolve(input), known, options.output);
  if (recordings.length === 0)
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      below.length > 0
        ? `There is no recording in ${input} itself; ${inWords(below)}.`
        : `There is no recording in ${input}.`,
      below.length > 0
        ? `Name such a folder, as in: roadgaze analyze ${join(input, below[0]!.folder)}`
        : 'Give a video or another drive, or a folder that holds some.',
    );
  if (below.length > 0)
    process.stderr.write(
      `${fitted(`Not opened: ${inWords(below)}. Name such a folder to analyse what is in it, as in: roadgaze analyze ${join(input, below[0]!.folder)}`, process.stderr, '  ')}\n`,
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

function inWords(below: readonly FolderOfDrives[]): string {
  const count = below.reduce((sum, { drives }) => sum + drives, 0);
  const named = below.slice(0, MOST_NAMED).map(({ folder, drives }) => `${folder} (${drives})`);
  const more = below.length - named.length;
  const where = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return count === 1
    ? `1 recording lies in a folder below: ${where}`
    : `${count} recordings lie in folders below: ${where}`;
}
