import { RoadgazeError } from '../../../shared/errors.ts';
import { appendOffRoad, appendScore } from '../../attention/score.ts';
import { prepare, subjectOf } from '../../explain/compile.ts';
import { optionValues } from '../../explain/method-options.ts';
import { compiledMethod } from '../../explain/methods.ts';
import {
  appendNumber,
  refuseOtherInputs,
  type ImageInput,
} from '../../inference/explained-output.ts';
import { pictureFormat } from './picture-format.ts';
import { channelsOf } from '../../inference/frame-stack.ts';
import { fedInputs, type NetworkFile, type NetworkInfo } from '../../inference/network-file.ts';
import { appendStates } from '../../inference/state-inputs.ts';
import { withFlatFeeds } from '../../inference/signal-inputs.ts';
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Model, ValueInfo } from '../../onnx/graph.ts';
import { foldAffine } from '../../onnx/rewrite/fold-affine.ts';
import { speedUp } from '../../onnx/rewrite/speed-up.ts';
import { DataType } from '../../onnx/tensor.ts';
import type { ImageFormat } from '../../video/frame-source.ts';
import {
  besideFrame,
  FRAME,
  maskOutput,
  ROAD,
  scoreOutput,
  sizeOutput,
  STEERING,
  streamedName,
  type StreamedChoice,
} from './names.ts';
import { bytesFor, codedMatrix, pixelsToPicture } from './pixels.ts';
import { appendPlane } from './plane.ts';

/** How the bytes of one of a network's pictures come. */
export interface PictureBytes {
  /** Of the graph: uint8 [N, planes, pixels], of all frames that it is put together from. */
  readonly input: string;
  readonly planes: number;
  readonly pixels: number;
  /** Of each frame. */
  readonly format: ImageFormat;
  /** Id of a camera; null: the one that is shown. */
  readonly camera: string | null;
}

/** A model fed with ffmpeg's bytes in place of its pictures. */
export interface BytesModel {
  readonly model: Model;
  readonly image: ImageInput;
  /** Of the picture that is explained. */
  readonly format: ImageFormat;
  /** Of all pictures, that one first. */
  readonly pictures: readonly PictureBytes[];
}

/** Of all cameras, or by the camera's id; null: the one that is shown. */
export type ColorSpaces = string | ((camera: string | null) => string);

/** `model` is the network itself or a compiled form of it that still reads the pictures. */
export function feedWithBytes(
  model: Model,
  network: Pick<NetworkInfo, 'source' | 'pictures'>,
  colorSpaces: ColorSpaces,
): BytesModel {
  const builder = new GraphBuilder(model, 'roadgaze/picture');
  const pictures: PictureBytes[] = [];
  const fed: ValueInfo[] = [];
  for (const [index, each] of network.pictures.entries()) {
    const { image, fields } = each;
    const picture = pictureFormat(network.source, each);
    // The first one is of the camera that is shown, whatever that is called.
    const isShown = index === 0 || fields.camera === network.pictures[0]!.fields.camera;
    const camera = isShown ? null : (fields.camera ?? null);
    const matrix = codedMatrix(typeof colorSpaces === 'string' ? colorSpaces : colorSpaces(camera));
    const pixelFormat = bytesFor(picture.color, matrix);
    const input = index === 0 ? FRAME : besideFrame(index);
    pixelsToPicture(builder, input, pixelFormat, matrix, picture, image);
    const { shape } = model.inputs.find(({ name }) => name === image.name)!;
    const each420 = pixelFormat === 'yuv420p';
    const planes = picture.frames * (pixelFormat === 'gray' ? 1 : each420 ? 6 : 3);
    const pixels = image.height * image.width;
    fed.push({ name: input, type: DataType.uint8, shape: [shape![0]!, planes, pixels] });
    const { crop = null, resize = 'area' } = fields;
    pictures.push({
      input,
      planes,
      pixels,
      camera,
      format: {
        crop,
        width: image.width * (each420 ? 2 : 1),
        height: image.height * (each420 ? 2 : 1),
        pixelFormat,
        resize: resize === 'nearest' ? 'neighbor' : resize,
      },
    });
  }
  const own = new Set(network.pictures.map(({ image }) => image.name));
  const built = builder.build({
    inputs: [...fed, ...model.inputs.filter(({ name }) => !own.has(name))],
    outputs: model.outputs,
  });
  return {
    model: speedUp(foldAffine(built)),
    image: network.pictures[0]!.image,
    format: pictures[0]!.format,
    pictures,
  };
}

