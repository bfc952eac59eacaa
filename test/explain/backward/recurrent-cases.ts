import { attributes } from '../../../server/onnx/attributes.ts';
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

export const recurrentCases: readonly OperatorCase[] = [
  recurrent('LSTM', 4, [7, 14, 22]),
  recurrent('LSTM', 4, [14], { direction: 'bidirectional', input_forget: 1 }, ' both ways'),
  recurrent('GRU', 3, [7, 14, 22]),
  recurrent('GRU', 3, [14], { linear_before_reset: 1, direction: 'reverse' }, ' backward'),
  recurrent('RNN', 1, [7, 14, 22]),
];
