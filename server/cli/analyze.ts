import type { Command } from 'commander';
import type { AnalyzeOptions } from './analyze-recording.ts';
import { addExamples } from './command-line.ts';
import { addDriveOptions } from './drive-options.ts';
import { addFlagOptions, flagSettingsOf } from './flag-options.ts';
import { addFrameRateOption, takeFrameRate } from './frame-rate-option.ts';
import { addLogOptions } from './log-options.ts';
import { collectValues, METHOD_OPTION_HELP, addMethodList } from './method-choices.ts';
import { parseChoice, parseProvider, parseWhole, parseWorkers } from './option-values.ts';
import { ROAD_OPTION_HELP } from './road-option.ts';

export async function register(program: Command, asksForHelp = true): Promise<void> {
  const command = program
    .command('analyze')
    .description(
      'explain every frame of a recording, or of a folder of them, and write the results',
    )
    .argument('<input>', 'a video, or a folder of videos; <name>.csv beside one is its drive log')
    .requiredOption(
      '-m, --model <file>',
      'the steering network (.onnx, with its sidecar beside it)',
    )
    .requiredOption('-o, --output <folder>', 'where frames.csv, flags.json and summary.json go')
    .option(
      '-r, --road <region>',
      `${ROAD_OPTION_HELP} (default: the road drawn for the recording, else the ground truth beside it, else a guess)`,
    )
    .option(
      '--road-margin <pixels>',
      "widens the region by so many pixels of the network's input (default: an eightieth of its width)",
      parseWhole(0, 1000),
    )
    .option(
      '--method <ids>',
      'one method, or several with commas between; flags and overlay are of the first, columns of the others end with their ids',
      'visualbackprop',
    )
    .option('--option <name=value>', METHOD_OPTION_HELP, collectValues)
    .option('--video', 'also write overlay.mp4, the recording with the mask over it');
  addFlagOptions(addFrameRateOption(addLogOptions(addDriveOptions(command))))
    .option(
      '--verify-flags [fill]',
      'replace what each flag looked at (inpaint, blur or mean) and tell by how much the network steers otherwise',
      parseChoice(['inpaint', 'blur', 'mean']),
    )
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
    .action(async (input: string, options: AnalyzeOptions) => {
      flagSettingsOf(options);
      takeFrameRate(options);
      const { runAnalysis } = await import('./analyze-run.ts');
      await runAnalysis(input, options);
    });
  if (asksForHelp) await addMethodList(command);
  addExamples(command, [
    'roadgaze analyze drive.mp4 --model pilotnet.onnx -o results',
    'roadgaze analyze drive.mp4 --model pilotnet.onnx --road road.onnx --video -o results',
    'roadgaze analyze drive.mp4 --model pilotnet.onnx --method visualbackprop,lrp-epsilon-plus -o results',
    'roadgaze analyze drive.mp4 --model pilotnet.onnx --verify-flags -o results',
    'roadgaze analyze bag --camera /front/image --model pilotnet.onnx -o results',
    'roadgaze analyze drive.mp4 -m net.onnx -r "polygon:0.1,1 0.45,0.6 0.55,0.6 0.9,1" -o results',
  ]);
}
