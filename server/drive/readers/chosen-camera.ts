import { RoadgazeError } from '../../../shared/errors.ts';
import type { Camera } from '../source.ts';

/** The camera that was asked for, else the first one. Throws CAMERA_UNKNOWN. */
export function chosenCamera(
  path: string,
  cameras: readonly Camera[],
  wish: string | undefined,
): string {
  if (wish === undefined) return cameras[0]!.id;
  const found = cameras.find(({ id, title }) => id === wish || title === wish);
  if (found) return found.id;
  throw new RoadgazeError(
    'CAMERA_UNKNOWN',
    `${path} has no camera ${JSON.stringify(wish)}.`,
    cameras.length > 1
      ? `Its cameras are ${cameras.map(({ id }) => id).join(', ')}.`
      : 'It has one camera only; leave the choice out.',
  );
}
