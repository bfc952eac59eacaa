import { prepare, subjectOf } from '../../explain/compile.ts';
import { appendNumber, refuseOtherInputs } from '../../inference/explained-output.ts';
import { fedInputs, type NetworkFile } from '../../inference/network-file.ts';
import { withFlatFeeds } from '../../inference/signal-inputs.ts';
import { DataType } from '../../onnx/tensor.ts';
import { feedWithBytes, type BytesModel, type ColorSpaces } from './frame-graph.ts';
import { STEERING } from './names.ts';

/**
 * A network without any explanation: the same inputs as its frame graph but for the road, and the
 * number that is shown as its only output, `STEERING` float [N]. Throws MODEL_*.
 */
export function answerGraph(network: NetworkFile, colorSpaces: ColorSpaces): BytesModel {
  const { builder, output, image, model } = prepare(network.model, [], subjectOf(network.sidecar));
  refuseOtherInputs(network.model, image, fedInputs(network));
  const batch = model.inputs.find(({ name }) => name === image.name)!.shape![0]!;
  appendNumber(builder, output, STEERING);
  const answering = builder.build({
    inputs: model.inputs,
    outputs: [{ name: STEERING, type: DataType.float, shape: [batch] }],
  });
  const flat = [...network.signals, ...network.states];
  return feedWithBytes(withFlatFeeds(answering, flat, image), network, colorSpaces);
}
