import type { Command } from 'commander';
import { PRESETS } from '../inference/propose-sidecar.ts';
import { addExamples } from './command-line.ts';
import { parseChoice } from './option-values.ts';
import type { SidecarOptions } from './sidecar-run.ts';

export function register(program: Command): void {
  const command = program
    .command('sidecar')
    .description(
      'list what a network takes and gives, and propose a sidecar that says the rest of it',
    )
    .argument('<model>', 'the network (.onnx)')
    .option(
      '--preset <tool>',
      `how the picture is made, and what the answer means: ${PRESETS.join(', ')}`,
      parseChoice(PRESETS),
    )
    .option('--write', 'write the sidecar beside the network, where there is none yet')
    .action(async (path: string, options: SidecarOptions) => {
      const { runSidecar } = await import('./sidecar-run.ts');
      await runSidecar(path, options);
    });
  addExamples(command, [
    'roadgaze sidecar pilotnet.onnx',
    'roadgaze sidecar mycar.onnx --preset donkeycar --write',
  ]);
}
