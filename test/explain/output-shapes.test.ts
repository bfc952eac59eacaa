import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import type { Model } from '../../server/onnx/graph.ts';
import { DataType } from '../../server/onnx/tensor.ts';
import { Network } from '../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { convolutionalMethods } from '../support/methods.ts';

const FEATURES = 3 * 5 * 6;

interface Ending {
  readonly batch: number | string;
  /** Numbers that the dense layer gives. */
  readonly numbers: number;
  /** From the dense layer's [N, numbers] to the output. */
  readonly end: (network: Network, dense: string) => void;
}

/** Two convolutions and a dense layer, the same weights every time, with another ending. */
function ending({ batch, numbers, end }: Ending): Model {
  const network = new Network({ seed: 5 });
  const image = network.input('picture', [batch, 2, 14, 15]);
  const first = network.node('Relu', [
    network.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
  ]);
  const second = network.node('Relu', [
    network.convolution(first, { from: 4, to: 3 }, { kernel: [2, 2] }),
  ]);
  end(
    network,
    network.node('Gemm', [
      network.node('Flatten', [second]),
      network.floats([FEATURES, numbers], -0.02, 0.02),
      network.floats([numbers]),
    ]),
  );
  return network.model([{ name: 'answer', type: DataType.float, shape: null }]);
}

const plain = (network: Network, dense: string) =>
  void network.node('Identity', [dense], {}, 'answer');
const reshaped =
  (...dims: readonly number[]) =>
  (network: Network, dense: string) =>
    void network.node('Reshape', [dense, network.ints(...dims)], {}, 'answer');
const squeezed =
  (...axes: readonly number[]) =>
  (network: Network, dense: string) =>
    void network.node(
      'Squeeze',
      [dense, ...(axes.length > 0 ? [network.ints(...axes)] : [])],
      {},
      'answer',
    );

const endings: Readonly<Record<string, Ending>> = {
  'rank 0, a batch of one squeezed away': { batch: 1, numbers: 1, end: squeezed() },
  'rank 0, squeezed and bent': {
    batch: 1,
    numbers: 1,
    end: (network, dense) =>
      void network.node('Tanh', [network.node('Squeeze', [dense])], {}, 'answer'),
  },
  'rank 0 or 1, a free batch squeezed': { batch: 'N', numbers: 1, end: squeezed() },
  'rank 0 or 1, squeezed and scaled': {
    batch: 'N',
    numbers: 1,
    end: (network, dense) =>
      void network.node(
        'Mul',
        [network.node('Squeeze', [dense]), network.floats([], 1, 2)],
        {},
        'answer',
      ),
  },
  'rank 1, the numbers squeezed': { batch: 'N', numbers: 1, end: squeezed(1) },
  'rank 1 without a batch': { batch: 1, numbers: 6, end: squeezed(0) },
  'rank 2': { batch: 'N', numbers: 6, end: plain },
  'rank 3': { batch: 'N', numbers: 6, end: reshaped(-1, 2, 3) },
  'rank 4': { batch: 'N', numbers: 6, end: reshaped(-1, 2, 1, 3) },
  'rank 5': { batch: 'N', numbers: 6, end: reshaped(-1, 1, 3, 1, 2) },
  'rank 3 without a batch': { batch: 1, numbers: 6, end: reshaped(2, 1, 3) },
};

const methods = convolutionalMethods.map(({ id }) => ({ id })).filter(({ id }) => id !== 'cam');

/** A network that ends in a plain [N, numbers] and is otherwise the same. */
function twin({ batch, numbers }: Ending, name: string): Model {
  const bend = (network: Network, dense: string) => {
    if (name.endsWith('bent')) network.node('Tanh', [dense], {}, 'answer');
    else if (name.endsWith('scaled'))
      network.node('Mul', [dense, network.floats([], 1, 2)], {}, 'answer');
    else plain(network, dense);
  };
  return ending({ batch, numbers, end: bend });
}

for (const [name, form] of Object.entries(endings)) {
  test(`every element of an output is explained as in a plain row: ${name}`, async () => {
    for (const index of form.numbers === 1 ? [0] : [0, 4, 5]) {
      const subject = subjectOf({ output: { tensor: 'answer', index } });
      const compiled = compile(ending(form), methods, subject);
      const expected = compile(twin(form, name), methods, subject);
      for (const batch of form.batch === 'N' ? [1, 3] : [1]) {
        const feeds = { picture: randomFloats([batch, 2, 14, 15]) };
        const [found, wanted] = [
          await runNetwork(compiled, feeds),
          await runNetwork(expected, feeds),
        ];
        for (const { id } of methods) {
          const [map, reference] = [found[`explanation_${id}`]!, wanted[`explanation_${id}`]!];
          assert.deepEqual(map.dims, reference.dims, id);
          assert.ok(
            id !== 'gradient' || reference.data.some((value) => value !== 0),
            'there is something to explain',
          );
          assert.ok(
            relativeError(map.data, reference.data) < 1e-4,
            `${id} of element ${index}, batch ${batch}`,
          );
        }
        const raw = await runNetwork(ending(form), feeds);
        assert.deepEqual(
          found['answer']!.dims,
          raw['answer']!.dims,
          "the network's own output keeps its shape",
        );
      }
    }
  });
}
