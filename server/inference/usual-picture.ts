import type { Model, ValueInfo } from '../onnx/graph.ts';
import { imageInput, isPictureType, type ImageInput } from './explained-output.ts';
import { frameStack } from './frame-stack.ts';
import { withPlainPictures } from './picture-axes.ts';

/** A picture among a network's inputs, and what may be said of it. */
export interface UsualPicture {
  readonly name: string;
  /** With the channels of one frame. */
  readonly image: ImageInput;
  /** Fields that follow from name and shape. */
  readonly fields: object;
  readonly why: string;
}

/**
 * The pictures of a network by names and shapes. Throws MODEL_INPUT_UNCLEAR, MODEL_SHAPE where there
 * is none.
 */
export function usualPictures(model: Model): readonly UsualPicture[] {
  const pictures = model.inputs.filter(
    ({ type, shape }) => isPictureType(type) && (shape?.length === 4 || shape?.length === 5),
  );
  if (pictures.length === 0) imageInput(model, null);
  return pictures.map((input) => usualPicture(model, input, pictures.length > 1));
}

function usualPicture(model: Model, { name }: ValueInfo, isOneOfSeveral: boolean): UsualPicture {
  const alone = { roadgaze: 2, kind: 'steering', input: { tensor: name } } as const;
  const plain = withPlainPictures(model, alone);
  const image = imageInput(plain.model, plain.sidecar.input!.tensor!);
  const [axes = null] = plain.axes;
  const isSixPlanes = /input_imgs/.test(name) && image.channels % 6 === 0;
  const { count } = isSixPlanes
    ? { count: image.channels / 6 }
    : frameStack(model.source, image, {}, axes);
  const camera = isOneOfSeveral ? cameraOf(name) : null;
  const along = axes && axes.roles.includes('T') ? axes.roles.indexOf('T') : 'channels';
  const told = [
    ...(count > 1 ? [`of ${count} frames: correct "step" and "order"`] : []),
    ...(isSixPlanes ? ['in six planes, as openpilot has them'] : []),
    ...(isOneOfSeveral ? ['of one of several cameras: correct "camera"'] : []),
  ];
  return {
    name,
    image: { ...image, channels: image.channels / count },
    fields: {
      ...(camera === null ? {} : { camera }),
      ...(isSixPlanes ? { color: 'yuv420' } : {}),
      ...(count > 1 ? { frames: { count, step: 1, along, order: 'oldest-first' } } : {}),
    },
    why: told.length > 0 ? `, ${told.join(', ')}` : '',
  };
}

/** What a camera may be called in a drive. */
function cameraOf(name: string): string | null {
  if (/big_input/.test(name)) return 'ecamera';
  if (/^input_imgs/.test(name)) return 'fcamera';
  return /left|right|center|front|rear|wide/i.exec(name)?.[0].toLowerCase() ?? name;
}
