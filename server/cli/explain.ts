import type { Command } from 'commander';
import { addExamples } from './command-line.ts';
import type { ExplainOptions } from './explain-run.ts';
import { addDriveOptions } from './drive-options.ts';
import { addFrameRateOption, takeFrameRate } from './frame-rate-option.ts';
import {
  collectValues,
  METHOD_OPTION_HELP,
  addMethodList,
  parseTarget,
  TARGET_OPTION_HELP,
} from './method-choices.ts';
import { parseNumber, parseProvider, parseWorkers } from './option-values.ts';

const LONGEST = 1e9;

export async function register(program: Command, asksForHelp = true): Promise<void> {
  const command = program
    .command('explain')
    .description(
      'explain one picture by any methods, and write their maps as numbers and as pictures',
    )
    .argument('<input>', 'an image, a drive (with --at or --frame), or the network’s input as .npy')
    .requiredOption(
      '-m, --model <file>',
      'the steering network (.onnx, with its sidecar beside it)',
    )
    .requiredOption('-o, --output <folder>', 'where <method>.npy, <method>.png and explain.json go')
    .option(
      '--method <ids>',
      'one method, or several with commas between; they are listed below',
      'visualbackprop',
    )
    .option('--option <name=value>', METHOD_OPTION_HELP, collectValues)
    .option('--target <which>', TARGET_OPTION_HELP, parseTarget, '+')
    .option(
      '--at <seconds>',
      'of a video, the frame that is shown at this time',
      parseNumber(-LONGEST, LONGEST),
    )
    .option(
      '--frame <number>',
      'of a video, the frame of this number, from 0',
      parseNumber(0, LONGEST),
    )
    .option(
      '--input <name=value>',
      'what goes to an input that a signal feeds, as the log would have it, instead of the log; may be given several times',
      collectValues,
    )
    .option(
      '--steps-back <number>',
      'of a network that sees several frames at once, draw the map of the frame so many steps before the newest one',
      parseNumber(0, LONGEST),
    );
  addFrameRateOption(addDriveOptions(command))
    .option(
      '--provider <name>',
      'cpu, webgpu, cuda, or auto for the fastest that loads',
      parseProvider,
      'auto',
    )
    .option(
      '--workers <count>',
      'inference threads on the CPU (default: as many as fit)',
      parseWorkers,
    )
    .action(async (input: string, options: ExplainOptions) => {
      takeFrameRate(options);
      const { runExplain } = await import('./explain-run.ts');
      await runExplain(input, options);
    });
  if (asksForHelp) await addMethodList(command, { iterative: true });
  addExamples(command, [
    'roadgaze explain road.jpg --model pilotnet.onnx -o explained',
    'roadgaze explain drive.mp4 --at 12.4 -m pilotnet.onnx --method lrp-epsilon-plus,occlusion -o out',
    'roadgaze explain in.npy -m net.onnx --method smoothgrad --option samples=100 -o out',
  ]);
}
