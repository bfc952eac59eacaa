import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { consumers, producers, type Model } from '../../server/onnx/graph.ts';
import { inferKnownShapes, inferShapes, inferWhatIsKnown } from '../../server/onnx/infer-shapes.ts';
import { floatTensor } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';

function throwsError(run: () => unknown, code: string, message: RegExp): void {
  assert.throws(
    run,
    (error) => error instanceof RoadgazeError && error.code === code && message.test(error.message),
  );
}

/** Two convolutions, and something unknown behind the first. */
function network(): Model {
  const built = new Network({ seed: 3 });
  const image = built.input('image', ['N', 3, 12, 16]);
  const first = built.convolution(image, { from: 3, to: 4 }, { kernel: [3, 3] }, 'first');
  built.nodeOf('Unheard', [first], new Map(), ['unheard']);
  built.node('Relu', ['unheard'], {}, 'behind');
  built.steering(built.convolution(first, { from: 4, to: 2 }, { kernel: [3, 3] }, 'second'), 192);
  return built.model(['steering', 'behind']);
}

/** As read from its file again: nothing of it is known from before. */
function anew(model: Model): Model {
  return {
    ...model,
    nodes: model.nodes.map((node) => ({ ...node })),
    inputs: model.inputs.map((input) => ({ ...input })),
    initializers: new Map([...model.initializers].map(([name, tensor]) => [name, { ...tensor }])),
  };
}

describe('what is inferred of a model', () => {
  it('is inferred once, and once for all models that have a node in them', () => {
    const whole = network();
    const steering = { ...whole, outputs: whole.outputs.slice(0, 1) };
    const [before, after] = [inferWhatIsKnown(whole), inferWhatIsKnown(steering)];
    assert.equal(inferWhatIsKnown(whole), before);
    assert.notEqual(before, after);
    for (const value of ['first', 'second', 'steering'])
      assert.equal(after.of(value), before.of(value));
    assert.notEqual(inferWhatIsKnown(anew(whole)).of('first'), before.of('first'));
    assert.equal(consumers(whole), consumers(whole));
    assert.equal(producers(whole), producers(whole));
  });

  it('is inferred again where what a node reads has changed', () => {
    const model = network();
    inferWhatIsKnown(model);
    const input = { ...model.inputs[0]!, shape: ['N', 3, 20, 30] };
    assert.deepEqual(inferWhatIsKnown({ ...model, inputs: [input] }).of('second'), [
      'N',
      2,
      16,
      26,
    ]);
    const [, weights] = model.nodes[0]!.inputs as [string, string];
    const initializers = new Map(model.initializers).set(
      weights,
      floatTensor([4, 3, 1, 5], new Float32Array(60)),
    );
    const nodes = model.nodes.map((node, index) =>
      index === 0 ? { ...node, attributes: new Map() } : node,
    );
    assert.deepEqual(inferWhatIsKnown({ ...model, nodes, initializers }).of('first'), [
      'N',
      4,
      12,
      12,
    ]);
  });

  it('follows the operator set', () => {
    const built = new Network({ opset: 9 });
    built.node('Softmax', [built.input('image', ['N', 3])], {}, 'shares');
    built.nodeOf('Dropout', ['shares'], new Map(), ['kept', 'mask']);
    const model = built.model(['kept', 'mask']);
    assert.equal(inferShapes(model).type('mask'), 1);
    assert.equal(inferShapes({ ...model, opset: 13 }).type('mask'), 9);
  });

  it('stops only who asks for what lies behind an operator that is not known', () => {
    const model = network();
    const known = inferWhatIsKnown(model);
    assert.deepEqual(known.of('steering'), ['N', 1]);
    for (const value of ['unheard', 'behind'])
      throwsError(() => known.of(value), 'MODEL_OPERATOR_UNSUPPORTED', /Unheard/);
    throwsError(() => known.of('nowhere'), 'MODEL_SHAPE', /nowhere/);
    throwsError(() => inferShapes(model), 'MODEL_OPERATOR_UNSUPPORTED', /Unheard/);
  });

  it('is the same for a compiled network as for one that was never seen before', () => {
    const built = new Network({ seed: 5 });
    const image = built.input('image', ['N', 24, 30, 3]);
    const turned = built.node('Transpose', [image], { perm: [0, 3, 1, 2] });
    const first = built.node('Elu', [
      built.convolution(turned, { from: 3, to: 19 }, { kernel: [3, 3] }),
    ]);
    const second = built.node('Relu', [
      built.convolution(first, { from: 19, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
    ]);
    built.steering(built.node('Transpose', [second], { perm: [0, 2, 3, 1] }), 520);
    const compiled = compile(built.model(['steering']), [
      { id: 'visualbackprop' },
      { id: 'lrp-epsilon-plus' },
    ]);
    const [seen, fresh] = [inferKnownShapes(compiled), inferKnownShapes(anew(compiled))];
    const values = compiled.nodes.flatMap(({ outputs }) => outputs);
    assert.ok(values.length > 40);
    for (const value of values) {
      assert.deepEqual(seen.of(value), fresh.of(value), value);
      assert.equal(seen.type(value), fresh.type(value), value);
    }
  });
});
