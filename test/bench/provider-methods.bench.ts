import '../../server/inference/native-settings.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { imageInput } from '../../server/inference/explained-output.ts';
import { compiledMethods } from '../../server/explain/methods.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { relativeError } from '../support/onnx-runtime.ts';
import { interleaved, median, table } from './measure.ts';
import { steeringNetworks } from './networks.ts';
import { providersThatLoad } from './providers.ts';

/**
 * Every compiled method on every GPU provider that loads here: milliseconds a picture beside the
 * CPU's (batch 1, one thread), and how far its map lies from the CPU's, of the largest absolute
 * value.
 */
const ROUNDS = 20;
/** A software driver takes a second a picture. */
const LONGEST_SECONDS = 5;
const providers = await providersThatLoad();
const rows: string[][] = [
  ['network', 'method', 'cpu ms', ...providers.flatMap((name) => [`${name} ms`, 'map differs by'])],
];

for (const { name, path } of providers.length > 0 ? steeringNetworks() : []) {
  const network = await loadNetwork(path, 'steering');
  const image = imageInput(network.model, subjectOf(network.sidecar).inputTensor);
  const { channels, height, width } = image;
  const dims =
    image.layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];
  const picture = Float32Array.from(
    { length: channels * height * width },
    (_, index) => 0.5 + 0.3 * Math.sin(index / 17) + 0.2 * Math.sin(index * index),
  );
  const feeds = { [image.name]: new Tensor('float32', picture, dims) };
  for (const { id } of compiledMethods) {
    let model: Uint8Array;
    try {
      model = writeModel(compile(network.model, [{ id }], subjectOf(network.sidecar)));
    } catch (error) {
      // CAM exists for few networks.
      if (error instanceof RoadgazeError && error.code === 'METHOD_UNSUITED') continue;
      throw error;
    }
    const sessions: InferenceSession[] = [];
    const maps: Float32Array[] = [];
    for (const provider of ['cpu', ...providers]) {
      const session = await InferenceSession.create(model, {
        executionProviders: [provider],
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
      });
      sessions.push(session);
      for (let warm = 0; warm < 2; warm++)
        maps[sessions.length - 1] = (await session.run(feeds))['explanation']!.data as Float32Array;
    }
    const times = await interleaved(
      ROUNDS,
      sessions.map((session) => () => session.run(feeds)),
      LONGEST_SECONDS,
    );
    const cells = providers.flatMap((_, index) => [
      median(times[index + 1]!).toFixed(2),
      relativeError(maps[index + 1]!, maps[0]!).toExponential(1),
    ]);
    rows.push([name, id, median(times[0]!).toFixed(2), ...cells]);
    for (const session of sessions) await session.release();
  }
}
if (providers.length > 0) console.log(`Explanations by execution provider\n${table(rows)}`);
