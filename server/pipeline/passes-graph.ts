import type { Target } from '../../shared/explanations.ts';
import { compile, subjectOf } from '../explain/compile.ts';
import type { MethodChoice } from '../explain/method-options.ts';
import {
  appendExplained,
  appendNumber,
  explainedOutput,
  refuseOtherInputs,
  type ImageInput,
} from '../inference/explained-output.ts';
import type { NetworkFile } from '../inference/network-file.ts';
import { withFlatFeeds } from '../inference/signal-inputs.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import type { Model } from '../onnx/graph.ts';
import { inferWhatIsKnown } from '../onnx/infer-shapes.ts';
import { DataType } from '../onnx/tensor.ts';

const PICTURE = 'roadgaze/picture';
const STEERING = 'roadgaze/steering';
const EXPLAINED = 'roadgaze/explained';

/**
 * A network fed with its picture as float32, as `feed`. Outputs: the number that is shown [N], the
 * one that is explained [N], then the maps of the methods. Throws MODEL_*, METHOD_*.
 */
export function graphOnFloats(
  network: NetworkFile,
  methods: readonly MethodChoice[],
  target: Target,
): { model: Model; image: ImageInput; feed: string } {
  const subject = subjectOf(network.sidecar);
  const { image } = network;
  const flat = [...network.signals, ...network.states];
  refuseOtherInputs(network.model, image, flat);
  const own = network.model.outputs.length;
  const compiled = compile(network.model, methods, subject, target);
  const builder = new GraphBuilder(compiled, 'roadgaze/passes');
  const output = explainedOutput(network.model, inferWhatIsKnown(network.model), image, {
    tensor: subject.outputTensor,
    index: subject.outputIndex,
  });
  appendNumber(builder, output, STEERING);
  appendExplained(builder, output, EXPLAINED);
  const original = compiled.inputs.find(({ name }) => name === image.name)!;
  const isFloat = image.type === DataType.float;
  if (!isFloat) builder.node('Cast', [PICTURE], { to: image.type }, image.name);
  const model = builder.build({
    inputs: [
      isFloat ? original : { name: PICTURE, type: DataType.float, shape: original.shape },
      ...compiled.inputs.filter((input) => input !== original),
    ],
    outputs: [
      ...[STEERING, EXPLAINED].map((name) => ({
        name,
        type: DataType.float,
        shape: [original.shape![0]!],
      })),
      ...compiled.outputs.slice(own),
    ],
  });
  return {
    model: withFlatFeeds(model, flat, image),
    image,
    feed: isFloat ? image.name : PICTURE,
  };
}
