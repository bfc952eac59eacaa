import type { Command } from 'commander';
import type { CleanOptions } from './clean-run.ts';
import { addExamples } from './command-line.ts';
import { addDriveOptions } from './drive-options.ts';
import { addFrameRateOption, takeFrameRate } from './frame-rate-option.ts';
import { collectValues } from './method-choices.ts';
import { parseChoice } from './option-values.ts';

export function register(program: Command): void {
  const command = program
    .command('clean')
    .description('leave parts of a drive out of its own list of records, or list what is kept')
    .argument('<drive>', 'a video, or a file or folder of another format')
    .requiredOption(
      '--drop <what>',
      'what is left out: 12.5..14 (seconds), #100..#140 (frames), or a CSV or JSON file with ranges, such as flags.json of an analysis; may be given several times',
      collectValues,
    )
    .option('-o, --output <file>', 'where the list goes')
    .option(
      '--in-place',
      'change manifest.json of a tub or driving_log.csv of Udacity itself; what it was stays beside it',
    )
    .option(
      '--as <form>',
      "own: the drive's own list (a tub's manifest, Udacity's log, episodes of LeRobot); json or csv: a list of frames (default: own where there is one, else by the file's ending)",
      parseChoice(['own', 'json', 'csv']),
    )
    .option('--force', 'replace a file that is there');
  addFrameRateOption(addDriveOptions(command)).action(
    async (drive: string, options: CleanOptions) => {
      takeFrameRate(options);
      const { runClean } = await import('./clean-run.ts');
      await runClean(drive, options);
    },
  );
  addExamples(command, [
    'roadgaze clean tub --drop results/flags.json --in-place',
    'roadgaze clean tub --drop 12.5..14 --drop "#300..#320" -o manifest.json',
    'roadgaze clean drive.mp4 --drop bad.csv -o kept.csv',
  ]);
}
