import type { Target } from '../../shared/explanations.ts';
import { compile, subjectOf } from '../explain/compile.ts';
import { appendNumber, refuseOtherInputs, explainedOutput, imageInput, type ImageInput } from '../inference/explained-output.ts';
import type { MethodChoice } from '../explain/method-options.ts';
import { pictureDims } from '../explain/iterative/method.ts';
import { startOnBestProvider, type ProviderWish } from '../inference/choose-provider.ts';
import type { NetworkFile } from '../inference/network-file.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import type { Model } from '../onnx/graph.ts';
import { inferShapes } from '../onnx/infer-shapes.ts';
import { DataType, elementCount } from '../onnx/tensor.ts';
import { writeModel } from '../onnx/write-model.ts';

/** What a network says of one picture. */
export interface PictureAnswer {
  /** The network's own number. */
  readonly steering: number;
  /** One for each compiled method, in the order they were asked for. */
  readonly maps: readonly { readonly values: Float32Array; readonly dims: readonly number[] }[];
}

/** A network with some compiled methods, fed with pictures in its own units. */
export interface PictureNetwork {
  /** Pictures that should be under way at once to keep it busy. */
  readonly together: number;
  /** float32, shaped and ordered like the network's input. `alone`: nothing else comes that it could share a batch with. */
  run(picture: Float32Array, alone: boolean): Promise<PictureAnswer>;
  close(): Promise<void>;
}

/** Batches under way a worker: one that runs and one that waits. */
const BATCHES_PER_WORKER = 2;

const PICTURE = 'roadgaze/picture';
const STEERING = 'roadgaze/steering';

/** Starts a network with the methods. Throws MODEL_*, METHOD_*, PROVIDER_UNAVAILABLE, INFERENCE_FAILED. */
export async function openPictureNetwork(network: NetworkFile, methods: readonly MethodChoice[], target: Target, wish: ProviderWish): Promise<PictureNetwork> {
  const { model, image, feed } = graphOnFloats(network, methods, target);
  const dims = pictureDims(image).slice(1);
  const maps = model.outputs.slice(1);
  const { pool, workers } = await startOnBestProvider(
    {
      links: [{ model: writeModel(model), source: network.model.source, feeds: [{ name: feed, from: 'call', input: 0, dims, type: 'float32' }] }],
      results: model.outputs.map(({ name }) => ({ link: 0, output: name })),
      inputBytes: [4 * elementCount(dims)],
      batch: image.batch,
    },
    network.alone, wish,
  );
  return {
    together: workers * BATCHES_PER_WORKER * pool.maxBatch,
    async run(picture, alone) {
      // A copy, because its memory moves to a worker.
      const [steering, ...values] = (await pool.run([new Uint8Array(picture.slice().buffer)], alone)) as Float32Array[];
      return { steering: steering![0]!, maps: maps.map(({ shape }, index) => ({ values: values[index]!, dims: [1, ...(shape!.slice(1) as number[])] })) };
    },
    close: () => pool.close(),
  };
}

/** Outputs: the explained number [N], then the maps of the methods. */
function graphOnFloats(network: NetworkFile, methods: readonly MethodChoice[], target: Target): { model: Model; image: ImageInput; feed: string } {
  const subject = subjectOf(network.sidecar);
  const image = imageInput(network.model, subject.inputTensor);
  refuseOtherInputs(network.model, image);
  const own = network.model.outputs.length;
  const compiled = compile(network.model, methods, subject, target);
  const builder = new GraphBuilder(compiled, 'roadgaze/passes');
  appendNumber(builder, explainedOutput(network.model, inferShapes(network.model), image, subject.outputTensor, subject.outputIndex), STEERING);
  const original = compiled.inputs.find(({ name }) => name === image.name)!;
  const isFloat = image.type === DataType.float;
  if (!isFloat) builder.node('Cast', [PICTURE], { to: image.type }, image.name);
  const model = builder.build({
    inputs: [isFloat ? original : { name: PICTURE, type: DataType.float, shape: original.shape }, ...compiled.inputs.filter((input) => input !== original)],
    outputs: [{ name: STEERING, type: DataType.float, shape: [original.shape![0]!] }, ...compiled.outputs.slice(own)],
  });
  return { model, image, feed: isFloat ? image.name : PICTURE };
}
