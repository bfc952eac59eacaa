import { access } from 'node:fs/promises';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Point } from '../../shared/geometry.ts';
import type { Beside } from '../files/beside.ts';
import { readDrawnRoad, roadFilePath, writeDrawnRoad } from '../attention/road-file.ts';
import type { Catalogue } from './catalogue.ts';

/**
 * Keeps a road for the camera of a recording, or for the recording where that has a road of its
 * own; null forgets it. A margin that was set stays. Throws USAGE where a road that is drawn would
 * not be used, OUTPUT_NOT_WRITABLE.
 */
export async function keepRoad(
  catalogue: Catalogue,
  beside: Beside,
  points: readonly Point[] | null,
): Promise<void> {
  checkIsDrawable(catalogue);
  const scope = await access(roadFilePath(beside, 'recording')).then(
    () => 'recording' as const,
    () => 'camera' as const,
  );
  // A file that cannot be read is what drawing again mends.
  const before = await readDrawnRoad(beside).catch(() => null);
  await writeDrawnRoad(beside, scope, points && { ...before, points });
}

/** Throws USAGE where a road that is drawn would not be used. */
export function checkIsDrawable({ isRoadGiven }: Catalogue): void {
  if (isRoadGiven)
    throw new RoadgazeError(
      'USAGE',
      'The road was named by --road when the server was started, and a drawn one would not be used.',
      'Start it again without --road.',
    );
}
