import assert from 'node:assert/strict';
import type { Model } from '../../../server/onnx/graph.ts';
import { randomFloats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';

/**
 * Rewrites, checks that every output is the same to float32's rounding for every batch, and gives
 * the operators that are left.
 */
export async function rewrittenExactly(
  model: Model,
  rewrite: (model: Model) => Model,
  span = 1,
): Promise<string[]> {
  const untouched = structuredClone([
    [...model.initializers],
    model.nodes.map((node) => [node.op, node.inputs, node.outputs]),
  ]);
  const rewritten = rewrite(model);
  assert.deepEqual(
    [[...model.initializers], model.nodes.map((node) => [node.op, node.inputs, node.outputs])],
    untouched,
    'the model that was given stays as it is',
  );
  assert.deepEqual([rewritten.inputs, rewritten.outputs], [model.inputs, model.outputs]);
  for (const batch of model.inputs[0]!.shape![0] === 'N'
    ? [1, 3]
    : [Number(model.inputs[0]!.shape![0])]) {
    const feeds = Object.fromEntries(
      model.inputs.map((input, index) => [
        input.name,
        randomFloats(
          input.shape!.map((dim) => (dim === 'N' ? batch : Number(dim))),
          40 + index,
          -span,
          span,
        ),
      ]),
    );
    const [before, after] = [await runNetwork(model, feeds), await runNetwork(rewritten, feeds)];
    for (const { name } of model.outputs) {
      const error = relativeError(after[name]!.data, before[name]!.data);
      assert.deepEqual(after[name]!.dims, before[name]!.dims);
      assert.ok(error <= 2e-6, `${name} differs by ${error}`);
    }
  }
  return rewritten.nodes.map((node) => node.op);
}
