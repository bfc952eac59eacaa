import type { Size } from '../../shared/geometry.ts';
import type { PictureSource } from '../drive/source.ts';
import { stepsBack } from '../inference/frame-stack.ts';
import { colorSpacesOf } from './other-cameras.ts';
import { decodeOne } from './decode-one.ts';
import { tensorsOfFrames } from './frame-tensors.ts';
import { pictureColors } from './picture-colors.ts';
import { inWorkshop } from './workshop/workshop.ts';

export interface SeenPicture extends Size {
  /** Name of the input. */
  readonly input: string;
  readonly stepsBack: number;
  /** R,G,B, row by row. */
  readonly rgb: Uint8Array;
}

export interface SeenRequest {
  readonly modelPath: string;
  readonly drive: PictureSource;
  readonly camera: string;
  /** Of the frame; null for the first one. */
  readonly pts: number | null;
  readonly signal: AbortSignal;
  /** Pixels of all pictures together; of what goes beyond, the oldest frames are left out. */
  readonly mostPixels: number;
}

/**
 * All pictures of a frame as the network gets them: cut out, scaled, in its colours, and of a stack
 * every frame. Throws INPUT_*, VIDEO_*, MODEL_*, SIDECAR_INVALID.
 */
export async function picturesAsSeen({
  modelPath,
  drive,
  camera,
  pts,
  signal,
  mostPixels,
}: SeenRequest): Promise<{ readonly pictures: readonly SeenPicture[]; readonly left: number }> {
  const network = await inWorkshop(
    'info',
    { path: modelPath, kind: 'steering', camera },
    { signal },
  );
  const tensors = tensorsOfFrames(network, await colorSpacesOf(network, drive));
  const { images, past } = await decodeOne(drive, pts, tensors, signal);
  const { picture, beside } = await tensors.read(images, past);
  const values = [picture, ...beside.map((each) => each.values)];
  const all = network.pictures.flatMap(({ image, stack }, at) =>
    stepsBack(stack).map((back) => ({ image, at, back })),
  );
  let pixels = 0;
  const kept = new Set(
    [...all]
      .sort((a, b) => a.back - b.back)
      .filter(({ image }) => (pixels += image.width * image.height) <= mostPixels),
  );
  return {
    pictures: all
      .filter((each) => kept.has(each))
      .sort((a, b) => a.at - b.at || b.back - a.back)
      .map(({ image, at, back }) => ({
        input: image.name,
        stepsBack: back,
        width: image.width,
        height: image.height,
        rgb: pictureColors(network, image, values[at]!, { at, back, isOfVideo: true }),
      })),
    left: all.length - kept.size,
  };
}
