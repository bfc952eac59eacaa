import type { Command } from 'commander';
import { addExamples } from './command-line.ts';
import { addDriveOptions } from './drive-options.ts';
import type { EvaluateOptions } from './evaluate-run.ts';
import { addFrameRateOption, takeFrameRate } from './frame-rate-option.ts';
import { addMethodList } from './method-choices.ts';
import { parseProvider, parseWhole, parseWorkers } from './option-values.ts';
import { ROAD_OPTION_HELP } from './road-option.ts';

export async function register(program: Command, asksForHelp = true): Promise<void> {
  const command = program
    .command('evaluate')
    .description(
      'measure which explanation methods can be believed on a network, and write its trust card',
    )
    .argument('<inputs...>', 'drives, or folders of them')
    .requiredOption(
      '-m, --model <file>',
      'the steering network (.onnx, with its sidecar beside it)',
    )
    .requiredOption('-o, --output <folder>', 'where evaluation.html and evaluation.json go')
    .option(
      '--methods <ids>',
      'methods with commas between (default: all that explain the network)',
    )
    .option(
      '--frames <count>',
      'frames of all drives together, spread over them',
      parseWhole(1, 10_000),
      40,
    )
    .option('--fills <names>', 'what stands for flipped pixels: mean, blur, road', 'mean,blur,road')
    .option('--seed <number>', 'of all that is drawn', parseWhole(0, 2 ** 32 - 1), 1)
    .option('-r, --road <region>', `${ROAD_OPTION_HELP} (default: as for analyze, for each drive)`);
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
    .action(async (inputs: readonly string[], options: EvaluateOptions) => {
      takeFrameRate(options);
      const { runEvaluate } = await import('./evaluate-run.ts');
      await runEvaluate(inputs, options);
    });
  if (asksForHelp) await addMethodList(command, { iterative: true });
  addExamples(command, [
    'roadgaze evaluate drive.mp4 --model pilotnet.onnx -o card',
    'roadgaze evaluate drives --model pilotnet.onnx --methods visualbackprop,saliency -o card',
    'roadgaze evaluate a.mp4 b.mp4 -m net.onnx --frames 100 --fills mean,blur -o card',
  ]);
}
