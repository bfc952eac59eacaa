import { attributes, type PlainAttribute } from '../../../server/onnx/attributes.ts';
import { int64Tensor } from '../../../server/onnx/tensor.ts';
import type { Network } from '../../support/network.ts';
import type { OperatorCase } from './operator-case.ts';

const [STEPS, INPUTS, HIDDEN] = [3, 64, 4];

/** The 192 values of a picture as three steps of 64, through the layer, to all of its states. */
function throughLayer(
  op: string,
  plain: Readonly<Record<string, number | string>>,
  gates: number,
): OperatorCase['build'] {
  return (network: Network, x: string) => {
    const directions = plain['direction'] === 'bidirectional' ? 2 : 1;
    const rows = network.node('Reshape', [x, network.ints(-1, STEPS, INPUTS)]);
    const steps = network.node('Transpose', [rows], { perm: [1, 0, 2] });
    const [all, last] = network.nodeOf(
      op,
      [
        steps,
        network.floats([directions, gates * HIDDEN, INPUTS], -0.3, 0.3),
        network.floats([directions, gates * HIDDEN, HIDDEN], -1, 1),
        network.floats([directions, 2 * gates * HIDDEN]),
      ],
      attributes({ hidden_size: HIDDEN, ...plain }),
      [`${op}/all`, `${op}/last`],
    ) as [string, string];
    const row = network.node('Transpose', [all], { perm: [2, 0, 1, 3] });
    const end = network.node('Transpose', [last], { perm: [1, 0, 2] });
    return network.node(
      'Concat',
      [network.node('Flatten', [row]), network.node('Flatten', [end])],
      { axis: 1 },
    );
  };
}

const recurrent = (
  op: string,
  gates: number,
  opsets: readonly number[],
  plain: Readonly<Record<string, number | string>> = {},
  suffix = '',
): OperatorCase => ({
  title: `${op}${suffix}`,
  covers: [op],
  opsets,
  build: throughLayer(op, plain, gates),
});

/** The 192 values of a picture as six tokens of 32, which read one another. */
const attention = (
  plain: Readonly<Record<string, PlainAttribute>>,
  suffix: string,
  others: (network: Network) => readonly string[] = () => [],
): OperatorCase => ({
  title: `Attention${suffix}`,
  covers: ['Attention'],
  opsets: [23],
  build(network, x) {
    const tokens = network.node('Reshape', [x, network.ints(-1, 6, 32)]);
    const [q, k, v] = [8, 4, 6].map((size) =>
      network.node('MatMul', [tokens, network.floats([32, size], -0.3, 0.3)]),
    ) as [string, string, string];
    return network.node('Attention', [q, k, v, ...others(network)], plain);
  },
});

const twoHeads = { q_num_heads: 2, kv_num_heads: 1 } as const;

/** Points that the picture itself moves, some of them beyond its border. */
const sampled = (
  suffix: string,
  opsets: readonly number[],
  plain: Readonly<Record<string, PlainAttribute>>,
): OperatorCase => ({
  title: `GridSample${suffix}`,
  covers: ['GridSample'],
  opsets,
  build(network, x) {
    const two = network.node('Slice', [x, network.ints(1), network.ints(3), network.ints(1)]);
    const bent = network.node('Mul', [
      network.node('Tanh', [two]),
      network.floats([1], 1.17, 1.17),
    ]);
    const grid = network.node('Transpose', [bent], { perm: [0, 2, 3, 1] });
    return network.node('GridSample', [x, grid], plain);
  },
});

export const sequenceCases: readonly OperatorCase[] = [
  sampled('', [16], { mode: 'bilinear' }),
  sampled(' to the border', [20], { mode: 'linear', padding_mode: 'border', align_corners: 1 }),
  sampled(' of the nearest', [16], { mode: 'nearest', align_corners: 1 }),
  ...[0, 1].map((upper): OperatorCase => ({
    title: `Trilu of the ${upper ? 'upper' : 'lower'} triangle`,
    covers: ['Trilu'],
    opsets: [14],
    build: (network, x) =>
      network.node('Trilu', [x, network.constant(int64Tensor([upper ? 1 : -1], []))], { upper }),
  })),
  {
    title: 'Where by IsNaN, IsInf and Xor',
    covers: ['IsNaN', 'IsInf', 'Xor'],
    opsets: [13, 20],
    build(network, x) {
      const odd = network.node('Xor', [network.node('IsNaN', [x]), network.node('IsInf', [x])]);
      return network.node('Where', [odd, network.floats([1]), x]);
    },
  },
  attention(twoHeads, ' with shared keys'),
  attention({ ...twoHeads, is_causal: 1, softcap: { float: 0.5 } }, ' to what came before'),
  attention(
    { q_num_heads: 2, kv_num_heads: 1, scale: { float: 0.7 } },
    ' with a mask',
    (network) => [network.floats([6, 6], -1, 1)],
  ),
  recurrent('LSTM', 4, [7, 14, 22]),
  recurrent('LSTM', 4, [14], { direction: 'bidirectional', input_forget: 1 }, ' both ways'),
  recurrent('GRU', 3, [7, 14, 22]),
  recurrent('GRU', 3, [14], { linear_before_reset: 1, direction: 'reverse' }, ' backward'),
  recurrent('RNN', 1, [7, 14, 22]),
];