export interface FrameGraph extends BytesModel {
  /**
   * Explanations whose `sizeOutput` is there, to be compared: the first two; none where there is
   * one method only.
   */
  readonly compared: readonly string[];
}

/**
 * The compiled frame graph: from ffmpeg's bytes to all that is told of a frame, in one call and one
 * forward pass. Inputs: `FRAME` uint8 [N, frames × planes, H·W]; with `scored` also `ROAD` uint8 [N, H·W], 0
 * or 255. Outputs: `STEERING` float [N] (the network's own number); per method `maskOutput` uint8
 * [N, H·W] and `scoreOutput` float [N, k] (for `attentionScore`); of the methods in `compared` also
 * `sizeOutput` float [N, H·W]. Throws METHOD_UNKNOWN, METHOD_OPTION_INVALID, METHOD_UNSUITED,
 * MODEL_*.
 */
export function frameGraph(
  network: NetworkFile,
  choices: readonly StreamedChoice[],
  colorSpaces: ColorSpaces,
  scored: boolean,
): FrameGraph {
  const names = choices.map(streamedName);
  const methods = choices.map(({ id, options, target = '+' }, index) => {
    const name = names[index]!;
    if (names.indexOf(name) !== index)
      throw new RoadgazeError(
        'METHOD_UNKNOWN',
        `The method "${name}" is named twice.`,
        'Name every method once.',
      );
    const method = compiledMethod(id);
    return { name, method, target, values: optionValues(method, options) };
  });
  const context = prepare(
    network.model,
    methods.map(({ method }) => method),
    subjectOf(network.sidecar),
  );
  const { builder, output, image } = context;
  const flat = [...network.signals, ...network.states];
  refuseOtherInputs(network.model, image, fedInputs(network));
  const pixels = image.height * image.width;
  const batch = context.model.inputs.find((input) => input.name === image.name)!.shape![0]!;
  const compared = names.length > 1 ? names.slice(0, 2) : [];

  appendNumber(builder, output, STEERING);
  const off = scored ? appendOffRoad(builder, ROAD) : null;
  const outputs: ValueInfo[] = [{ name: STEERING, type: DataType.float, shape: [batch] }];
  for (const { name, method, target, values } of methods) {
    const plane = { size: sizeOutput(name), bytes: maskOutput(name) };
    appendPlane(
      builder,
      method.append({ ...context, target }, values),
      method.description.signed,
      { ...image, shown: channelsOf(network.stack, network.byHand?.stepsBack) },
      plane,
    );
    const sums = appendScore(builder, plane.size, off, image, scoreOutput(name));
    outputs.push(
      { name: maskOutput(name), type: DataType.uint8, shape: [batch, pixels] },
      { name: scoreOutput(name), type: DataType.float, shape: [batch, sums] },
    );
    if (compared.includes(name))
      outputs.push({ name: plane.size, type: DataType.float, shape: [batch, pixels] });
  }
  outputs.push(...appendStates(builder, network.states));
  const road = { name: ROAD, type: DataType.uint8, shape: [batch, pixels] };
  const explained = builder.build({
    inputs: scored ? [...context.model.inputs, road] : context.model.inputs,
    outputs,
  });
  const fed = withFlatFeeds(explained, flat, image);
  return { compared, ...feedWithBytes(fed, network, colorSpaces) };
}
