import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Point } from '../../shared/geometry.ts';
import { issueInWords } from '../../shared/schema-issue.ts';
import type { Beside } from '../files/beside.ts';
import { notWritable } from '../files/not-writable.ts';
import { writeWhole } from '../files/write-whole.ts';
import { GUESSED_ROAD, type RoadSpecification } from './road-specification.ts';

/**
 * A polygon that somebody drew, kept beside recordings. Points in fractions of the frame, margin as
 * in `RoadSpecification`.
 */
export interface DrawnRoad {
  readonly points: readonly Point[];
  readonly margin?: number;
}

/**
 * Whom a drawn road belongs to: all recordings of a folder, which one camera took, or one of them.
 */
export type RoadScope = 'camera' | 'recording';

/** Points may lie outside the frame by its own size; the region is cut at its edges. */
const coordinate = z.number().min(-1).max(2);
const roadFile = z.strictObject({
  roadgazeRoad: z.literal(1),
  points: z
    .array(z.tuple([coordinate, coordinate]))
    .min(3)
    .max(64),
  margin: z.number().int().min(0).max(1000).exactOptional(),
});

export function roadFilePath({ road, cameraRoad }: Beside, scope: RoadScope): string {
  return scope === 'camera' ? cameraRoad : road;
}

/**
 * The road drawn for a recording, else the one for its camera; null without both. Throws
 * ROAD_INVALID, which names file and field.
 */
export async function readDrawnRoad({ road, cameraRoad }: Beside): Promise<DrawnRoad | null> {
  return (await readRoadFile(road)) ?? readRoadFile(cameraRoad);
}

/**
 * Keeps a drawn road, whole or not at all; null removes it. Throws ROAD_INVALID,
 * OUTPUT_NOT_WRITABLE.
 */
export async function writeDrawnRoad(
  beside: Beside,
  scope: RoadScope,
  road: DrawnRoad | null,
): Promise<void> {
  await writeRoadFile(roadFilePath(beside, scope), road);
}

/** As writeDrawnRoad, in a file of any name. */
export async function writeRoadFile(path: string, road: DrawnRoad | null): Promise<void> {
  const text = road && `${JSON.stringify(check({ roadgazeRoad: 1, ...road }, path))}\n`;
  try {
    if (text === null) await rm(path, { force: true });
    else await writeWhole(path, text);
  } catch (cause) {
    throw notWritable(`The road cannot be kept in ${path}`, cause);
  }
}

/**
 * Where the road of a recording comes from when nobody says: what was drawn, else the ground truth
 * beside it, else a road network where there is one, else the guess. Throws ROAD_INVALID.
 */
export async function roadOfRecording(
  { beside, truthPath }: { readonly beside: Beside; readonly truthPath: string | null },
  findModel: () => Promise<string | null>,
): Promise<RoadSpecification> {
  const drawn = await readDrawnRoad(beside);
  if (drawn) return { kind: 'polygon', ...drawn };
  if (truthPath) return { kind: 'truth', path: truthPath };
  const model = await findModel();
  return model ? { kind: 'model', path: model } : GUESSED_ROAD;
}

/** The road in a file; null without the file. Throws ROAD_INVALID, which names file and field. */
export async function readRoadFile(path: string): Promise<DrawnRoad | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw invalid(path, 'may not be read', error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(path, 'is not JSON');
  }
  const { points, margin } = check(value, path);
  return margin === undefined ? { points } : { points, margin };
}

function check(value: unknown, path: string): z.infer<typeof roadFile> {
  const result = roadFile.safeParse(value);
  if (result.success) return result.data;
  throw invalid(path, issueInWords(result.error.issues[0]!));
}

function invalid(path: string, what: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError(
    'ROAD_INVALID',
    `The road in ${path} cannot be used: it ${what}.`,
    'Draw the road again, or remove the file.',
    { cause },
  );
}
