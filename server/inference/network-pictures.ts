import { imageInput, type ImageInput } from './explained-output.ts';
import { frameStack, type FrameStack } from './frame-stack.ts';
import type { PictureAxes } from './picture-axes.ts';
import { isPicture, type PictureFields, type Sidecar } from './sidecar-form.ts';
import type { Model } from '../onnx/graph.ts';

/** A picture that a network takes. */
export interface NetworkPicture {
  readonly image: ImageInput;
  readonly stack: FrameStack;
  /** What the sidecar says of it. */
  readonly fields: PictureFields;
}

/** Of several pictures the one of this camera is explained; the first one where there is none. */
export function ofCamera(sidecar: Sidecar, camera: string | undefined): Sidecar {
  const { input, feeds = {} } = sidecar;
  if (camera === undefined || input?.tensor === undefined || input.camera === camera)
    return sidecar;
  const found = Object.entries(feeds).find(
    ([, feed]) => isPicture(feed) && feed.picture.camera === camera,
  );
  if (!found) return sidecar;
  const [name, feed] = found;
  const { [name]: _, ...others } = feeds;
  const { tensor, ...picture } = input;
  return {
    ...sidecar,
    input: { ...(isPicture(feed) ? feed.picture : {}), tensor: name },
    feeds: { [tensor]: { picture }, ...others },
  };
}

/** Ids of cameras that a network sees beside the one that is shown. */
export function camerasBeside({
  pictures,
}: {
  readonly pictures: readonly NetworkPicture[];
}): readonly string[] {
  const [shown, ...others] = pictures;
  const named = others.flatMap(({ fields }) => fields.camera ?? []);
  return [...new Set(named)].filter((camera) => camera !== shown!.fields.camera);
}

/** The one that is explained first. Throws MODEL_INPUT_UNCLEAR, MODEL_SHAPE, SIDECAR_INVALID. */
export function networkPictures(
  model: Model,
  sidecar: Sidecar,
  axes: readonly PictureAxes[],
): readonly NetworkPicture[] {
  const one = (fields: PictureFields): NetworkPicture => {
    const image = imageInput(model, fields.tensor ?? null);
    const own = axes.find(({ planes }) => planes.name === image.name) ?? null;
    return { image, stack: frameStack(model.source, image, fields, own), fields };
  };
  return [
    one(sidecar.input ?? {}),
    ...Object.entries(sidecar.feeds ?? {}).flatMap(([name, feed]) =>
      isPicture(feed) ? [one({ ...feed.picture, tensor: name })] : [],
    ),
  ];
}
