import type { Command } from 'commander';
import { RoadgazeError } from '../../shared/errors.ts';

export function register(program: Command): void {
  program.command('compile').action(() => {
    throw new RoadgazeError('USAGE', 'This command is not built yet.', 'Try roadgaze doctor.');
  });
}
