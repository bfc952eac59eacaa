import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fasterElu } from '../../../server/onnx/rewrite/faster-elu.ts';
import { floatTensor } from '../../../server/onnx/tensor.ts';
import { Network, randomNumbers, type ConvolutionForm } from '../../support/network.ts';
import { floats, runNetwork } from '../../support/onnx-runtime.ts';
import { rewrittenExactly } from './same-outputs.ts';

const [HEIGHT, WIDTH] = [52, 60];
const plain: ConvolutionForm = { kernel: [3, 3] };

/** A picture of 3 channels, convolved to `channels` on 50 × 58: enough to be worth it. */
function start(network: Network, channels = 4): string {
  return network.convolution(
    network.input('image', ['N', 3, HEIGHT, WIDTH]),
    { from: 3, to: channels },
    plain,
  );
}

const elu = (network: Network, value: string, output?: string) =>
  network.node('Elu', [value], {}, output);
const count = (ops: readonly string[], op: string) => ops.filter((each) => each === op).length;

for (const opset of [7, 9, 10, 11, 13, 17, 21]) {
  test(`ELU between two convolutions leaves its −1 in the bias of the second, in operator set ${opset}`, async () => {
    const network = new Network({ opset });
    network.convolution(
      elu(network, start(network)),
      { from: 4, to: 5 },
      { kernel: [5, 5], strides: [2, 2] },
      'out',
    );
    assert.deepEqual((await rewrittenExactly(network.model(['out']), fasterElu, 3)).sort(), [
      'Conv',
      'Conv',
      'Exp',
      'HardSigmoid',
      'Max',
    ]);
  });
}

test('ELU of a value that others read too, or that no layer gives, is put together of its parts', async () => {
  const others: readonly ((network: Network, before: string) => string)[] = [
    (network, before) => network.node('Neg', [before]),
    (_, before) => before,
  ];
  for (const other of others) {
    const network = new Network();
    const before = start(network);
    const out = network.convolution(elu(network, before), { from: 4, to: 5 }, plain);
    const ops = await rewrittenExactly(network.model([out, other(network, before)]), fasterElu, 3);
    assert.deepEqual([count(ops, 'Add'), count(ops, 'Clip'), count(ops, 'HardSigmoid')], [1, 2, 0]);
  }
  const network = new Network();
  network.convolution(
    elu(network, network.node('MaxPool', [start(network)], { kernel_shape: [2, 2] })),
    { from: 4, to: 5 },
    plain,
    'out',
  );
  assert.deepEqual(
    count(await rewrittenExactly(network.model(['out']), fasterElu, 3), 'HardSigmoid'),
    0,
  );
});

test('the −1 moves into grouped convolutions, those without bias, and those that share their weights', async () => {
  const network = new Network();
  const value = elu(network, start(network));
  const [weights, bias] = [network.floats([4, 2, 3, 3]), network.floats([4])];
  network.node('Conv', [value, weights, bias], { group: 2 }, 'first');
  network.node('Conv', [value, weights], { group: 2 }, 'second');
  network.node('Conv', ['first', weights, bias], { group: 2 }, 'third');
  const ops = await rewrittenExactly(network.model(['first', 'second', 'third']), fasterElu, 3);
  assert.deepEqual([count(ops, 'Sub'), count(ops, 'Elu')], [0, 0]);
});

const readers: Readonly<
  Record<string, (network: Network, value: string, before: string) => string>
