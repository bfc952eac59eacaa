import '../../server/inference/native-settings.ts';
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { imageInput } from '../../server/inference/explained-output.ts';
import { compiledMethods as methods } from '../../server/explain/methods.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { interleaved, median, medianRatio, table } from './measure.ts';
import { steeringNetworks } from './networks.ts';

/**
 * What an explanation costs: steering and explanation in the compiled model ÷ the forward pass of
 * the network as published, on one thread, batch 1; median of interleaved rounds.
 */
const ROUNDS = 40;
const options = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
} as const;
const rows: string[][] = [['network', 'method', '÷ forward pass', 'ms', 'forward ms']];

for (const { name, path } of steeringNetworks()) {
  const network = await loadNetwork(path, 'steering');
  const image = imageInput(network.model, subjectOf(network.sidecar).inputTensor);
  const { channels, height, width } = image;
  const dims =
    image.layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];
  const picture = Float32Array.from(
    { length: channels * height * width },
    (_, index) => 0.5 + 0.4 * Math.sin(index / 17),
  );
  const feeds = { [image.name]: new Tensor('float32', picture, dims) };
  const sessions = [await InferenceSession.create(await readFile(path), options)];
  const suited: string[] = [];
  for (const { id } of methods) {
    try {
      sessions.push(
        await InferenceSession.create(
          writeModel(compile(network.model, [{ id }], subjectOf(network.sidecar))),
          options,
        ),
      );
      suited.push(id);
    } catch (error) {
      // CAM exists for few networks.
      if (!(error instanceof RoadgazeError && error.code === 'METHOD_UNSUITED')) throw error;
    }
  }
  for (const session of sessions) for (let warm = 0; warm < 5; warm++) await session.run(feeds);
  const repeat = (session: InferenceSession) => async () => {
    for (let call = 0; call < 10; call++) await session.run(feeds);
  };
  const [forward, ...explained] = await interleaved(ROUNDS, sessions.map(repeat));
  suited.forEach((id, index) => {
    rows.push([
      name,
      id,
      medianRatio(explained[index]!, forward!).toFixed(2),
      (median(explained[index]!) / 10).toFixed(2),
      (median(forward!) / 10).toFixed(2),
    ]);
  });
}
console.log(`Cost of explanations, one thread\n${table(rows)}`);
