import type { Target } from '../../shared/explanations.ts';
import { compile, subjectOf } from '../explain/compile.ts';
import type { MethodChoice } from '../explain/method-options.ts';
import { weightLayers, withRandomWeights, type RandomLayers } from '../explain/random-weights.ts';
import {
  appendExplained,
  appendNumber,
  explainedOutput,
  refuseOtherInputs,
  type ImageInput,
} from '../inference/explained-output.ts';
import { fedInputs, type NetworkFile } from '../inference/network-file.ts';
import { withFlatFeeds } from '../inference/signal-inputs.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import type { Model, ValueInfo } from '../onnx/graph.ts';
import { inferWhatIsKnown } from '../onnx/infer-shapes.ts';
import { DataType } from '../onnx/tensor.ts';

const PICTURE = 'roadgaze/picture';
const STEERING = 'roadgaze/steering';
const EXPLAINED = 'roadgaze/explained';

/** The same network with its last layers random. */
export function withRandomLayers<Network extends Pick<NetworkFile, 'model' | 'sidecar'>>(
  network: Network,
  random: RandomLayers,
): Network {
  return { ...network, model: withRandomWeights(network.model, answerOf(network), random) };
}

/** Layers with weights between the picture and the answer. */
export function layersWithWeights(network: Pick<NetworkFile, 'model' | 'sidecar'>): number {
  return weightLayers(network.model, answerOf(network)).length;
}

function answerOf({ model, sidecar }: Pick<NetworkFile, 'model' | 'sidecar'>): string {
  return subjectOf(sidecar).outputTensor ?? model.outputs[0]!.name;
}

/**
 * A network fed with its picture as float32, as `feed`. Outputs: the number that is shown [N], the
 * one that is explained [N], then the maps of the methods. Throws MODEL_*, METHOD_*.
 */
export function graphOnFloats(
  network: NetworkFile,
  methods: readonly MethodChoice[],
  target: Target,
): { model: Model; image: ImageInput; feed: string; beside: readonly string[] } {
  const subject = subjectOf(network.sidecar);
  const { image } = network;
  const flat = [...network.signals, ...network.states];
  refuseOtherInputs(network.model, image, fedInputs(network));
  const own = network.model.outputs.length;
  const compiled = compile(network.model, methods, subject, target);
  const builder = new GraphBuilder(compiled, 'roadgaze/passes');
  const output = explainedOutput(network.model, inferWhatIsKnown(network.model), image, {
    tensor: subject.outputTensor,
    index: subject.outputIndex,
  });
  appendNumber(builder, output, STEERING);
  appendExplained(builder, output, EXPLAINED);
  const pictures = network.pictures.map((picture, index) => {
    const { name, type } = picture.image;
    const original = compiled.inputs.find((input) => input.name === name)!;
    if (type === DataType.float) return original;
    const feed = index === 0 ? PICTURE : `${PICTURE}/${index}`;
    builder.node('Cast', [feed], { to: type }, name);
    return { name: feed, type: DataType.float, shape: original.shape };
  });
  const fed = new Set(network.pictures.map((picture) => picture.image.name));
  const [original, ...beside] = pictures as [ValueInfo, ...ValueInfo[]];
  const model = builder.build({
    inputs: [...pictures, ...compiled.inputs.filter(({ name }) => !fed.has(name))],
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
    feed: original.name,
    beside: beside.map(({ name }) => name),
  };
}