> = {
  'a padded convolution': (network, value) =>
    network.convolution(value, { from: 4, to: 2 }, { kernel: [3, 3], pads: [1, 1, 1, 1] }),
  'a convolution with automatic padding': (network, value) =>
    network.convolution(value, { from: 4, to: 2 }, { kernel: [3, 3], autoPad: 'SAME_UPPER' }),
  'a pooling': (network, value) =>
    network.node('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] }),
  'a padded average': (network, value) =>
    network.node('AveragePool', [value], {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
      count_include_pad: 1,
    }),
  'a residual sum': (network, value, before) => network.node('Add', [value, before]),
  'a sum with itself': (network, value) => network.node('Add', [value, value]),
  'a concatenation': (network, value, before) =>
    network.node('Concat', [before, value], { axis: 1 }),
  'another ELU': (network, value) => elu(network, value),
  'a convolution whose weights are computed': (network, value) =>
    network.node('Conv', [value, network.node('Neg', [network.floats([2, 4, 3, 3])])]),
  'a Reshape that no product follows': (network, value) =>
    network.node('Relu', [network.node('Reshape', [value, network.ints(0, 4, -1)])]),
  'a product from the right': (network, value) =>
    network.node('MatMul', [
      network.node('Reshape', [value, network.ints(0, 4, 2900)]),
      network.floats([2900, 2]),
    ]),
};
for (const [name, reader] of Object.entries(readers)) {
  test(`ELU in front of ${name} keeps its whole value there, alone or beside a convolution`, async () => {
    for (const beside of [false, true]) {
      const network = new Network();
      const before = start(network);
      const value = elu(network, before);
      const outputs = [reader(network, value, before)];
      if (beside) outputs.push(network.convolution(value, { from: 4, to: 2 }, plain));
      const ops = await rewrittenExactly(network.model(outputs), fasterElu, 3);
      assert.ok(count(ops, 'Sub') >= 1 && !ops.includes('Elu'), ops.join());
    }
  });
}

test('an ELU that is an output keeps its name and value there', async () => {
  const network = new Network();
  network.convolution(elu(network, start(network), 'features'), { from: 4, to: 2 }, plain, 'out');
  const ops = await rewrittenExactly(network.model(['features', 'out']), fasterElu, 3);
  assert.deepEqual([count(ops, 'Sub'), count(ops, 'Elu')], [1, 0]);
});

test('averages over channels have the 1 taken off behind them', async () => {
  const network = new Network();
  const value = elu(network, start(network));
  const rows = network.node('Reshape', [value, network.ints(0, 4, 2900)]);
  network.node(
    'MatMul',
    [network.constant(floatTensor([2, 4], [0.25, 0.25, 0.25, 0.25, 1, -2, 3, 0.5])), rows],
    {},
    'averages',
  );
  network.convolution(value, { from: 4, to: 2 }, plain, 'out');
  const ops = await rewrittenExactly(network.model(['averages', 'out']), fasterElu, 3);
  assert.deepEqual([count(ops, 'Sub'), ops.indexOf('Sub') > ops.indexOf('MatMul')], [1, true]);
});

test('the derivative that is there already is computed once, with either form of its limits', async () => {
  for (const opset of [10, 13]) {
    for (const low of [null, -3.4028234663852886e38, -5]) {
      const network = new Network({ opset });
      const before = start(network);
      const limits = [
        low === null ? '' : network.constant(floatTensor([], [low])),
        network.constant(floatTensor([], [0])),
      ];
      const below =
        opset < 11
          ? network.node('Clip', [before], {
              ...(low === null ? {} : { min: { float: low } }),
              max: { float: 0 },
            })
          : network.node('Clip', [before, ...limits]);
      network.node(
        'Mul',
        [
          network.node('Exp', [below]),
          network.convolution(elu(network, before), { from: 4, to: 4 }, { kernel: [1, 1] }),
        ],
        {},
        'out',
      );
      const ops = await rewrittenExactly(network.model(['out']), fasterElu, 3);
      assert.equal(count(ops, 'Exp'), low === -5 ? 2 : 1);
    }
  }
});

for (const opset of [10, 13]) {
  test(`who reads only the positive or only the negative part of an ELU gets that, in operator set ${opset}`, async () => {
    const network = new Network({ opset });
    const before = start(network);
    const value = elu(network, before);
    const LOWEST = -3.4028234663852886e38;
    const limited = (low: number, high: number) =>
      opset < 11
        ? network.node('Clip', [value], { min: { float: low }, max: { float: high } })
        : network.node('Clip', [
            value,
            network.constant(floatTensor([], [low])),
            network.constant(floatTensor([], [high])),
          ]);
    const parts = [
      network.node('Relu', [value]),
      network.node('Relu', [value]),
      limited(LOWEST, 0),
      limited(LOWEST, 0),
    ];
    const ops = await rewrittenExactly(
      network.model([...parts, network.convolution(value, { from: 4, to: 2 }, plain)]),
      fasterElu,
      3,
    );
    // The Clips: x above 0, x below 0.
    assert.deepEqual(
      [
        count(ops, 'Clip'),
        count(ops, 'Relu'),
        count(ops, 'Exp'),
        count(ops, 'Identity'),
        count(ops, 'Sub'),
      ],
      [2, 0, 1, 2, 2],
      ops.join(),
    );
    const others = [limited(-0.5, 0), limited(LOWEST, 1), network.node('Relu', [before])];
    assert.equal(
      count(await rewrittenExactly(network.model([...parts, ...others]), fasterElu, 3), 'Clip'),
      4,
    );
  });
}

test('ELUs of other α, of few elements and of dense layers stay', async () => {
  const network = new Network();
  const other = network.node('Elu', [start(network)], { alpha: { float: 0.5 } });
  const small = elu(
    network,
    network.convolution(other, { from: 4, to: 2 }, { kernel: [3, 3], strides: [2, 2] }),
  );
  elu(network, network.steering(small, 2 * 24 * 28), 'out');
  assert.equal(count(await rewrittenExactly(network.model(['out']), fasterElu), 'Elu'), 3);
});

test('values far from zero stay finite and right', async () => {
  const network = new Network();
  network.node('Elu', [network.input('image', ['N', 1, 100, 100])], {}, 'out');
  const image = floats(
    [1, 1, 100, 100],
    Float32Array.from({ length: 10_000 }, (_, index) => (index - 5000) * 10 ** (index % 5)),
  );
  const [before, after] = [
    await runNetwork(network.model(['out']), { image }),
    await runNetwork(fasterElu(network.model(['out'])), { image }),
  ];
  after['out']!.data.forEach((value, index) =>
    assert.ok(Math.abs(value - before['out']!.data[index]!) <= 1e-6 * Math.max(1, Math.abs(value))),
  );
});

test('values far from zero stay finite and right behind a convolution, whose exponentials overflow', async () => {
  for (const bias of [null, -3]) {
    const network = new Network();
    const inputs = [
      network.input('image', ['N', 1, 100, 100]),
      network.constant(floatTensor([1, 1, 1, 1], [1])),
      ...(bias === null ? [] : [network.constant(floatTensor([1], [bias]))]),
    ];
    network.node('Elu', [network.node('Conv', inputs, { kernel_shape: [1, 1] })], {}, 'out');
    const image = floats(
      [1, 1, 100, 100],
      Float32Array.from(
        { length: 10_000 },
        (_, index) => ((index - 5000) * 10 ** (index % 35)) / 1e4,
      ),
    );
    const changed = fasterElu(network.model(['out']));
    assert.ok(changed.nodes.some(({ op }) => op === 'HardSigmoid'));
    const [before, after] = [
      await runNetwork(network.model(['out']), { image }),
      await runNetwork(changed, { image }),
    ];
    after['out']!.data.forEach((value, index) =>
      assert.ok(
        Math.abs(value - before['out']!.data[index]!) <= 1e-6 * Math.max(1, Math.abs(value)),
        `${value} at ${index}`,
      ),
    );
  }
});

test('random networks with ELUs everywhere keep every output', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = randomNumbers(seed * 77);
    const whole = (low: number, high: number) => Math.floor(random(low, high + 1));
    const network = new Network({ seed, opset: [9, 11, 13, 18][seed % 4]! });
    const values = [start(network, 4)];
    const outputs: string[] = [];
    for (let layer = 0; layer < 7; layer++) {
      const value = values[whole(Math.max(0, values.length - 3), values.length - 1)]!;
      const next = [
        () =>
          network.convolution(value, { from: 4, to: 4 }, { kernel: [1, 1], bias: random() < 0.5 }),
        () =>
          network.convolution(
            value,
            { from: 4, to: 4 },
            { kernel: [3, 3], pads: [1, 1, 1, 1], group: 2 },
          ),
        () => network.node('Add', [value, values[whole(0, values.length - 1)]!]),
        () => network.node('MaxPool', [value], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      ][whole(0, 3)]!();
      const activated = random() < 0.7 ? elu(network, next) : next;
      values.push(activated);
      if (random() < 0.2) outputs.push(activated);
    }
    await rewrittenExactly(network.model([...new Set([...outputs, values.at(-1)!])]), fasterElu);
  }
});
