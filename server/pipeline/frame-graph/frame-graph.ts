import { appendOnRoad } from '../../attention/score.ts';
import { prepare, subjectOf } from '../../explain/compile.ts';
import { compiledMethod } from '../../explain/methods.ts';
import type { ImageInput } from '../../explain/explained-output.ts';
import { pictureFormat } from './picture-format.ts';
import type { NetworkFile } from '../../inference/network-file.ts';
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Model } from '../../onnx/graph.ts';
import { foldAffine } from '../../onnx/rewrite/fold-affine.ts';
import { DataType, int64Tensor, scalar } from '../../onnx/tensor.ts';
import type { ImageFormat } from '../../video/frame-source.ts';
import { bytesFor, codedMatrix, pixelsToPicture } from './pixels.ts';

/** A model fed with ffmpeg's bytes: input `frame` uint8 [N, planes, height × width] in place of its picture. */
export interface BytesModel {
  readonly model: Model;
  readonly format: ImageFormat;
}

/** `model` is the network itself or a compiled form of it that still reads the picture. */
export function feedWithBytes(model: Model, network: NetworkFile, image: ImageInput, colorSpace: string): BytesModel {
  const picture = pictureFormat(network, image);
  const matrix = codedMatrix(colorSpace);
  const pixelFormat = bytesFor(picture.color, matrix);
  const builder = new GraphBuilder(model, 'roadgaze/picture');
  pixelsToPicture(builder, 'frame', pixelFormat, matrix, picture, image);
  const original = model.inputs.find((input) => input.name === image.name)!;
  const frame = { name: 'frame', type: DataType.uint8, shape: [original.shape![0]!, pixelFormat === 'gray' ? 1 : 3, image.height * image.width] };
  const { crop, resize = 'area' } = network.sidecar.input ?? {};
  const fed = builder.build({ inputs: [frame, ...model.inputs.filter((input) => input !== original)], outputs: model.outputs });
  return {
    model: foldAffine(fed),
    format: { crop: crop ?? null, width: image.width, height: image.height, pixelFormat, resize: resize === 'nearest' ? 'neighbor' : resize },
  };
}

export interface FrameGraph extends BytesModel {
  readonly image: ImageInput;
}

/**
 * The compiled frame graph: from ffmpeg's bytes to all that is told of a frame, in one call.
 * Inputs: `frame` uint8 [N, planes, H·W]; with `scored` also `road` uint8 [N, H·W], 0 or 255.
 * Outputs: `frameSteering` float [N] (the network's own number), `mask` uint8 [N, H·W], with `scored` also `onRoad` float [N].
 */
export function frameGraph(network: NetworkFile, methodId: string, colorSpace: string, scored: boolean): FrameGraph {
  const method = compiledMethod(methodId);
  const context = prepare(network.model, [method], subjectOf(network.sidecar));
  const { builder, output, image } = context;
  const pixels = image.height * image.width;
  const batch = context.model.inputs.find((input) => input.name === image.name)!.shape![0]!;

  const appended = method.append(context, {});
  if (appended.kind !== 'mask') throw new Error('not a mask');
  const { raised, factor } = appended;
  const bytes = builder.node('Add', [builder.node('Mul', [raised, builder.scale(factor, 255)]), builder.constant(scalar(0.5), 'half')]);
  builder.reshape(builder.node('Cast', [bytes], { to: DataType.uint8 }), [0, pixels], 'mask');
  const row = builder.reshape(output.tensor, [0, output.elements]);
  const element = builder.node('Gather', [row, builder.constant(int64Tensor([output.index], []), 'index')], { axis: 1 });
  builder.node('Cast', [element], { to: DataType.float }, 'frameSteering');
  if (scored) appendOnRoad(builder, raised, 'road', pixels, 'onRoad');

  const explained = builder.build({
    inputs: scored ? [...context.model.inputs, { name: 'road', type: DataType.uint8, shape: [batch, pixels] }] : context.model.inputs,
    outputs: [
      { name: 'frameSteering', type: DataType.float, shape: [batch] },
      { name: 'mask', type: DataType.uint8, shape: [batch, pixels] },
      ...(scored ? [{ name: 'onRoad', type: DataType.float, shape: [batch] }] : []),
    ],
  });
  return { image, ...feedWithBytes(explained, network, image, colorSpace) };
}
