import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberName } from '../../shared/explained-number.ts';
import { shownOutput } from '../../server/inference/explained-number.ts';
import { findFlags } from '../../server/attention/flags/find-flags.ts';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';
import type { Sidecar } from '../../server/inference/sidecar.ts';
import { Network } from '../support/network.ts';

function shown(
  elements: number,
  output: Sidecar['output'],
  end: (network: Network, dense: string) => void,
  name = 'y',
) {
  const network = new Network();
  const image = network.input('picture', ['N', 1, 4, 5]);
  end(
    network,
    network.node('Gemm', [network.node('Flatten', [image]), network.floats([20, elements])]),
  );
  return shownOutput(network.model([name]), {
    roadgaze: 1,
    kind: 'steering',
    ...(output ? { output } : {}),
  });
}
const plain =
  (name = 'y') =>
  (network: Network, dense: string) =>
    void network.node('Identity', [dense], {}, name);

test('one number is called steering, and one of several only where the sidecar says which it is', () => {
  const name = (...of: Parameters<typeof shown>) => numberName(shown(...of).number);
  assert.equal(name(1, undefined, plain()), 'steering');
  assert.equal(name(15, undefined, plain()), 'element 1 of 15 of output "y"');
  assert.equal(name(15, { index: 3 }, plain()), 'steering');
  assert.equal(name(15, { unit: 'deg' }, plain()), 'steering');
  assert.equal(name(1, undefined, plain('throttle'), 'throttle'), 'output "throttle"');
});

const heads: Readonly<Record<string, [(network: Network, dense: string) => void, string]>> = {
  'a softmax': [
    (n, x) => void n.node('Softmax', [x], { axis: -1 }, 'y'),
    'probability of bin 5 of 15 of output "y"',
  ],
  'a softmax and a reshape': [
    (n, x) =>
      void n.node('Reshape', [n.node('Softmax', [x], { axis: -1 }), n.ints(-1, 3, 5)], {}, 'y'),
    'probability of bin 5 of 15 of output "y"',
  ],
  'a log-softmax': [
    (n, x) => void n.node('LogSoftmax', [x], { axis: -1 }, 'y'),
    'log-probability of bin 5 of 15 of output "y"',
  ],
  'the logarithm of a softmax': [
    (n, x) => void n.node('Log', [n.node('Softmax', [x], { axis: -1 })], {}, 'y'),
    'log-probability of bin 5 of 15 of output "y"',
  ],
  'a log-softmax written out': [
    (n, x) =>
      void n.node('Sub', [x, n.node('ReduceLogSumExp', [x], { axes: [1], keepdims: 1 })], {}, 'y'),
    'log-probability of bin 5 of 15 of output "y"',
  ],
  'a softmax written out': [
    (n, x) => {
      const e = n.node('Exp', [x]);
      n.node('Div', [e, n.node('ReduceSum', [e, n.ints(1)])], {}, 'y');
    },
    'probability of bin 5 of 15 of output "y"',
  ],
};

for (const [name, [head, expected]] of Object.entries(heads)) {
  test(`a bin is never called steering and has neither unit nor side, whatever the sidecar says: ${name}`, () => {
    const { number, ...rest } = shown(
      15,
      { index: 4, quantity: 'angle', unit: 'rad', positive: 'left', scale: 2 },
      head,
    );
    assert.equal(numberName(number), expected);
    assert.deepEqual(rest, { quantity: null, unit: null, positive: null, scale: 1 });
  });
}

test('an output that is named like bins is a categorical head', () => {
  assert.equal(
    numberName(shown(15, undefined, plain('angle_bins'), 'angle_bins').number),
    'score of bin 1 of 15 of output "angle_bins"',
  );
  assert.equal(
    numberName(shown(15, undefined, plain('classic'), 'classic').number),
    'element 1 of 15 of output "classic"',
  );
});

test('an angle computed of a softmax is steering', () => {
  const { number } = shown(
    15,
    undefined,
    (n, x) =>
      void n.node('MatMul', [n.node('Softmax', [x], { axis: -1 }), n.floats([15, 1])], {}, 'y'),
  );
  assert.equal(numberName(number), 'steering');
});

test('frames for which the network gives no number are not flagged, whatever their explanation', () => {
  const rows = Array.from({ length: 60 }, (_, row) => row);
  const column = (value: number) => rows.map(() => value);
  const columns = {
    pts: rows.map((row) => row / 20),
    share: column(0),
    lift: column(0),
    mass: column(0),
    driven: column(NaN),
    spearman: null,
  };
  assert.deepEqual(
    findFlags({ ...columns, steering: column(NaN) }, DEFAULT_FLAG_SETTINGS, null),
    [],
  );
  assert.equal(
    findFlags({ ...columns, steering: column(0) }, DEFAULT_FLAG_SETTINGS, null).length,
    2,
  );
});
