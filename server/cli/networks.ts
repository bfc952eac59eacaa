import type { Command } from 'commander';
import { addExamples } from './command-line.ts';
import type { NetworksOptions } from './networks-run.ts';

export function register(program: Command): void {
  const command = program
    .command('networks')
    .description(
      'tell which networks can be used, what each is fed with, and which methods explain it',
    )
    .argument('<paths...>', 'networks (.onnx), or folders that hold some')
    .option('--json', 'write the answer as JSON')
    .option('--markdown', 'write it as a table for a document')
    .action(async (paths: string[], options: NetworksOptions) => {
      const { runNetworks } = await import('./networks-run.ts');
      await runNetworks(paths, options);
    });
  addExamples(command, [
    'roadgaze networks mycar.onnx',
    'roadgaze networks ~/models --json > networks.json',
  ]);
}
