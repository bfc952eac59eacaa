import type { Command } from 'commander';
import { addExamples } from './command-line.ts';
import type { CompileOptions } from './compile-run.ts';
import {
  collectValues,
  METHOD_OPTION_HELP,
  addMethodList,
  parseTarget,
  TARGET_OPTION_HELP,
} from './method-choices.ts';

export async function register(program: Command, asksForHelp = true): Promise<void> {
  const command = program
    .command('compile')
    .description(
      'write the network with its explanation as a plain ONNX model that any ONNX runtime runs',
    )
    .argument(
      '<model>',
      'the network (.onnx); its sidecar, where there is one, names the output to explain',
    )
    .requiredOption(
      '-o, --output <file>',
      'the ONNX file to write; it has one more output, explanation, or explanation_<method> each of several',
    )
    .option(
      '--method <ids>',
      'one method, or several with commas between, which then share one forward pass; they are listed below',
      'visualbackprop',
    )
    .option('--option <name=value>', METHOD_OPTION_HELP, collectValues)
    .option('--target <which>', TARGET_OPTION_HELP, parseTarget, '+')
    .action(async (path: string, options: CompileOptions) => {
      const { runCompile } = await import('./compile-run.ts');
      await runCompile(path, options);
    });
  if (asksForHelp) await addMethodList(command);
  addExamples(command, [
    'roadgaze compile pilotnet.onnx --method visualbackprop -o explained.onnx',
    'roadgaze compile pilotnet.onnx --method visualbackprop,gradcam --option gradcam.upscale=input -o two.onnx',
  ]);
}
