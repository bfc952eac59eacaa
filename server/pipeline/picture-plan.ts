import { RoadgazeError } from '../../shared/errors.ts';
import { reachOf, type FrameStack } from '../inference/frame-stack.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import type { ChainFeed } from '../inference/session-chain.ts';
import { inBytes } from '../onnx/limits.ts';
import type { ImageFormat } from '../video/frame-source.ts';
import type { Past } from '../video/past-frames.ts';
import type { PictureBytes } from './frame-graph/frame-graph.ts';
import { stackedPicture } from './stacked-picture.ts';

/** Another camera of the drive, and what the decoder must deliver of it. */
export interface OtherCamera {
  readonly camera: string;
  readonly images: readonly ImageFormat[];
}

/** Where the bytes of a network's pictures come from. */
export interface PicturePlan {
  /** Of the camera that is shown; that of the explained picture first. */
  readonly images: readonly ImageFormat[];
  readonly others: readonly OtherCamera[];
  readonly reach: number;
  /** For each picture, in the network's order. */
  readonly inputBytes: readonly number[];
  /** `numbers`: which input of a call each picture is. */
  feeds(numbers: readonly number[]): readonly ChainFeed[];
  /** The bytes of each picture. `images` begins with those that the plan asks for. */
  bytes(images: readonly Uint8Array[], past: Past | undefined): readonly Uint8Array[];
}

/** Bytes of earlier frames that are kept for one stream. */
const MOST_KEPT = 256 << 20;

/** Throws SIDECAR_INVALID where it would look back over more than is kept. */
export function picturePlan(
  network: Pick<NetworkInfo, 'pictures' | 'source'>,
  pictures: readonly PictureBytes[],
): PicturePlan {
  const cameras = [...new Set(pictures.flatMap(({ camera }) => camera ?? []))];
  const others = cameras.map((camera) => ({
    camera,
    images: pictures.filter((each) => each.camera === camera).map(({ format }) => format),
  }));
  const shown = pictures.filter(({ camera }) => camera === null);
  const beside = cameras.flatMap((camera) => pictures.filter((each) => each.camera === camera));
  const stacks = network.pictures.map(({ stack }) => stack);
  const reach = Math.max(...stacks.map(reachOf));
  const kept = reach * bytesOfFrame(pictures, stacks);
  if (kept > MOST_KEPT)
    throw new RoadgazeError(
      'SIDECAR_INVALID',
      `${network.source} looks back over ${reach} frames, which take ${inBytes(kept)} of memory; the limit is ${inBytes(MOST_KEPT)}.`,
      'Lower "step" or "count" of its "frames" in the sidecar.',
    );
  return {
    images: shown.map(({ format }) => format),
    others,
    reach,
    inputBytes: pictures.map(({ planes, pixels }) => planes * pixels),
    feeds: (numbers) =>
      pictures.map(({ input, planes, pixels }, index) => ({
        name: input,
        from: 'call',
        input: numbers[index]!,
        dims: [planes, pixels],
      })),
    bytes: (images, past) =>
      pictures.map((picture, index) => {
        const [of, at] =
          picture.camera === null
            ? (['images', shown.indexOf(picture)] as const)
            : (['beside', beside.indexOf(picture)] as const);
        const newest = of === 'images' ? images[at]! : past!.beside[at]!;
        const older = past?.older.map((frame) => frame[of][at]!) ?? [];
        return stackedPicture(newest, older, stacks[index]!);
      }),
  };
}

/** Of all pictures of one frame. */
function bytesOfFrame(pictures: readonly PictureBytes[], stacks: readonly FrameStack[]): number {
  return pictures.reduce(
    (sum, { planes, pixels }, index) => sum + (planes * pixels) / stacks[index]!.count,
    0,
  );
}
