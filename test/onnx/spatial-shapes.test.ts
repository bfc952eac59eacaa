import { test } from 'node:test';
import assert from 'node:assert/strict';
import { inferShapes } from '../../server/onnx/infer-shapes.ts';
import { floatTensor } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network, type ConvolutionForm } from '../support/network.ts';
import { assertShapesAsInRuntime } from './inferred-shapes.ts';

type Four = readonly [number, number, number, number];
type Two = readonly [number, number];

const pictures: readonly Two[] = [
  [17, 22],
  [16, 21],
  [9, 9],
];

function forms<T>(...lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>(
    (rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  );
}

for (const opset of [7, 11, 21]) {
  test(`convolutions give the runtime's sizes (operator set ${opset})`, async () => {
    for (const [height, width] of pictures) {
      const network = new Network({ opset });
      const image = network.input('image', ['N', 4, height, width]);
      const windows: readonly Omit<ConvolutionForm, 'kernel'>[] = [
        {},
        { pads: [1, 2, 0, 3] },
        { autoPad: 'SAME_UPPER' },
        { autoPad: 'SAME_LOWER' },
        { autoPad: 'VALID' },
        { autoPad: 'NOTSET', pads: [2, 2, 2, 2] },
      ];
      for (const [kernel, strides, dilations] of forms<Two>(
        [
          [1, 1],
          [3, 3],
          [2, 5],
          [4, 3],
        ],
        [
          [1, 1],
          [2, 2],
          [3, 1],
        ],
        [
          [1, 1],
          [2, 1],
        ],
      )) {
        for (const window of windows) {
          // ONNX Runtime's CPU kernels refuse SAME with dilation.
          if (window.autoPad?.startsWith('SAME') && dilations!.some((dilation) => dilation > 1))
            continue;
          network.convolution(
            image,
            { from: 4, to: 6 },
            { kernel: kernel!, strides: strides!, dilations: dilations!, ...window },
          );
        }
      }
      network.convolution(image, { from: 4, to: 8 }, { kernel: [3, 3], group: 4 });
      network.convolution(image, { from: 4, to: 2 }, { kernel: [3, 3], group: 2 });
      await assertShapesAsInRuntime(network);
    }
  });
}

test('a convolution takes its kernel size from its weights where the attribute is left out', async () => {
  const network = new Network();
  network.node('Conv', [network.input('image', ['N', 2, 12, 14]), network.floats([3, 2, 5, 2])], {
    strides: [2, 1],
  });
  await assertShapesAsInRuntime(network);
});

const poolings: readonly {
  readonly opset: number;
  readonly dilated: readonly string[];
  readonly ceil: readonly string[];
}[] = [
  { opset: 7, dilated: [], ceil: [] },
  { opset: 10, dilated: ['MaxPool'], ceil: ['MaxPool', 'AveragePool'] },
  { opset: 12, dilated: ['MaxPool'], ceil: ['MaxPool', 'AveragePool'] },
  { opset: 19, dilated: ['MaxPool', 'AveragePool'], ceil: ['MaxPool', 'AveragePool'] },
];

for (const { opset, dilated, ceil } of poolings) {
  test(`pooling gives the runtime's sizes (operator set ${opset})`, async () => {
    for (const [height, width] of pictures) {
      const network = new Network({ opset });
      const image = network.input('image', ['N', 2, height, width]);
      for (const op of ['MaxPool', 'AveragePool']) {
        for (const [kernel, strides] of forms<Two>(
          [
            [1, 1],
            [2, 2],
            [3, 2],
            [4, 4],
          ],
          [
            [1, 1],
            [2, 2],
            [3, 2],
            [4, 3],
          ],
        )) {
          for (const dilations of dilated.includes(op)
            ? ([
                [1, 1],
                [2, 2],
              ] as Two[])
            : ([[1, 1]] as Two[])) {
            const window = {
              kernel_shape: kernel!,
              strides: strides!,
              ...(dilated.includes(op) ? { dilations } : {}),
            };
            // ONNX Runtime refuses SAME with dilation, and with steps longer than the window.
            const same =
              dilations[0] === 1 && strides!.every((stride, axis) => stride <= kernel![axis]!);
            const modes = [
              {},
              { auto_pad: 'VALID' },
              ...(same ? [{ auto_pad: 'SAME_UPPER' }, { auto_pad: 'SAME_LOWER' }] : []),
            ];
            if (Math.min(...kernel!) > 1)
              modes.push({ pads: [1, 0, 0, 1] } as never, { pads: [1, 1, 1, 1] } as never);
            for (const mode of modes) {
              network.node(op, [image], { ...window, ...mode });
              if (ceil.includes(op))
                network.node(op, [image], { ...window, ...mode, ceil_mode: 1 });
            }
          }
        }
      }
      network.node('LpPool', [image], { kernel_shape: [3, 2], strides: [2, 2] });
      network.node('GlobalAveragePool', [image]);
      network.node('GlobalMaxPool', [image]);
      await assertShapesAsInRuntime(network);
    }
  });
}

test('the places of maxima are whole numbers of the same shape', async () => {
  const network = new Network();
  network.nodeOf(
    'MaxPool',
    [network.input('image', ['N', 2, 8, 9])],
    new Map([['kernel_shape', { kind: 'ints', value: [2n, 2n] }]]),
    ['largest', 'places'],
  );
  await assertShapesAsInRuntime(network);
});

for (const opset of [7, 11, 13]) {
  test(`transposed convolutions give the runtime's sizes (operator set ${opset})`, async () => {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 4, 7, 10]);
    for (const [kernel, strides] of forms<Two>(
      [
        [3, 3],
        [2, 4],
        [1, 5],
      ],
      [
        [1, 1],
        [2, 2],
        [3, 1],
      ],
    )) {
      const weights = network.floats([4, 3, ...kernel!]);
      const window = { kernel_shape: kernel!, strides: strides! };
      network.node('ConvTranspose', [image, weights], window);
      network.node('ConvTranspose', [image, weights], { ...window, auto_pad: 'VALID' });
      network.node('ConvTranspose', [image, weights], { ...window, auto_pad: 'SAME_UPPER' });
      network.node('ConvTranspose', [image, weights], { ...window, auto_pad: 'SAME_LOWER' });
      network.node('ConvTranspose', [image, weights], { ...window, dilations: [2, 1] });
      network.node('ConvTranspose', [image, weights], {
        ...window,
        output_shape: [7 * strides![0], 10 * strides![1]],
      });
      if (strides![0] > 1)
        network.node('ConvTranspose', [image, weights], { ...window, output_padding: [1, 0] });
      if (kernel![0] > 1)
        network.node('ConvTranspose', [image, weights], { ...window, pads: [1, 1, 0, 2] });
    }
    network.node('ConvTranspose', [image, network.floats([4, 2, 2, 2])], {
      group: 2,
      strides: [2, 2],
    });
    await assertShapesAsInRuntime(network);
  });
}

