import type { Command } from 'commander';
import { addExamples } from './command-line.ts';
import type { ConvertOptions } from './convert-run.ts';
import { addFrameRateOption, takeFrameRate } from './frame-rate-option.ts';
import { addLogOptions } from './log-options.ts';
import { parseWhole } from './option-values.ts';

/** x264's own range of qualities, and what is hardly told from the original. */
const [BEST, WORST, USUAL] = [0, 51, 18];

export function register(program: Command): void {
  const command = program
    .command('convert')
    .description(
      'write a drive of any format as MCAP with schemas of Foxglove, or as a video with its log as Parquet',
    )
    .argument('<drive>', 'a video, or a file or folder of another format')
    .requiredOption(
      '-o, --output <path>',
      'a file that ends with .mcap; or a folder, for drive.mp4 and drive.parquet',
    )
    .option(
      '--drive <name>',
      'which one, where a folder or data set holds several: its name, or the number of its episode',
    )
    .option(
      '--camera <names>',
      'which cameras, several with commas between, or all; a folder takes one (default: the first)',
    )
    .option(
      '--crf <number>',
      'quality of pictures that must be encoded anew, from 0, which loses nothing, to 51',
      parseWhole(BEST, WORST),
      USUAL,
    )
    .option('--force', 'replace what an earlier conversion has written there');
  addFrameRateOption(addLogOptions(command)).action(
    async (drive: string, options: ConvertOptions) => {
      takeFrameRate(options);
      const { runConvert } = await import('./convert-run.ts');
      await runConvert(drive, options);
    },
  );
  addExamples(command, [
    'roadgaze convert tub -o tub.mcap',
    'roadgaze convert drive.mp4 --log-unit deg -o drive.mcap',
    'roadgaze convert bag --camera all -o bag.mcap',
    'roadgaze convert data-set --drive 3 -o episode-3',
  ]);
}
