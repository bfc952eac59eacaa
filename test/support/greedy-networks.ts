import { ModelProto } from '../../server/onnx/schema.ts';
import { DataType, floatTensor, int64Tensor } from '../../server/onnx/tensor.ts';
import { Network } from './network.ts';
import { looped } from './subgraph.ts';

/**
 * Small files that ask for much, or are wrong in themselves. All are of one plain network: a
 * convolution, and one number behind it.
 */
export interface GreedyNetwork {
  readonly bytes: () => Uint8Array;
  readonly code: string;
  /** In the message: the cause, with its figure. */
  readonly words: RegExp;
}

type Change = (network: Network, value: string) => string;

/** The plain network with something between its convolution and its end. */
function plain(
  between: Change = (_, value) => value,
  picture: readonly (number | string)[] = ['N', 3, 24, 32],
  opset = 13,
): Network {
  const network = new Network({ opset, name: 'greedy.onnx' });
  const features = network.node('Relu', [
    network.convolution(
      network.input('image', picture),
      { from: 3, to: 4 },
      { kernel: [3, 3], strides: [2, 2] },
    ),
  ]);
  network.node(
    'Gemm',
    [
      network.node('Flatten', [network.node('GlobalAveragePool', [between(network, features)])]),
      network.floats([4, 1]),
    ],
    {},
    'steering',
  );
  return network;
}

const rounds = (network: Network, count: bigint) =>
  network.constant({ type: DataType.int64, dims: [], data: BigInt64Array.of(count) });

const between = (change: Change) => () => plain(change).bytes(['steering']);

/** What follows the file's own fields in a protobuf message: read as if it stood there. */
interface Message {
  graph: Record<string, unknown> & {
    node: Record<string, unknown>[];
    initializer: Record<string, unknown>[];
    input: Record<string, unknown>[];
    output: Record<string, unknown>[];
  };
  opsetImport: { domain: string; version: unknown }[];
  irVersion: unknown;
  metadataProps: { key: string; value: string }[];
}

/** The plain network with its file changed. */
function changed(change: (message: Message) => void, network = plain()): Uint8Array {
  const message = ModelProto.toObject(ModelProto.decode(network.bytes(['steering'])), {
    arrays: true,
    defaults: false,
    longs: Number,
  }) as Message;
  change(message);
  return ModelProto.encode(ModelProto.fromObject(message)).finish();
}

const sized =
  (op: string, sizes: readonly (number | bigint)[], more: readonly string[] = []): Change =>
  (network, value) => {
    const shape = network.constant({
      type: DataType.int64,
      dims: [sizes.length],
      data: BigInt64Array.from(sizes, BigInt),
    });
    const made =
      op === 'ConstantOfShape'
        ? network.node(op, [shape])
        : network.node(op, [value, shape, ...more]);
    return network.node('Add', [
      value,
      network.node('ReduceMean', [made], { axes: [2, 3], keepdims: 1 }),
    ]);
  };

const layer =
  (op: string, weights: readonly number[], attributes: Record<string, number | number[]>): Change =>
  (network, value) =>
    network.node(op, [value, ...(weights.length > 0 ? [network.floats(weights)] : [])], attributes);

function deepIf(depth: number): Uint8Array {
  let node: Record<string, unknown> = { opType: 'Identity', input: ['image'], output: ['inner'] };
  for (let level = 0; level < depth; level++) {
    node = {
      opType: 'If',
      input: ['image'],
      output: [`level${level}`],
      attribute: [{ name: 'then_branch', type: 5, g: { node: [node], name: 'branch' } }],
    };
  }
  return changed(({ graph }) => {
    graph.node.push(node);
  });
}

/** A field with a length that is not there. */
function declared(): Uint8Array {
  return changed(({ graph }) => {
    graph.initializer[0] = {
      ...graph.initializer[0],
      dims: [4, 3, 16_000, 16_000],
      rawData: new Uint8Array(10),
    };
  });
}

const tooLarge = 'MODEL_SHAPE';

