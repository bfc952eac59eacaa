import { attributes, type PlainAttribute } from '../../../server/onnx/attributes.ts';
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

export const sequenceCases: readonly OperatorCase[] = [
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
