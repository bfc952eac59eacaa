import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlainAttribute } from '../../../server/onnx/attributes.ts';
import { inferShapes } from '../../../server/onnx/infer-shapes.ts';
import { inPlainForm } from '../../../server/onnx/rewrite/plain-form.ts';
import { overTwoAxes } from '../../../server/onnx/rewrite/two-axes.ts';
import { Network } from '../../support/network.ts';
import { rewrittenExactly } from './same-outputs.ts';

const forms: Readonly<Record<string, Readonly<Record<string, PlainAttribute>>>> = {
  plain: {},
  'with strides and padding': { strides: [2], pads: [1, 2] },
  dilated: { dilations: [2] },
  SAME: { auto_pad: 'SAME_UPPER', strides: [2] },
};

describe('a window over one axis becomes one over two', () => {
  for (const opset of [9, 13]) {
    for (const [title, plain] of Object.entries(forms)) {
      it(`Conv ${title}, operator set ${opset}`, async () => {
        const network = new Network({ opset, seed: 3 });
        const image = network.input('image', ['N', 4, 19]);
        const weights = network.floats([6, 2, 3]);
        network.node('Conv', [image, weights, network.floats([6])], { ...plain, group: 2 }, 'out');
        const model = network.model(['out']);
        assert.deepEqual(await rewrittenExactly(model, overTwoAxes), [
          'Unsqueeze',
          'Conv',
          'Squeeze',
        ]);
        assert.equal(inferShapes(overTwoAxes(model)).of('out')[1], 6);
      });
    }
  }

  for (const op of ['MaxPool', 'AveragePool', 'LpPool']) {
    it(op, async () => {
      const network = new Network({ seed: 3 });
      const image = network.input('image', ['N', 4, 19]);
      network.node(op, [image], { kernel_shape: [3], strides: [2], pads: [1, 0] }, 'out');
      assert.deepEqual(await rewrittenExactly(network.model(['out']), overTwoAxes), [
        'Unsqueeze',
        op,
        'Squeeze',
      ]);
    });
  }
});

describe('a pooling over the first of three axes', () => {
  it('becomes one over two, as PyTorch writes local response normalisation', async () => {
    const network = new Network({ seed: 3 });
    const image = network.input('image', ['N', 6, 5, 7]);
    const square = network.node('Unsqueeze', [
      network.node('Mul', [image, image]),
      network.ints(1),
    ]);
    const pooled = network.node(
      'AveragePool',
      [network.node('Pad', [square, network.ints(0, 0, 2, 0, 0, 0, 0, 2, 0, 0)])],
      { kernel_shape: [5, 1, 1], strides: [1, 1, 1] },
    );
    network.node('Squeeze', [pooled, network.ints(1)], {}, 'out');
    const model = network.model(['out']);
    const left = await rewrittenExactly(model, inPlainForm);
    assert.ok(left.includes('Reshape'));
    assert.deepEqual(inferShapes(inPlainForm(model)).of('out'), ['N', 6, 5, 7]);
  });

  it('stays where its window is wider', () => {
    const network = new Network({ seed: 3 });
    network.node(
      'AveragePool',
      [network.input('image', ['N', 1, 6, 5, 7])],
      { kernel_shape: [3, 2, 1] },
      'out',
    );
    const model = network.model(['out']);
    assert.equal(overTwoAxes(model), model);
  });
});