export const greedyNetworks: Readonly<Record<string, GreedyNetwork>> = {
  'a picture of 100 000 × 100 000': {
    bytes: () => plain(undefined, ['N', 3, 100_000, 100_000]).bytes(['steering']),
    code: tooLarge,
    words: /100000×100000 pixels; the limit is 8192/,
  },
  'a picture of 66 × 20 000': {
    bytes: () => plain(undefined, ['N', 3, 66, 20_000]).bytes(['steering']),
    code: tooLarge,
    words: /20000×66 pixels; the limit is 8192/,
  },
  'a picture of 8000 × 8000': {
    bytes: () => plain(undefined, ['N', 3, 8000, 8000]).bytes(['steering']),
    code: tooLarge,
    words: /64?0000000|6\.4e7/,
  },
  'a picture of the largest sizes there are': {
    bytes: () =>
      changed(({ graph }) => {
        graph.input[0]!['type'] = {
          tensorType: {
            elemType: 1,
            shape: {
              dim: [
                { dimValue: 1 },
                { dimValue: 3 },
                { dimValue: '9223372036854775807' },
                { dimValue: '9223372036854775807' },
              ],
            },
          },
        };
      }),
    code: tooLarge,
    words: /the limit is/,
  },
  'a constant of 10¹⁰ values': {
    bytes: between(sized('ConstantOfShape', [1, 1, 100_000, 100_000])),
    code: tooLarge,
    words: /ConstantOfShape .* takes 40 GB; the limit is 537 MB/,
  },
  'a constant of more values than a number holds': {
    bytes: between(sized('ConstantOfShape', [2n ** 40n, 2n ** 40n, 2n ** 40n, 2n ** 40n])),
    code: tooLarge,
    words: /takes over 1000 EB/,
  },
  'a constant of a negative size': {
    bytes: between(sized('ConstantOfShape', [1, 4, -5, 8])),
    code: tooLarge,
    words: /negative size/,
  },
  'a repetition to 10¹⁰ values': {
    bytes: between((network, value) =>
      network.node('Add', [
        value,
        network.node(
          'ReduceMean',
          [
            network.node('Expand', [
              network.floats([1, 1, 1, 1]),
              network.ints(1, 1, 100_000, 100_000),
            ]),
          ],
          { axes: [2, 3], keepdims: 1 },
        ),
      ]),
    ),
    code: tooLarge,
    words: /Expand .* takes 40 GB/,
  },
  'padding of 2⁴⁰': {
    bytes: between((network, value) =>
      network.node('Pad', [value, network.ints(0, 0, 2 ** 40, 0, 0, 0, 0, 0)]),
    ),
    code: tooLarge,
    words: /Pad .* takes [\d.]+ [TP]B/,
  },
  'padding of a convolution by 4000': {
    bytes: between(layer('Conv', [4, 4, 3, 3], { pads: [8000, 8000, 8000, 8000] })),
    code: tooLarge,
    words: /Conv .* takes 4\.1 GB/,
  },
  'an enlargement by 10⁹': {
    bytes: between((network, value) =>
      network.node('Resize', [
        value,
        network.constant(floatTensor([0], [])),
        network.constant(floatTensor([4], [1, 1, 1e9, 1e9])),
      ]),
    ),
    code: tooLarge,
    words: /Resize .* takes over 1000 EB/,
  },
  'a shape of 2⁶⁰': {
    bytes: between((network, value) =>
      network.node('Reshape', [
        value,
        network.constant(int64Tensor([1, 4, 1, 1].map((size) => size * 2 ** 15))),
      ]),
    ),
    code: tooLarge,
    words: /Reshape/,
  },
  'joining a value with itself 40 times': {
    bytes: between((network, value) => {
      let all = value;
      for (let count = 0; count < 40; count++)
        all = network.node('Concat', [all, all], { axis: 1 });
      return all;
    }),
    code: tooLarge,
    words: /Concat .* takes .*; the limit/,
  },
  'joining open sizes 40 times': {
    bytes: between((network, value) => {
      let all = network.input('more', ['M', 3]);
      for (let count = 0; count < 40; count++)
        all = network.node('Concat', [all, all], { axis: 0 });
      network.node('Relu', [all], {}, 'lost');
      return value;
    }),
    code: tooLarge,
    words: /open size/,
  },
  'gathering a row 60 000 times, twice': {
    bytes: between((network, value) => {
      const rows = network.constant(int64Tensor(new Array<number>(60_000).fill(0)));
      return network.node('Gather', [network.node('Gather', [value, rows], { axis: 2 }), rows], {
        axis: 3,
      });
    }),
    code: tooLarge,
    words: /Gather .* takes/,
  },
  'values that are all alive at once': {
    bytes: between((network, value) => {
      const size = network.ints(1, 4, 2400, 2400);
      const large = Array.from({ length: 8 }, () =>
        network.node('Expand', [network.node('GlobalAveragePool', [value]), size]),
      );
      return network.node('Sum', large);
    }),
    code: tooLarge,
    words: /holds \d+ MB at once/,
  },
  '10¹³ multiplications': {
    bytes: () => {
      const network = plain(undefined, ['N', 3, 2000, 2000]);
      let value = 'image';
      for (let count = 0; count < 400; count++)
        value = network.convolution(
          value,
          { from: 3, to: 3 },
          { kernel: [31, 31], pads: [15, 15, 15, 15] },
        );
      return network.bytes(['steering']);
    },
    code: tooLarge,
    words: /multiplications for one picture; the limit/,
  },
  'dilations of 10⁶': {
    bytes: between(layer('Conv', [4, 4, 3, 3], { dilations: [1_000_000, 1_000_000] })),
    code: tooLarge,
    words: /dilations say 1000000; the limit is 8192/,
  },
  'a pooling window of 2³¹': {
    bytes: between(layer('MaxPool', [], { kernel_shape: [2, 2], dilations: [2 ** 31, 2 ** 31] })),
    code: tooLarge,
    words: /dilations say 2\.1e9/,
  },
  'steps of 10⁹ of a transposed convolution': {
    bytes: between(layer('ConvTranspose', [4, 4, 3, 3], { strides: [1e9, 1e9] })),
    code: tooLarge,
    words: /strides say 1\.0e9/,
  },
  'output padding of 10⁹': {
    bytes: between(layer('ConvTranspose', [4, 4, 3, 3], { output_padding: [1e9, 1e9] })),
    code: tooLarge,
    words: /output_padding say 1\.0e9/,
  },
  'a negative kernel': {
    bytes: between(layer('MaxPool', [], { kernel_shape: [-2, -2] })),
    code: tooLarge,
    words: /window/,
  },
  '10⁶ groups': {
    bytes: between(layer('Conv', [4, 4, 3, 3], { group: 1_000_000 })),
    code: tooLarge,
    words: /channels/,
  },
  'no groups': {
    bytes: between(layer('Conv', [4, 4, 3, 3], { group: 0 })),
    code: tooLarge,
    words: /groups/,
  },
  'a kernel without filters': {
    bytes: between(layer('Conv', [0, 4, 3, 3], {})),
    code: tooLarge,
    words: /\[0, 4, 3, 3\] has no weights/,
  },
  'a tensor of 20 000 axes': {
    bytes: between((network, value) => {
      network.node('Relu', [network.input('deep', new Array<number>(20_000).fill(1))], {}, 'lost');
      return value;
    }),
    code: tooLarge,
    words: /20000 axes; the limit is 16/,
  },
  'a wrong order of axes': {
    bytes: between((network, value) => network.node('Transpose', [value], { perm: [0, 1, 1, 5] })),
    code: tooLarge,
    words: /is no order of 4 axes/,
  },
  'a slice in steps of 0': {
    bytes: between((network, value) =>
      network.node('Slice', [
        value,
        network.ints(0),
        network.ints(5),
        network.ints(2),
        network.ints(0),
      ]),
    ),
    code: tooLarge,
    words: /Slice/,
  },
  '100 000 nodes': {
    bytes: () =>
      changed(({ graph }) => {
        for (let count = 0; count < 100_000; count++)
          graph.node.push({
            opType: 'Identity',
            input: [count === 0 ? 'image' : `n${count - 1}`],
            output: [`n${count}`],
          });
      }),
    code: tooLarge,
    words: /more than 10000 nodes/,
  },
  '10⁵ outputs': {
    bytes: () =>
      changed(({ graph }) => {
        for (let count = 0; count < 100_000; count++) graph.output.push({ name: `o${count}` });
      }),
    code: tooLarge,
    words: /more than 1000 outputs/,
  },
  '10⁵ inputs': {
    bytes: () =>
      changed(({ graph }) => {
        for (let count = 0; count < 100_000; count++)
          graph.input.push({
            name: `i${count}`,
            type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } },
          });
      }),
    code: tooLarge,
    words: /inputs; the limit is 1000/,
  },
  'networks 30 deep in one another': {
    bytes: () => deepIf(30),
    code: tooLarge,
    words: /networks within networks, more than 8 deep/,
  },
  'a list of 5 000 000 numbers in a node': {
    bytes: () =>
      changed(({ graph }) => {
        graph.node[1]!['attribute'] = [
          { name: 'extra', type: 7, ints: new Array<number>(5_000_000).fill(0) },
        ];
      }),
    code: tooLarge,
    words: /more than 4000000 entries/,
  },
  '200 000 inputs of one node': {
    bytes: () =>
      changed(({ graph }) => {
        graph.node[1] = {
          ...graph.node[1],
          opType: 'Sum',
          input: new Array<unknown>(200_000).fill((graph.node[1]!['input'] as string[])[0]),
        };
      }),
    code: tooLarge,
    words: /a node with more than 1000 inputs/,
  },
  '200 000 outputs of one node': {
    bytes: () =>
      changed(({ graph }) => {
        graph.node.push({
          opType: 'Split',
          input: ['image'],
          output: Array.from({ length: 200_000 }, (_, index) => `part${index}`),
        });
      }),
    code: tooLarge,
    words: /a node with more than 1000 outputs/,
  },
  '400 000 attributes of one node': {
    bytes: () =>
      changed(({ graph }) => {
        graph.node[1]!['attribute'] = Array.from({ length: 400_000 }, (_, index) => ({
          name: `a${index}`,
          type: 2,
          i: 1,
        }));
      }),
    code: tooLarge,
    words: /a node with more than 1000 attributes/,
  },
  '120 MB of names': {
    bytes: () =>
      changed(({ graph }) => {
        for (let count = 0; count < 600; count++)
          graph.node.push({
            opType: 'Identity',
            input: [count === 0 ? 'image' : 'x'.repeat(100_000) + String(count - 1)],
            output: ['x'.repeat(100_000) + String(count)],
          });
      }),
    code: tooLarge,
    words: /names of more than 34 MB together/,
  },
  'a cubic enlargement to 4500 × 6000': {
    bytes: between((network, value) =>
      network.node('Add', [
        value,
        network.node(
          'ReduceMean',
          [
            network.node(
              'Resize',
              [
                value,
                network.constant(floatTensor([0], [])),
                network.constant(floatTensor([4], [1, 1, 400, 400])),
              ],
              { mode: 'cubic' },
            ),
          ],
          { axes: [2, 3], keepdims: 1 },
        ),
      ]),
    ),
    code: tooLarge,
    words: /multiplications for one picture; the limit/,
  },
  'a name of 2 MB': {
    bytes: () =>
      changed(({ graph }) => {
        graph.node[1]!['name'] = 'x'.repeat(2 << 20);
      }),
    code: tooLarge,
    words: /a text of 2\.1 MB; the limit is 1\.0 MB/,
  },
  '20 MB of metadata': {
    bytes: () =>
      changed((message) => {
        message.metadataProps.push({ key: 'notes', value: 'x'.repeat(20 << 20) });
      }),
    code: tooLarge,
    words: /a text of 21 MB; the limit is 17 MB/,
  },
  'weights of 12 GB in 10 bytes': {
    bytes: declared,
    code: 'MODEL_UNREADABLE',
    words: /whose data does not fill its shape/,
  },
  'a node that depends on itself': {
    bytes: () =>
      changed(({ graph }) => {
        graph.node[1]!['input'] = graph.node[1]!['output'];
      }),
    code: 'MODEL_UNREADABLE',
    words: /depends on itself/,
  },
  'operator set 999': {
    bytes: () =>
      changed((message) => {
        message.opsetImport[0]!.version = 999;
      }),
    code: 'MODEL_OPERATOR_UNSUPPORTED',
    words: /operator set 999/,
  },
  'operator set 0': {
    bytes: () =>
      changed((message) => {
        message.opsetImport[0]!.version = 0;
      }),
    code: 'MODEL_OPERATOR_UNSUPPORTED',
    words: /operator set 0/,
  },
  'a file format of the year 2100': {
    bytes: () =>
      changed((message) => {
        message.irVersion = 99;
      }),
    code: 'MODEL_UNREADABLE',
    words: /version 99/,
  },
  'a loop of 10¹⁸ rounds': {
    bytes: between((network, value) => looped(network, value, rounds(network, 10n ** 18n))),
    code: tooLarge,
    words: /Loop "Loop" for 1\.0e18 rounds; the limit is 10000/,
  },
  'a loop that nothing ends': {
    bytes: between((network, value) => looped(network, value, '')),
    code: tooLarge,
    words: /Loop "Loop" for ever/,
  },
  'a loop of as many rounds as a picture is bright': {
    bytes: between((network, value) =>
      looped(
        network,
        value,
        network.node('Cast', [network.node('ReduceMax', [value], { keepdims: 0 })], { to: 7 }),
      ),
    ),
    code: tooLarge,
    words: /Loop "Loop" for ever/,
  },
  'a loop whose value doubles in every round': {
    bytes: between((network, value) =>
      looped(network, value, rounds(network, 100n), [
        ['Concat', ['before', 'before'], 'after', { axis: 2 }],
      ]),
    ),
    code: tooLarge,
    words: /takes 692 MB; the limit is 537 MB/,
  },
  'a loop whose value grows in every round': {
    bytes: between((network, value) =>
      looped(network, value, rounds(network, 1000n), [
        ['Concat', ['before', value], 'after', { axis: 2 }],
      ]),
    ),
    code: tooLarge,
    words: /grow in each of its 1000 rounds/,
  },
  'a loop with much to do in every round': {
    bytes: between((network, value) => {
      const weights = network.floats([4, 4, 3, 3]);
      const features = network.node('GlobalAveragePool', [value]);
      const wide = network.node('Expand', [features, network.ints(1, 4, 512, 512)]);
      const end = looped(network, wide, rounds(network, 9999n), [
        ['Conv', ['before', weights], 'smaller'],
        ['Pad', ['smaller', network.ints(0, 0, 0, 0, 0, 0, 2, 2)], 'after'],
      ]);
      return network.node('Add', [value, network.node('ReduceMax', [end], { keepdims: 0 })]);
    }),
    code: tooLarge,
    words: /takes 1\.4e12 multiplications/,
  },
  'a loop that keeps a large value of every round': {
    bytes: between((network, value) => {
      const features = network.node('GlobalAveragePool', [value]);
      const wide = network.node('Expand', [features, network.ints(1, 4, 256, 256)]);
      const nodes = [['Relu', ['before'], 'after'] as const, ['Abs', ['before'], 'kept'] as const];
      looped(network, wide, rounds(network, 1000n), nodes, '', ['kept']);
      return network.node('Add', [value, network.node('ReduceMax', ['all kept'], { keepdims: 0 })]);
    }),
    code: tooLarge,
    words: /holds 1\.1 GB at once/,
  },
  'loops of 9999 rounds within a loop of 9999': {
    bytes: between((network, value) => {
      const count = rounds(network, 9999n);
      const inner = new Network();
      const relu = ['Relu', ['before within'], 'after within'] as const;
      const end = looped(inner, 'before', count, [relu], ' within');
      return looped(network, value, count, [...inner.nodes, ['Identity', [end], 'after']]);
    }),
    code: tooLarge,
    words: /takes 1\.0e14 multiplications/,
  },
};
