import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tidy } from '../../../server/onnx/rewrite/tidy.ts';
import { unusedName } from '../../../server/onnx/rewrite/unused-name.ts';
import { floatTensor } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';
import { randomFloats, runNetwork } from '../../support/onnx-runtime.ts';

async function tidyExactly(network: Network, outputs: readonly string[]): Promise<string[]> {
  const model = network.model(outputs);
  const tidied = tidy(model);
  const feeds = { image: randomFloats([2, 3]) };
  const [before, after] = [await runNetwork(model, feeds), await runNetwork(tidied, feeds)];
  for (const output of outputs) assert.deepEqual(after[output], before[output]);
  return tidied.nodes.map((node) => node.op);
}

test('Identity and Dropout disappear, one behind the other, and Constants become weights', async () => {
  for (const opset of [7, 10, 13]) {
    const network = new Network({ opset });
    const kept = network.node('Dropout', [
      network.node('Identity', [network.node('Dropout', [network.input('image', ['N', 3])])]),
    ]);
    network.node(
      'Relu',
      [
        network.node('Sub', [
          kept,
          network.node('Constant', [], { value: floatTensor([3], [0.1, 0.5, 0.9]) }),
        ]),
      ],
      {},
      'out',
    );
    assert.deepEqual(await tidyExactly(network, ['out']), ['Sub', 'Relu']);
  }
});

test('a Dropout whose mask nobody reads disappears, one whose mask is read stays', async () => {
  for (const read of [false, true]) {
    const network = new Network();
    const [kept, mask] = network.nodeOf('Dropout', [network.input('image', ['N', 3])], new Map(), [
      'kept',
      'mask',
    ]) as [string, string];
    const relu = network.node('Relu', [kept]);
    if (read) network.node('Mul', [relu, network.node('Cast', [mask], { to: 1 })], {}, 'out');
    else network.node('Neg', [relu], {}, 'out');
    assert.deepEqual(
      await tidyExactly(network, ['out']),
      read ? ['Dropout', 'Relu', 'Cast', 'Mul'] : ['Relu', 'Neg'],
    );
  }
});

test('outputs keep their names even where nothing but Identity or a constant gives them', async () => {
  const network = new Network();
  const relu = network.node('Relu', [network.input('image', ['N', 3])]);
  network.node('Identity', [relu], {}, 'same');
  network.node('Identity', ['same'], {}, 'again');
  network.node('Identity', ['image'], {}, 'picture');
  network.node('Constant', [], { value: floatTensor([1], [4]) }, 'four');
  assert.deepEqual(await tidyExactly(network, ['same', 'again', 'picture', 'four']), [
    'Relu',
    'Identity',
    'Identity',
    'Identity',
    'Constant',
  ]);
});

test('what no output depends on is left away with its weights', () => {
  const network = new Network();
  const image = network.input('image', ['N', 3]);
  network.node('Mul', [image, network.floats([3])]);
  network.node('Add', [image, network.floats([3])], {}, 'out');
  const tidied = tidy(network.model(['out']));
  assert.deepEqual([tidied.nodes.map((node) => node.op), tidied.initializers.size], [['Add'], 1]);
});

test('a name that is taken gets a number that is not', () => {
  const network = new Network();
  const image = network.input('x', ['N', 3]);
  network.node('Relu', [image], {}, 'x2');
  const model = network.model([network.node('Relu', ['x2'], {}, 'y')]);
  assert.equal(unusedName(model, 'x'), 'x3');
  assert.equal(unusedName(model, 'y'), 'y2');
  assert.equal(unusedName(model, 'z'), 'z');
});
