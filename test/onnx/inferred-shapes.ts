import assert from 'node:assert/strict';
import { inferShapes } from '../../server/onnx/infer-shapes.ts';
import type { Dimension } from '../../server/onnx/graph.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import type { Network } from '../support/network.ts';
import { randomFloats, runNetwork, type Feeds } from '../support/onnx-runtime.ts';

const runtimeTypes: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
};

/** A size with the batch put in: names are factors, and only `N` may be among them. */
function sizeOf(dim: Dimension, batch: number): number {
  if (typeof dim === 'number') return dim;
  return dim
    .split('+')
    .reduce(
      (sum, term) =>
        sum +
        term
          .split('*')
          .reduce((product, factor) => product * (factor === 'N' ? batch : Number(factor)), 1),
      0,
    );
}

/**
 * Every value of the network has the type and shape in ONNX Runtime that shape inference told
 * before, for batches of 1 and 3 where an input's first size is the free `N`. Float inputs are fed
 * random numbers.
 */
export async function assertShapesAsInRuntime(network: Network, feeds: Feeds = {}): Promise<void> {
  const values = network.nodes.flatMap((node) => node.outputs).filter((name) => name !== '');
  const model = network.model(values);
  const shapes = inferShapes(model);
  const bytes = writeModel({
    ...model,
    outputs: values.map((name) => ({ name, type: shapes.type(name), shape: null })),
  });
  for (const batch of [1, 3]) {
    const pictures = Object.fromEntries(
      model.inputs
        .filter((input) => input.shape!.includes('N') || !(input.name in feeds))
        .map((input) => [input.name, randomFloats(input.shape!.map((dim) => sizeOf(dim, batch)))]),
    );
    const outputs = await runNetwork(
      bytes,
      { ...feeds, ...pictures },
      { graphOptimizationLevel: 'disabled' },
    );
    for (const value of values) {
      assert.deepEqual(
        shapes.of(value).map((dim) => sizeOf(dim, batch)),
        [...outputs[value]!.dims],
        `shape of ${value} (inferred ${shapes.of(value).join(', ')}) for a batch of ${batch}`,
      );
      assert.equal(runtimeTypes[shapes.type(value)], outputs[value]!.type, `type of ${value}`);
    }
  }
}
