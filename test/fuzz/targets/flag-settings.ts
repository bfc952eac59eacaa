import { Command, CommanderError } from 'commander';
import { findFlags, type FlagColumns } from '../../../server/attention/flags/find-flags.ts';
import {
  addFlagOptions,
  flagSettingsOf,
  type FlagOptions,
} from '../../../server/cli/flag-options.ts';
import { Random } from '../../../recordings/scene/world/random.ts';
import { Defect } from '../judge.ts';
import { NUMBERS } from '../mutate/text.ts';
import { bytesOf, textOf, type FuzzTarget } from '../target.ts';

const ROWS = 120;
const OPTIONS = [
  '--flag-by',
  '--flag-below',
  '--flag-until',
  '--flag-seconds',
  '--flag-merge',
  '--flag-error',
  '--flag-agreement',
];

/**
 * Flag options of the command line, one argument a line, and the flags of a drive that they give.
 */
export function open(): FuzzTarget {
  return {
    make(random) {
      const args = Array.from({ length: random.below(6) }, () => [
        random.pick(OPTIONS),
        random.chance(0.5)
          ? String(random.pick([0, 0.1, 0.5, 0.9, 1, 2, 60]))
          : random.chance(0.2)
            ? random.pick(['share', 'lift', 'SHARE'])
            : random.pick(NUMBERS),
      ]);
      return bytesOf(args.flat().join('\n'));
    },
    run(input) {
      const command = addFlagOptions(
        new Command().exitOverride().configureOutput({ writeErr: () => {} }),
      );
      try {
        command.parse(
          textOf(input)
            .split('\n')
            .filter((line, index) => index > 0 || line !== ''),
          { from: 'user' },
        );
      } catch (error) {
        if (error instanceof CommanderError) return 'usage';
        throw error;
      }
      const settings = flagSettingsOf(command.opts<FlagOptions>());
      const columns = drive(input.length);
      const flags = findFlags(columns, settings, 57.3);
      const last = columns.pts.length - 1;
      for (const { startFrame, endFrame, worstFrame, severity } of flags) {
        if (!(
          startFrame >= 0 &&
          startFrame <= worstFrame &&
          worstFrame <= endFrame &&
          endFrame <= last
        ))
          throw new Defect('A flag of frames that are not there');
        if (!(severity >= 0 && severity <= 1)) throw new Defect('A severity outside 0 to 1');
      }
      return flags.length > 0 ? 'flags' : 'none';
    },
  };
}

function drive(seed: number): FlagColumns {
  const random = new Random(seed, 'drive');
  const column = (low: number, high: number) =>
    Float64Array.from({ length: ROWS }, () => (random.chance(0.1) ? NaN : random.range(low, high)));
  return {
    pts: Float64Array.from({ length: ROWS }, (_, index) => index / 20),
    share: column(0, 1),
    lift: column(0, 3),
    mass: random.chance(0.5) ? null : column(-0.2, 1).map((value) => Math.max(0, value)),
    steering: column(-0.5, 0.5),
    driven: column(-0.5, 0.5),
    spearman: random.chance(0.5) ? null : column(-1, 1),
  };
}
