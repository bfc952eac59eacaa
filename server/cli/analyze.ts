import type { Command } from 'commander';
import { RoadgazeError } from '../../shared/errors.ts';
import { compiledMethods } from '../explain/methods.ts';
import type { AnalyzeOptions } from './analyze-recording.ts';
import { addExamples } from './command-line.ts';
import { collectValues, METHOD_OPTION_HELP, methodList } from './method-choices.ts';
import { parseNumber, parseProvider, parseWorkers } from './option-values.ts';
import { ROAD_OPTION_HELP } from './road-option.ts';

export function register(program: Command): void {
  const share = parseNumber(0, 1);
  const command = program
    .command('analyze')
    .description('explain every frame of a recording, or of a folder of them, and write the results')
    .argument('<input>', 'a video, or a folder of videos; <name>.csv beside one is its drive log')
    .requiredOption('-m, --model <file>', 'the steering network (.onnx, with its sidecar beside it)')
    .requiredOption('-o, --output <folder>', 'where frames.csv, flags.json and summary.json go')
    .option('-r, --road <region>', `${ROAD_OPTION_HELP} (default: the ground truth beside the recording, else none)`)
    .option('--method <ids>', 'one method, or several with commas between; flags and overlay are of the first, columns of the others end with their ids', 'visualbackprop')
    .option('--option <name=value>', METHOD_OPTION_HELP, collectValues)
    .option('--video', 'also write overlay.mp4, the recording with the mask over it')
    .option('--flag-below <share>', 'a flag begins where the on-road share falls below this', share, 0.5)
    .option('--flag-until <share>', '… and ends where it is at or above this', share, 0.6)
    .option('--flag-seconds <seconds>', '… if it lasted at least so long', parseNumber(0, 3600), 0.3)
    .option('--provider <name>', 'cpu, webgpu, cuda, or auto for the fastest that loads', parseProvider, 'auto')
    .option('--workers <count>', 'inference threads on the CPU (default: as many as fit)', parseWorkers)
    .action(async (input: string, options: AnalyzeOptions) => {
      if (options.flagUntil < options.flagBelow) {
        throw new RoadgazeError('USAGE', `--flag-until (${options.flagUntil}) lies below --flag-below (${options.flagBelow}).`, 'A flag must end at a share at or above the one where it begins.');
      }
      const { runAnalysis } = await import('./analyze-run.ts');
      await runAnalysis(input, options);
    });
  command.addHelpText('after', () => `\nMethods and their options:\n${methodList(compiledMethods)}`);
  addExamples(command, [
    'roadgaze analyze drive.mp4 --model pilotnet.onnx -o results',
    'roadgaze analyze drive.mp4 --model pilotnet.onnx --road road.onnx --video -o results',
    'roadgaze analyze drive.mp4 --model pilotnet.onnx --method visualbackprop,lrp-epsilon-plus -o results',
    'roadgaze analyze drive.mp4 -m net.onnx -r "polygon:0.1,1 0.45,0.6 0.55,0.6 0.9,1" -o results',
  ]);
}
