import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RoadgazeError } from '../../../shared/errors.ts';
import { compile } from '../../../server/explain/compile.ts';
import { compiledMethods } from '../../../server/explain/methods.ts';
import { loadNetwork } from '../../../server/inference/network-file.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { inferShapes } from '../../../server/onnx/infer-shapes.ts';
import { ModelProto } from '../../../server/onnx/schema.ts';
import { writeModel } from '../../../server/onnx/write-model.ts';
import { frameGraph } from '../../../server/pipeline/frame-graph/frame-graph.ts';
import { judge } from '../judge.ts';
import { mutateGraph, type GraphFile } from '../mutate/graph.ts';
import { mutateWire } from '../mutate/wire.ts';
import { runBoth } from '../onnx-run.ts';
import { shippedNetworks, smallNetworks } from '../onnx-seeds.ts';
import type { FuzzTarget } from '../target.ts';

/** One in so many inputs is run. */
const RUN_EVERY = 16;
const LARGE_SHARE = 0.002;

/** Networks: read, shaped, compiled with every method, written; some of them run. */
export function open(folder: string): FuzzTarget {
  const files = new Map<() => Uint8Array, GraphFile>();
  const fileOf = (network: () => Uint8Array): GraphFile => {
    const file =
      files.get(network) ??
      (ModelProto.toObject(ModelProto.decode(network()), {
        arrays: true,
        longs: String,
      }) as GraphFile);
    files.set(network, file);
    return file;
  };
  return {
    make(random) {
      const file = fileOf(
        random.pick(random.chance(LARGE_SHARE) ? shippedNetworks : smallNetworks),
      );
      const bytes = ModelProto.encode(
        ModelProto.fromObject(random.chance(0.85) ? mutateGraph(file, random) : file),
      ).finish();
      return random.chance(0.2) ? mutateWire(bytes, random) : bytes;
    },
    run: (input) => useNetwork(join(folder, 'fuzzed.onnx'), input),
  };
}

async function useNetwork(path: string, input: Uint8Array): Promise<string> {
  await writeFile(path, input);
  const network = await loadNetwork(path, 'steering');
  const { model } = network;
  inferShapes(model);
  const compiled = new Map<string, Model>();
  let refusal: RoadgazeError | null = null;
  for (const { id } of compiledMethods) {
    try {
      const graph = compile(model, [{ id }]);
      writeModel(graph);
      compiled.set(id, graph);
    } catch (error) {
      if (!(error instanceof RoadgazeError) || typeof judge(error) !== 'string') throw error;
      refusal = error;
    }
  }
  if (compiled.size === 0) throw refusal!;
  const [method] = compiled.keys();
  writeModel(frameGraph(network, [{ id: method! }], 'bt709', true).model);
  return input.reduce((sum, byte) => (sum * 31 + byte) | 0, 7) % RUN_EVERY === 0
    ? runBoth(writeModel(model), model, compiled)
    : 'compiled';
}
