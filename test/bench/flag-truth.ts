import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { repositoryRoot } from '../support/paths.ts';

/**
 * Smaller ones, of the 240×135 pixels of a truth file's masks, are a speck in the networks'
 * picture.
 */
const LEAST_PIXELS = 20;

interface TruthObject {
  readonly kind: string;
  /** In pixels of the camera's frame, as the crop is. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
  readonly pixels: number;
}

/** Whether a cue board is in the networks' picture, for each frame of a truth file. */
export async function boardsInPicture(truthPath: string): Promise<boolean[]> {
  const crop = JSON.parse(
    await readFile(join(repositoryRoot, 'recordings/scene/crop.json'), 'utf8'),
  ) as { x: number; y: number; width: number; height: number };
  const [, ...frames] = gunzipSync(await readFile(truthPath))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { objects: TruthObject[] });
  const isSeen = ({ kind, box: [left, top, right, bottom], pixels }: TruthObject) =>
    kind === 'cue' &&
    pixels >= LEAST_PIXELS &&
    left < crop.x + crop.width &&
    right > crop.x &&
    top < crop.y + crop.height &&
    bottom > crop.y;
  return frames.map(({ objects }) => objects.some(isSeen));
}
