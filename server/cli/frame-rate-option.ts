import { InvalidArgumentError, type Command } from 'commander';
import { FASTEST_RATE, giveFrameRate, SLOWEST_RATE } from '../video/untold-rate.ts';

export interface FrameRateOption {
  readonly fps?: number;
}

/** Option that `takeFrameRate` reads. */
export function addFrameRateOption(command: Command): Command {
  return command.option(
    '--fps <rate>',
    'frames a second of videos that tell none (raw H.264, H.265 and the like): a number, or a fraction such as 30000/1001',
    parseFrameRate,
  );
}

/** For all that this command reads. */
export function takeFrameRate({ fps }: FrameRateOption): void {
  giveFrameRate(fps ?? null);
}

function parseFrameRate(text: string): number {
  const [, numerator, denominator = '1'] = /^(\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(text.trim()) ?? [];
  const rate = Number(numerator) / Number(denominator);
  if (rate >= SLOWEST_RATE && rate <= FASTEST_RATE) return rate;
  throw new InvalidArgumentError(
    `It must be a number from ${SLOWEST_RATE} to ${FASTEST_RATE}, or a fraction such as 30000/1001.`,
  );
}
