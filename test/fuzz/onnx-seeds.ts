import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inferShapes } from '../../server/onnx/infer-shapes.ts';
import type { OperatorCase } from '../explain/backward/operator-case.ts';
import { operatorCases } from '../explain/backward/operator-cases.ts';
import { Network } from '../support/network.ts';
import { repositoryRoot } from '../support/paths.ts';

/**
 * Small valid networks, each made when it is asked for: every operator that Roadgaze reads, between
 * two layers with weights, and forms that exporters have.
 */
export const smallNetworks: readonly (() => Uint8Array)[] = [
  ...operatorCases.flatMap((operator) =>
    [...new Set([operator.opsets[0]!, operator.opsets.at(-1)!])].map(
      (opset) => () => around(operator, opset),
    ),
  ),
  channelsLast,
  branched,
  manyOutputs,
];

/** What ships: large, and so a rare seed. */
export const shippedNetworks: readonly (() => Uint8Array)[] = ['pilotnet', 'road-segmentation'].map(
  (name) => () => readFileSync(join(repositoryRoot, 'recordings', 'networks', `${name}.onnx`)),
);

function around(operator: OperatorCase, opset: number): Uint8Array {
  const network = new Network({ opset, name: 'fuzzed.onnx' });
  const features = network.node('Relu', [
    network.convolution(
      network.input('image', ['N', 1, 8, 10]),
      { from: 1, to: 4 },
      { kernel: [3, 3] },
    ),
  ]);
  return answered(network, operator.build(network, features));
}

/** With a dense layer to one number. */
function answered(network: Network, value: string): Uint8Array {
  const row = inferShapes(network.model([value]))
    .of(value)
    .slice(1);
  network.steering(
    value,
    row.reduce<number>((product, size) => product * Number(size), 1),
  );
  return network.bytes([{ name: 'steering', type: 1, shape: ['N', 1] }]);
}

function channelsLast(): Uint8Array {
  const network = new Network({ name: 'fuzzed.onnx' });
  const image = network.node('Div', [
    network.input('image', ['N', 8, 10, 3]),
    network.floats([], 127, 128),
  ]);
  const features = network.node('Elu', [
    network.convolution(
      network.node('Transpose', [image], { perm: [0, 3, 1, 2] }),
      { from: 3, to: 4 },
      { kernel: [3, 3], strides: [2, 2] },
    ),
  ]);
  const rows = network.node('Reshape', [
    network.node('Transpose', [features], { perm: [0, 2, 3, 1] }),
    network.ints(-1, 48),
  ]);
  network.node(
    'Add',
    [network.node('MatMul', [rows, network.floats([48, 1])]), network.floats([1])],
    {},
    'steering',
  );
  return network.bytes([{ name: 'steering', type: 1, shape: ['N', 1] }]);
}

function branched(): Uint8Array {
  const network = new Network({ name: 'fuzzed.onnx' });
  const image = network.batchNormalization(network.input('image', [1, 1, 8, 10]), 1);
  const convolution = { kernel: [3, 3], pads: [1, 1, 1, 1] } as const;
  const first = network.node('Relu', [
    network.batchNormalization(network.convolution(image, { from: 1, to: 4 }, convolution), 4),
  ]);
  const second = network.batchNormalization(
    network.convolution(first, { from: 4, to: 4 }, convolution),
    4,
  );
  const joined = network.node('Relu', [network.node('Add', [second, first])]);
  return answered(
    network,
    network.node(
      'MaxPool',
      [network.node('Concat', [joined, network.node('Sigmoid', [first])], { axis: 1 })],
      { kernel_shape: [2, 2], strides: [2, 2] },
    ),
  );
}

function manyOutputs(): Uint8Array {
  const network = new Network({ name: 'fuzzed.onnx' });
  const pooled = network.node('GlobalAveragePool', [
    network.node('Relu', [
      network.convolution(
        network.input('image', ['N', 3, 8, 10]),
        { from: 3, to: 4 },
        { kernel: [3, 3] },
      ),
    ]),
  ]);
  const speed = network.input('speed', ['N', 1]);
  const rows = network.node('Concat', [network.node('Flatten', [pooled]), speed], { axis: 1 });
  network.node(
    'Softmax',
    [network.node('Gemm', [rows, network.floats([5, 15])])],
    { axis: -1 },
    'bins',
  );
  network.node('Gemm', [rows, network.floats([5, 1]), network.floats([1])], {}, 'steering');
  return network.bytes(['bins', 'steering']);
}
