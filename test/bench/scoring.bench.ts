import { InferenceSession, Tensor } from 'onnxruntime-node';
import { agreementGraph } from '../../server/attention/agreement-graph.ts';
import {
  FRAME,
  ROAD,
  STEERING,
  maskOutput,
  sizeOutput,
} from '../../server/pipeline/frame-graph/names.ts';
import type { MethodChoice } from '../../server/explain/method-options.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { tidy } from '../../server/onnx/rewrite/tidy.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { frameGraph } from '../../server/pipeline/frame-graph/frame-graph.ts';
import { interleaved, median, medianRatio, table } from './measure.ts';
import { steeringNetworks } from './networks.ts';

/**
 * What scores add to the frame graph (bytes → steering and masks), and what comparing two methods
 * adds to that: cost with ÷ cost without, on one thread, a batch of one; median of interleaved
 * rounds.
 */
const ROUNDS = Number(process.env['ROADGAZE_BENCH_ROUNDS'] ?? 60);
/** In one round: a single call is as short as the clock's own jitter. */
const CALLS = 20;
const options = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
} as const;
const selections: readonly (readonly MethodChoice[])[] = [
  [{ id: 'visualbackprop' }],
  [{ id: 'gradient' }],
  [{ id: 'visualbackprop' }, { id: 'lrp-epsilon-plus' }],
];
const rows: string[][] = [
  ['network', 'methods', 'with scores ÷ without', 'with agreement ÷ without', 'without, ms'],
];

for (const { name, path } of steeringNetworks()) {
  const network = await loadNetwork(path, 'steering');
  for (const methods of selections) {
    const graph = frameGraph(network, methods, 'unknown', true);
    const { width, height } = graph.image;
    const planes = graph.format.pixelFormat === 'gray' ? 1 : 3;
    const pixels = width * height;
    const shown = [STEERING, ...methods.map(({ id }) => maskOutput(id))];
    const sizes = graph.compared.map(sizeOutput);
    const scored = graph.model.outputs
      .map((output) => output.name)
      .filter((output) => !sizes.includes(output));
    const pick = (outputs: readonly string[]) =>
      writeModel(
        tidy({
          ...graph.model,
          outputs: graph.model.outputs.filter((output) => outputs.includes(output.name)),
        }),
      );
    const [bare, withScores] = (await Promise.all(
      [shown, scored].map((outputs) => InferenceSession.create(pick(outputs), options)),
    )) as [InferenceSession, InferenceSession];
    const frame = new Tensor(
      'uint8',
      Uint8Array.from(
        { length: planes * pixels },
        (_, index) =>
          128 + 100 * Math.sin((index % width) / 7) * Math.cos(Math.floor(index / width) / 11),
      ),
      [1, planes, pixels],
    );
    const road = new Tensor(
      'uint8',
      Uint8Array.from({ length: pixels }, (_, index) =>
        index % width > width / 3 && index > pixels / 2 ? 255 : 0,
      ),
      [1, pixels],
    );
    const feeds = (session: InferenceSession) =>
      Object.fromEntries(
        session.inputNames.map((input) => [input, input === FRAME ? frame : road]),
      );
    const runs = [bare, withScores].map((session) => () => session.run(feeds(session)));
    const sessions = [bare, withScores];
    if (sizes.length > 0) {
      const whole = await InferenceSession.create(writeModel(graph.model), options);
      const comparison = await InferenceSession.create(
        writeModel(agreementGraph(graph.image)),
        options,
      );
      sessions.push(whole, comparison);
      runs.push(async () => {
        const found = await whole.run({ [FRAME]: frame, [ROAD]: road });
        return comparison.run({ first: found[sizes[0]!]!, second: found[sizes[1]!]! });
      });
    }
    for (const run of runs) for (let warm = 0; warm < 3; warm++) await run();
    const repeat = (run: () => Promise<unknown>) => async () => {
      for (let call = 0; call < CALLS; call++) await run();
    };
    const [without, scoring, comparing] = await interleaved(ROUNDS, runs.map(repeat));
    rows.push([
      name,
      methods.map(({ id }) => id).join(' + '),
      medianRatio(scoring!, without!).toFixed(3),
      comparing ? medianRatio(comparing, without!).toFixed(3) : '–',
      (median(without!) / CALLS).toFixed(2),
    ]);
    for (const session of sessions) await session.release();
  }
}
console.log(`Scores and agreement, one thread\n${table(rows)}`);
