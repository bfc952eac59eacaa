import type { Command } from 'commander';
import { addExamples } from './command-line.ts';

interface CompileOptions {
  readonly method: string;
  readonly output: string;
}

export function register(program: Command): void {
  const command = program
    .command('compile')
    .description('write the network with its explanation as a plain ONNX model that any ONNX runtime runs')
    .argument('<model>', 'the network (.onnx); its sidecar, where there is one, names the output to explain')
    .requiredOption('-o, --output <file>', 'the ONNX file to write; it has one more output, explanation [N,1,H,W]')
    .option('--method <id>', 'the explanation method', 'visualbackprop')
    .action(async (path: string, options: CompileOptions) => {
      const { runCompile } = await import('./compile-run.ts');
      await runCompile(path, options);
    });
  addExamples(command, ['roadgaze compile pilotnet.onnx --method visualbackprop -o explained.onnx']);
}
