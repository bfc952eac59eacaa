import type { Command } from 'commander';
import type { LogChoices } from '../drive/log/choices.ts';
import { LARGEST_RATIO, SMALLEST_RATIO } from '../../shared/steering.ts';
import { parseChoice, parseNumber } from './option-values.ts';

export interface LogOptions {
  readonly logUnit?: LogChoices['unit'];
  readonly logPositive?: LogChoices['positive'];
  readonly logOffset?: number;
  readonly logColumn?: string;
  readonly logAngle?: LogChoices['angleOf'];
  readonly logRatio?: number;
  readonly logCamera?: string;
}

/** Options that `logChoicesOf` reads. */
export function addLogOptions(command: Command): Command {
  return command
    .option(
      '--log-unit <unit>',
      'what the steering of drive logs is in, where their header does not say: rad, deg or normalized (-1 to 1)',
      parseChoice(['rad', 'deg', 'normalized']),
    )
    .option(
      '--log-positive <side>',
      'where a positive steering of drive logs steers: left or right (default: left, or as the tool that wrote the log has it)',
      parseChoice(['left', 'right']),
    )
    .option('--log-offset <seconds>', 'added to the times of drive logs', parseNumber(-1e6, 1e6))
    .option('--log-column <name>', 'the steering column of drive logs')
    .option(
      '--log-angle <whose>',
      'whose angle the steering of drive logs is, where they do not say: wheel or tyre',
      parseChoice(['wheel', 'tyre']),
    )
    .option(
      '--log-ratio <number>',
      'steering ratio, turns of the wheel for one of the tyres: makes an angle of one of the other',
      parseNumber(SMALLEST_RATIO, LARGEST_RATIO),
    )
    .option(
      '--log-camera <name>',
      'whose rows are taken, where a drive log has rows of several cameras',
    );
}

/** What was said, over what is kept beside a recording. */
export function logChoicesOf({
  logUnit,
  logPositive,
  logOffset,
  logColumn,
  logAngle,
  logRatio,
  logCamera,
}: LogOptions): LogChoices {
  const said = {
    unit: logUnit,
    positive: logPositive,
    offset: logOffset,
    column: logColumn,
    angleOf: logAngle,
    ratio: logRatio,
    camera: logCamera,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
