import { filesVersion } from '../files/files-version.ts';

import { basename } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { FASTEST_RATE, SLOWEST_RATE } from '../../shared/frame-rate.ts';
import { readLogChoices } from '../drive/log/choices.ts';
import { logBeside } from '../drive/log/log-beside.ts';
import { paceOfLog } from '../drive/log/pace.ts';
import { besideFile, type Beside } from '../files/beside.ts';

export interface TakenRate {
  /** Frames a second. */
  readonly rate: number;
  /** Where it comes from, a sentence. */
  readonly because: string;
}

let given: number | null = null;

/**
 * Frames a second of all streams that tell no rate, in this process: a command has one answer for
 * all of them. null: nobody has said it.
 */
export function giveFrameRate(rate: number | null): void {
  given = rate;
}

export function givenFrameRate(): number | null {
  return given;
}

const recent = new Map<string, Promise<TakenRate>>();
const RECENT = 256;

/**
 * The rate of a stream without timestamps that tells none: as the command line has it, as it is
 * kept beside the recording, or as the log beside it goes. `frames`: how many the stream has.
 * Throws VIDEO_RATE_UNKNOWN, and LOG_INVALID where what is kept cannot be read.
 */
export async function untoldRate(path: string, frames: number): Promise<TakenRate> {
  const name = basename(path);
  if (given !== null)
    return {
      rate: given,
      because: `${name} does not tell its frame rate; ${shown(given)} a second are taken, as --fps says.`,
    };
  const { logChoices, ...logs } = besideFile(path);
  const log = (await logBeside(path, logs)) ?? logs.log;
  const key = [path, frames, await filesVersion([logChoices, log])].join('\0');
  let answer = recent.get(key);
  recent.delete(key);
  answer ??= found(path, { log, logChoices }, frames);
  recent.set(key, answer);
  if (recent.size > RECENT) recent.delete(recent.keys().next().value!);
  return answer;
}

function shown(rate: number): number {
  return Number(rate.toFixed(3));
}

async function found(
  path: string,
  { log, logChoices }: Pick<Beside, 'log' | 'logChoices'>,
  frames: number,
): Promise<TakenRate> {
  const name = basename(path);
  const choices = await readLogChoices(logChoices);
  if (choices.fps !== undefined)
    return {
      rate: choices.fps,
      because: `${name} does not tell its frame rate; ${shown(choices.fps)} a second are taken, as kept in ${basename(logChoices)}.`,
    };
  const pace = await paceOfLog(log, frames, choices);
  if (pace === null || pace < SLOWEST_RATE || pace > FASTEST_RATE) {
    throw new RoadgazeError(
      'VIDEO_RATE_UNKNOWN',
      `${name} has neither times nor a frame rate, so nobody knows when its frames were taken.`,
      'Say how many frames it has a second: in the page, or with --fps. Cameras of comma devices take 20.',
    );
  }
  return {
    rate: pace,
    because: `${name} does not tell its frame rate; ${shown(pace)} a second are taken, because ${basename(log)} has as many rows as it has frames, at that pace.`,
  };
}
