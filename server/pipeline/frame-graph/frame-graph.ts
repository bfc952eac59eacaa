import { RoadgazeError } from '../../../shared/errors.ts';
import { explanationName, explanationOf, type Target } from '../../../shared/explanations.ts';
import { appendOffRoad, appendScore } from '../../attention/score.ts';
import { prepare, subjectOf } from '../../explain/compile.ts';
import { optionValues, type MethodChoice } from '../../explain/method-options.ts';
import { compiledMethod } from '../../explain/methods.ts';
import {
  appendNumber,
  refuseOtherInputs,
  type ImageInput,
} from '../../inference/explained-output.ts';
import { pictureFormat } from './picture-format.ts';
import { channelsOf } from '../../inference/frame-stack.ts';
import type { NetworkFile, NetworkInfo } from '../../inference/network-file.ts';
import { appendStates } from '../../inference/state-inputs.ts';
import { withFlatFeeds } from '../../inference/signal-inputs.ts';
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Model, ValueInfo } from '../../onnx/graph.ts';
import { foldAffine } from '../../onnx/rewrite/fold-affine.ts';
import { speedUp } from '../../onnx/rewrite/speed-up.ts';
import { DataType } from '../../onnx/tensor.ts';
import type { ImageFormat } from '../../video/frame-source.ts';
import { bytesFor, codedMatrix, pixelsToPicture } from './pixels.ts';
import { appendPlane } from './plane.ts';

/**
 * Input of every graph that reads a frame. Names have a prefix, because the network's own are used
 * beside them.
 */
export const FRAME = 'roadgaze/frame';

/**
 * A model fed with ffmpeg's bytes: input `FRAME` uint8 [N, frames × planes, height × width] in place of
 * its picture.
 */
export interface BytesModel {
  readonly model: Model;
  readonly image: ImageInput;
  readonly format: ImageFormat;
}

/** `model` is the network itself or a compiled form of it that still reads the picture. */
export function feedWithBytes(
  model: Model,
  network: NetworkInfo,
  image: ImageInput,
  colorSpace: string,
): BytesModel {
  const picture = pictureFormat(network, image);
  const matrix = codedMatrix(colorSpace);
  const pixelFormat = bytesFor(picture.color, matrix);
  const builder = new GraphBuilder(model, 'roadgaze/picture');
  pixelsToPicture(builder, FRAME, pixelFormat, matrix, picture, image);
  const original = model.inputs.find((input) => input.name === image.name)!;
  const frame = {
    name: FRAME,
    type: DataType.uint8,
    shape: [
      original.shape![0]!,
      picture.frames * (pixelFormat === 'gray' ? 1 : 3),
      image.height * image.width,
    ],
  };
  const { crop, resize = 'area' } = network.sidecar.input ?? {};
  const fed = builder.build({
    inputs: [frame, ...model.inputs.filter((input) => input !== original)],
    outputs: model.outputs,
  });
  return {
    model: speedUp(foldAffine(fed)),
    image,
    format: {
      crop: crop ?? null,
      width: image.width,
      height: image.height,
      pixelFormat,
      resize: resize === 'nearest' ? 'neighbor' : resize,
    },
  };
}

/** A method as the frame graph has it: its default target is `+`. */
export interface StreamedChoice extends MethodChoice {
  readonly target?: Target;
}

/** By names of explanations. */
export function streamedChoices(names: readonly string[]): StreamedChoice[] {
  return names.map((name) => {
    const { method, target } = explanationOf(name);
    return { id: method, target };
  });
}

export function streamedName({ id, target = '+' }: StreamedChoice): string {
  return explanationName({ method: id, target });
}

/** Names of the frame graph's input `road`, and of its outputs by the names of explanations. */
export const ROAD = 'roadgaze/road';
export const STEERING = 'roadgaze/steering';
export const maskOutput = (explanation: string) => `roadgaze/mask_${explanation}`;
export const scoreOutput = (explanation: string) => `roadgaze/score_${explanation}`;
export const sizeOutput = (explanation: string) => `roadgaze/size_${explanation}`;

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
  colorSpace: string,
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
  refuseOtherInputs(network.model, image, flat);
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
      { ...image, shown: channelsOf(network.stack) },
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
  return { compared, ...feedWithBytes(fed, network, image, colorSpace) };
}
