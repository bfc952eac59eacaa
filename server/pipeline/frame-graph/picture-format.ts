import { RoadgazeError } from '../../../shared/errors.ts';
import { cropInFrame, isInside, type Size } from '../../../shared/geometry.ts';
import type { NetworkPicture } from '../../inference/network-pictures.ts';
import type { PictureFields } from '../../inference/sidecar-form.ts';

export type ColorSpace = 'gray' | 'rgb' | 'bgr' | 'yuv' | 'yuv420';

/**
 * How bytes become the network's input: colour, then tensor = value × scale + offset, per channel.
 */
export interface PictureFormat {
  readonly color: ColorSpace;
  /** Frames of which it is put together, side by side as channels. */
  readonly frames: number;
  /** Of one frame. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** What the sidecar says of a picture, checked against the graph. Throws SIDECAR_INVALID. */
export function pictureFormat(
  source: string,
  { image, stack, fields: given }: NetworkPicture,
): PictureFormat {
  const { count: frames, channels } = stack;
  const color = given.color ?? (channels === 1 ? 'gray' : 'rgb');
  const needed = color === 'gray' ? 1 : color === 'yuv420' ? 6 : 3;
  const wrong = (what: string) =>
    new RoadgazeError(
      'SIDECAR_INVALID',
      `The sidecar of ${source} ${what}.`,
      'Correct the sidecar, or export the network with the other layout.',
    );
  const each = frames === 1 ? '' : ' for each frame';
  if (given.color === undefined && channels !== needed) {
    throw new RoadgazeError(
      'MODEL_INPUT_UNCLEAR',
      `The picture "${image.name}" of ${source} has ${channels} channels${each}; Roadgaze fills pictures of 1 (grey) or 3 (colour).`,
      'Export the network for a grey or a colour picture, or say in the sidecar of how many "frames" it is put together.',
    );
  }
  if (channels !== needed)
    throw wrong(
      `has input.color "${color}", but the picture "${image.name}" has ${channels} channels${each}`,
    );
  const list = (name: 'scale' | 'offset', fallback: number) => {
    const value = given[name] ?? fallback;
    const values =
      typeof value === 'number' ? Array.from({ length: channels }, () => value) : value;
    if (values.length !== channels)
      throw wrong(`has ${values.length} numbers in input.${name} for ${channels} channels`);
    return values;
  };
  return { color, frames, scale: list('scale', 1), offset: list('offset', 0) };
}

/** Throws CROP_OUTSIDE_FRAME where the crop, scaled to the frame, leaves it. */
export function checkCrop(source: string, { crop }: PictureFields, frame: Size): void {
  const placed = cropInFrame(crop ?? null, frame);
  if (isInside(placed, frame)) return;
  throw new RoadgazeError(
    'CROP_OUTSIDE_FRAME',
    `The crop of ${source} (x ${placed.x}, y ${placed.y}, ${placed.width}×${placed.height}) does not lie inside the frame of ${frame.width}×${frame.height}.`,
    'Correct "crop" in the sidecar; "of" is the size of the frame that the crop was measured on.',
  );
}