test("Pad by attribute gives the runtime's sizes (operator sets 7 and 10)", async () => {
  for (const opset of [7, 10]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 2, 8, 9]);
    for (const pads of [
      [0, 0, 1, 2, 0, 0, 3, 4],
      [0, 1, 0, 0, 0, 0, 0, 0],
      [0, 0, -1, 2, 0, 0, -2, 0],
    ])
      network.node('Pad', [image], { pads });
    network.node('Pad', [image], { pads: [0, 0, 1, 1, 0, 0, 1, 1], mode: 'reflect' });
    network.node('Pad', [image], { pads: [0, 0, 1, 1, 0, 0, 1, 1], mode: 'edge' });
    await assertShapesAsInRuntime(network);
  }
});

test("Pad by input gives the runtime's sizes (operator sets 11, 13, 18 and 21)", async () => {
  for (const opset of [11, 13, 18, 21]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 2, 8, 9]);
    network.node('Pad', [image, network.ints(0, 0, 1, 2, 0, 0, 3, 4)]);
    network.node('Pad', [
      image,
      network.ints(0, 0, -1, 2, 0, 0, -2, 0),
      network.constant(floatTensor([], [0.5])),
    ]);
    network.node('Pad', [image, network.ints(0, 0, 1, 1, 0, 0, 1, 1)], { mode: 'reflect' });
    if (opset >= 18) {
      network.node('Pad', [image, network.ints(1, 2, 3, 4), '', network.ints(2, 3)]);
      network.node('Pad', [image, network.ints(1, 2, 3, 4), '', network.ints(-1, -2)]);
    }
    await assertShapesAsInRuntime(network);
  }
});

test("Resize and Upsample give the runtime's sizes by scales", async () => {
  const scales: readonly Four[] = [
    [1, 1, 2, 2],
    [1, 1, 1.5, 3],
    [1, 1, 4 / 3, 5 / 3],
    [1, 1, 1.1, 1.7],
  ];
  for (const opset of [7, 9, 10, 11, 13, 18, 19]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 2, 9, 12]);
    for (const list of opset > 9 ? [...scales, [1, 1, 0.5, 1 / 3] as const] : scales) {
      const values = floatTensor([4], list);
      if (opset < 9)
        network.nodeOf(
          'Upsample',
          [image],
          new Map([
            ['scales', { kind: 'floats', value: list }],
            ['mode', { kind: 'string', value: 'nearest' }],
          ]),
          [`up${list.join()}`],
        );
      else if (opset < 11)
        network.node(opset === 9 ? 'Upsample' : 'Resize', [image, network.constant(values)], {
          mode: 'nearest',
        });
      else
        network.node(
          'Resize',
          [
            image,
            opset < 13 ? network.constant(floatTensor([0], [])) : '',
            network.constant(values),
          ],
          { mode: 'linear' },
        );
    }
    if (opset >= 18) {
      network.node('Resize', [image, '', network.constant(floatTensor([2], [2, 1.5]))], {
        axes: [2, 3],
      });
      network.node('Resize', [image, '', network.constant(floatTensor([2], [2, 1.5]))], {
        axes: [-1, -2],
      });
    }
    await assertShapesAsInRuntime(network);
  }
});

