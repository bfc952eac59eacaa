import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { FASTEST_RATE, SLOWEST_RATE } from '../../../shared/frame-rate.ts';
import { issueInWords } from '../../../shared/schema-issue.ts';
import { LARGEST_RATIO, SMALLEST_RATIO, type SteeringRatio } from '../../../shared/steering.ts';
import { notWritable } from '../../files/not-writable.ts';
import { writeWhole } from '../../files/write-whole.ts';
import { invalid } from './log-fault.ts';

/** What a drive log does not say of itself, and a person does. */
export interface LogChoices {
  /** Of the steering column. */
  readonly unit?: 'rad' | 'deg' | 'normalized' | undefined;
  /** Where a positive steering steers. */
  readonly positive?: 'left' | 'right' | undefined;
  /** Seconds that are added to all times, after they were put on the video's clock. */
  readonly offset?: number | undefined;
  /** Name of the steering column. */
  readonly column?: string | undefined;
  /** Whose angle the steering is. */
  readonly angleOf?: 'wheel' | 'tyre' | undefined;
  /** How often the steering wheel turns for one turn of the tyres. */
  readonly ratio?: number | undefined;
  /** Whose rows are taken, of a log that holds several cameras. */
  readonly camera?: string | undefined;
  /** Frames a second of the recording itself, where its stream tells none. */
  readonly fps?: number | undefined;
}

/** The steering ratio that a person says; null where nobody does. */
export function chosenRatio({ ratio }: LogChoices): SteeringRatio | null {
  return ratio === undefined ? null : { value: ratio, from: 'as asked for' };
}

const choicesFile = z.strictObject({
  roadgazeLog: z.literal(1),
  unit: z.enum(['rad', 'deg', 'normalized']).optional(),
  positive: z.enum(['left', 'right']).optional(),
  offset: z.number().min(-1e6).max(1e6).optional(),
  column: z.string().min(1).max(200).optional(),
  angleOf: z.enum(['wheel', 'tyre']).optional(),
  ratio: z.number().min(SMALLEST_RATIO).max(LARGEST_RATIO).optional(),
  camera: z.string().min(1).max(200).optional(),
  fps: z.number().min(SLOWEST_RATE).max(FASTEST_RATE).optional(),
});

/**
 * What is kept beside a recording (`Beside.logChoices`); nothing without the file. Throws
 * LOG_INVALID, which names file and field.
 */
export async function readLogChoices(path: string): Promise<LogChoices> {
  const wrong = (what: string, cause?: unknown) =>
    invalid(`${basename(path)} ${what}.`, 'Correct the file, or remove it.', cause);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw wrong('may not be read', error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is not JSON');
  }
  const result = choicesFile.safeParse(value);
  if (!result.success) throw wrong(issueInWords(result.error.issues[0]!));
  const { roadgazeLog: _, ...choices } = result.data;
  return choices;
}

/** Keeps choices beside a recording, whole or not at all. Throws OUTPUT_NOT_WRITABLE. */
export async function writeLogChoices(path: string, choices: LogChoices): Promise<void> {
  await writeWhole(path, `${JSON.stringify({ roadgazeLog: 1, ...choices })}\n`).catch(
    (cause: unknown) => {
      throw notWritable(`What was chosen for the log cannot be kept in ${path}`, cause);
    },
  );
}
