import '../../server/inference/native-settings.ts';
import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { frameGraph } from '../../server/pipeline/frame-graph/frame-graph.ts';
import { FRAME, STEERING, maskOutput } from '../../server/pipeline/frame-graph/names.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { interleaved, median, table } from './measure.ts';
import { steeringNetworks } from './networks.ts';
import { providersThatLoad } from './providers.ts';

/**
 * The compiled frame graph (bytes → steering and mask) on every execution provider that loads here:
 * milliseconds a frame at batch 1 and 8, and how far its mask lies from the CPU's (of 255).
 */
const BATCHES = [1, 8];
const ROUNDS = 20;
/** A software driver takes a second a frame. */
const LONGEST_SECONDS = 8;
const gpus = await providersThatLoad();
const rows: string[][] = [
  ['network', 'provider', 'batch', 'ms a frame', 'largest mask difference', 'steering difference'],
];

for (const { name, path } of steeringNetworks()) {
  const network = await loadNetwork(path, 'steering');
  const { model, format } = frameGraph(network, [{ id: 'visualbackprop' }], 'unknown', false);
  const bytes = writeModel(model);
  const planes = format.pixelFormat === 'gray' ? 1 : 3;
  const sessions: { provider: string; session: InferenceSession }[] = [];
  for (const provider of ['cpu', ...gpus]) {
    sessions.push({
      provider,
      session: await InferenceSession.create(bytes, {
        executionProviders: [provider],
        logSeverityLevel: 4,
        ...(provider === 'cpu' ? { intraOpNumThreads: 1 } : {}),
      }),
    });
  }
  for (const batch of BATCHES) {
    const pixels = planes * format.width * format.height;
    const frame = new Tensor('uint8', picture(batch * pixels, format.width), [
      batch,
      planes,
      format.width * format.height,
    ]);
    const outputs: InferenceSession.OnnxValueMapType[] = [];
    for (const { session } of sessions) outputs.push(await session.run({ [FRAME]: frame }));
    const times = await interleaved(
      ROUNDS,
      sessions.map(
        ({ session }) =>
          () =>
            session.run({ [FRAME]: frame }),
      ),
      LONGEST_SECONDS,
    );
    sessions.forEach(({ provider }, index) => {
      const difference = (output: string) =>
        largestDifference(
          outputs[0]![output]!.data as Float32Array,
          outputs[index]![output]!.data as Float32Array,
        );
      rows.push([
        name,
        provider,
        String(batch),
        (median(times[index]!) / batch).toFixed(3),
        difference(maskOutput('visualbackprop')).toFixed(0),
        difference(STEERING).toExponential(1),
      ]);
    });
  }
  for (const { session } of sessions) await session.release();
}
console.log(
  `Compiled frame graph by execution provider (${availableParallelism()} cores; CPU on one thread)\n${table(rows)}`,
);

const pipelines: string[][] = [
  ['network', 'chosen', 'workers', 'frames/s', 'one frame, ms', 'passed over'],
];
for (const { name, path } of steeringNetworks()) {
  const explainer = await openStreamExplainer({
    modelPath: path,
    road: { kind: 'none' },
    video: { width: 960, height: 540, colorSpace: 'unknown' },
  });
  const [format] = explainer.images;
  const frame = () => [
    picture(
      format!.width * format!.height * (format!.pixelFormat === 'gray' ? 1 : 3),
      format!.width,
    ),
  ];
  const frames = Array.from({ length: 512 }, frame);
  const before = performance.now();
  await Promise.all(frames.map((images, index) => explainer.explain(images, index)));
  const rate = (512 / (performance.now() - before)) * 1000;
  const single: number[] = [];
  for (let call = 0; call < 30; call++) {
    const images = frame();
    const start = performance.now();
    await explainer.explain(images, call, { urgent: true });
    single.push(performance.now() - start);
  }
  const { name: provider, workers, passedOver } = explainer.provider;
  pipelines.push([
    name,
    provider,
    String(workers),
    rate.toFixed(0),
    median(single).toFixed(1),
    passedOver.join('; ') || '–',
  ]);
  await explainer.close();
}
console.log(
  `\nInference workers: 512 frames at once, and one frame there and back\n${table(pipelines)}`,
);

/** Smooth stripes and a slope: something that every layer reacts to. */
function picture(length: number, width: number): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, index) =>
      128 + 100 * Math.sin((index % width) / 7) * Math.cos(Math.floor(index / width) / 11),
  );
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}