test("Resize gives the runtime's sizes by sizes, also those computed from the picture's own", async () => {
  for (const opset of [11, 13, 18, 21]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 2, 9, 12]);
    const [none, whole] = [network.constant(floatTensor([0], [])), network.node('Shape', [image])];
    const front = network.node('Slice', [whole, network.ints(0), network.ints(2)]);
    const sizes = network.node('Concat', [front, network.ints(18, 30)], { axis: 0 });
    network.node('Resize', [image, none, none, sizes], { mode: 'nearest' });
    if (opset >= 13)
      network.node('Resize', [image, '', '', sizes], {
        mode: 'linear',
        coordinate_transformation_mode: 'asymmetric',
      });
    if (opset >= 18) {
      network.node('Resize', [image, '', '', network.ints(20, 10)], { axes: [2, 3] });
      network.node('Resize', [image, '', '', network.ints(20, 10)], {
        axes: [2, 3],
        keep_aspect_ratio_policy: 'not_larger',
      });
      network.node('Resize', [image, '', '', network.ints(20, 10)], {
        axes: [3, 2],
        keep_aspect_ratio_policy: 'not_smaller',
      });
    }
    await assertShapesAsInRuntime(network);
  }
});

test("DepthToSpace and SpaceToDepth give the runtime's sizes", async () => {
  for (const opset of [7, 11, 13]) {
    const network = new Network({ opset });
    network.node(
      'SpaceToDepth',
      [network.node('DepthToSpace', [network.input('image', ['N', 12, 4, 6])], { blocksize: 2 })],
      { blocksize: 4 },
    );
    await assertShapesAsInRuntime(network);
  }
});

test('a window that cannot slide is an error that names operator, node and model', () => {
  const wrong: readonly ((network: Network, image: string) => void)[] = [
    (network, image) => network.node('Conv', [image, network.floats([1, 2, 9, 9])]),
    (network, image) => network.node('Conv', [image, network.floats([1, 3, 3, 3])]),
    (network, image) =>
      network.node('Conv', [image, network.floats([1, 2, 3, 3])], { strides: [0, 1] }),
    (network, image) =>
      network.node('Conv', [image, network.floats([1, 2, 3, 3])], { dilations: [1, -1] }),
    (network, image) =>
      network.node('Conv', [image, network.floats([1, 2, 3, 3])], { strides: [1] }),
    (network, image) =>
      network.node('Conv', [image, network.floats([1, 2, 3, 3])], { kernel_shape: [5, 5] }),
    (network, image) =>
      network.node('Conv', [image, network.floats([1, 2, 3, 3])], { auto_pad: 'WRONG' }),
    (network, image) => network.node('Conv', [image, network.floats([3, 1, 3, 3])], { group: 2 }),
    (network, image) => network.node('Conv', [image, network.floats([1, 2, 3])]),
    (network, image) => network.node('MaxPool', [image], { kernel_shape: [0, 3] }),
    (network, image) =>
      network.node('MaxPool', [image], { kernel_shape: [2, 2], strides: [-1, 1] }),
    (network, image) => network.node('MaxPool', [image]),
    (network, image) => network.node('AveragePool', [image], { kernel_shape: [3] }),
    (network, image) =>
      network.node('ConvTranspose', [image, network.floats([2, 1, 3, 3])], { strides: [-2, 1] }),
    (network, image) => network.node('Pad', [image, network.ints(0, 0, -9, 0, 0, 0, 0, 0)]),
    (network, image) => network.node('Pad', [image, network.ints(1, 2, 3)]),
    (network, image) =>
      network.node('Resize', [image, '', network.constant(floatTensor([4], [1, 1, 0, -2]))]),
    (network, image) => network.node('DepthToSpace', [image], { blocksize: 0 }),
    (network, image) => network.node('DepthToSpace', [image], { blocksize: 3 }),
  ];
  for (const [index, add] of wrong.entries()) {
    const network = new Network({ name: 'wrong.onnx' });
    add(network, network.input('image', ['N', 2, 8, 8]));
    const { op, name, outputs } = network.nodes[0]!;
    assert.throws(
      () => inferShapes(network.model(outputs)),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'MODEL_SHAPE' &&
        error.message.includes(`${op} "${name}" in wrong.onnx`),
      `case ${index}: ${op}`,
    );
  }
});
