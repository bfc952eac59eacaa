import type { Command } from 'commander';
import { RoadgazeError } from '../../shared/errors.ts';
import { DEFAULT_FLAG_SETTINGS, type FlagSettings } from '../../shared/flags.ts';
import { parseChoice, parseNumber } from './option-values.ts';

export interface FlagOptions {
  readonly flagBy: FlagSettings['measure'];
  readonly flagBelow: number;
  readonly flagUntil: number;
  readonly flagSeconds: number;
  readonly flagMerge: number;
  readonly flagError?: number;
  readonly flagAgreement?: number;
  readonly flagPull?: number;
}

/** Options that `flagSettingsOf` reads. */
export function addFlagOptions(command: Command): Command {
  const { measure, enterBelow, leaveAbove, minimumSeconds, mergeSeconds } = DEFAULT_FLAG_SETTINGS;
  const seconds = parseNumber(0, 3600);
  return command
    .option(
      '--flag-by <measure>',
      "what a flag looks at: share (on-road share, 0 to 1) or lift (share ÷ the road's share of the area)",
      parseChoice(['share', 'lift']),
      measure,
    )
    .option(
      '--flag-below <value>',
      'a flag begins where that falls below this',
      parseNumber(0, 1000),
      enterBelow,
    )
    .option(
      '--flag-until <value>',
      '… and ends where it is at or above this',
      parseNumber(0, 1000),
      leaveAbove,
    )
    .option('--flag-seconds <seconds>', '… if it lasted at least so long', seconds, minimumSeconds)
    .option(
      '--flag-merge <seconds>',
      '… after flags no further apart were joined',
      seconds,
      mergeSeconds,
    )
    .option(
      '--flag-error <value>',
      "also flag steering that differs more than this from the driver's while attention is on the road: degrees at the wheel, or the output's own unit",
      parseNumber(0, 1e6),
    )
    .option(
      '--flag-pull <value>',
      "also tell for each frame how far what is looked at off the road pulls the steering, and flag where that is above this: degrees at the wheel (3deg), or the output's own unit; takes up to two passes more a frame",
      parsePull,
    )
    .option(
      '--flag-agreement <rho>',
      'also flag where the rank correlation of the first two methods falls below this',
      parseNumber(-1, 1),
    );
}

/** A number, with or without its unit. */
function parsePull(text: string): number {
  return parseNumber(0, 1e6)(text.replace(/(deg|°)$/, ''));
}

/** Throws USAGE where a flag would end before it begins. */
export function flagSettingsOf(options: FlagOptions): FlagSettings {
  const {
    flagBy,
    flagBelow,
    flagUntil,
    flagSeconds,
    flagMerge,
    flagError = null,
    flagAgreement = null,
    flagPull,
  } = options;
  if (flagUntil < flagBelow) {
    throw new RoadgazeError(
      'USAGE',
      `--flag-until (${flagUntil}) lies below --flag-below (${flagBelow}).`,
      `A flag must end at a ${flagBy} at or above the one where it begins.`,
    );
  }
  if (flagBy === 'share' && flagBelow > 1)
    throw new RoadgazeError(
      'USAGE',
      `--flag-below (${flagBelow}) is above 1, which no share is.`,
      'Give a number from 0 to 1, or --flag-by lift.',
    );
  return {
    measure: flagBy,
    enterBelow: flagBelow,
    leaveAbove: flagUntil,
    minimumSeconds: flagSeconds,
    mergeSeconds: flagMerge,
    errorAbove: flagError,
    agreementBelow: flagAgreement,
    ...(flagPull === undefined ? {} : { pullAbove: flagPull }),
  };
}
