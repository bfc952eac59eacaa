import { InvalidArgumentError, type Command } from 'commander';
import { FRAME_RATE_FORM, readFrameRate } from '../../shared/frame-rate.ts';
import { giveFrameRate } from '../video/untold-rate.ts';

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
  const rate = readFrameRate(text);
  if (rate !== null) return rate;
  throw new InvalidArgumentError(`It must be ${FRAME_RATE_FORM}.`);
}
