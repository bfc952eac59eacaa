import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { floatTensor } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network, type ConvolutionForm } from '../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import {
  deconvolveOnes,
  mapsOf,
  meanOverChannels,
  multiply,
  normalise,
  pixel,
  plane,
  type Plane,
  type Sliding,
} from './slow-visualbackprop.ts';

/**
 * One step of a mask, written out by hand for each network: the value to multiply with, a window to
 * undo, or anything else.
 */
type Step =
  | { readonly features: string; readonly nhwc?: boolean }
  | { readonly undo: Sliding; readonly to: readonly [number, number] }
  | { readonly apply: (mask: Plane) => Plane };

/**
 * The compiled mask equals the one that follows `steps` from the deepest level to the picture, on
 * feature maps that ONNX Runtime gives out of the network itself.
 */
async function assertMask(
  network: Network,
  features: number,
  last: string,
  steps: readonly Step[],
): Promise<void> {
  network.steering(last, features);
  const names = steps.flatMap((step) => ('features' in step ? [step.features] : []));
  const image = network.inputs[0]!;
  const dims = image.shape!.map((dim) => (dim === 'N' ? 2 : Number(dim)));
  const feeds = { image: randomFloats(dims, 17) };
  const values = await runNetwork(network.model([...names, 'steering']), feeds, {
    graphOptimizationLevel: 'disabled',
  });
  const outputs = await runNetwork(
    compile(network.model(['steering']), [{ id: 'visualbackprop' }]),
    feeds,
  );
  assert.ok(relativeError(outputs['steering']!.data, values['steering']!.data) < 1e-4);
  const explanation = outputs['explanation']!;
  const size = explanation.dims[2]! * explanation.dims[3]!;
  for (let picture = 0; picture < 2; picture++) {
    let mask: Plane | null = null;
    for (const step of steps) {
      if ('features' in step) {
        const { data, dims: shape } = values[step.features]!;
        const [batch, first, second, third] = shape as [number, number, number, number];
        const maps = step.nhwc
          ? Array.from({ length: third }, (_, channel) =>
              plane(
                first,
                second,
                (row, column) =>
                  data[((picture * first + row) * second + column) * third + channel]!,
              ),
            )
          : mapsOf(data, [batch, first, second, third], picture);
        const average = meanOverChannels(maps);
        mask = mask ? multiply(mask, average) : average;
      } else
        mask = 'undo' in step ? deconvolveOnes(mask!, step.undo, ...step.to) : step.apply(mask!);
    }
    const expected = normalise(mask!).at;
    assert.equal(Math.max(...expected), 1, 'the network of the test has no mask');
    const error = relativeError(
      explanation.data.subarray(picture * size, (picture + 1) * size),
      expected,
    );
    assert.ok(
      error <= 1e-4,
      `picture ${picture}: the mask differs by ${error} of its largest value`,
    );
  }
}

const same3: ConvolutionForm = { kernel: [3, 3], pads: [1, 1, 1, 1] };
const down3: ConvolutionForm = { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };

function normalConvolution(
  network: Network,
  value: string,
  from: number,
  to: number,
  form: ConvolutionForm,
): string {
  return network.batchNormalization(
    network.convolution(value, { from, to }, { ...form, bias: false }),
    to,
  );
}

/** A basic residual block (He et al. 2015) with a projection where the size changes. */
function basicBlock(
  network: Network,
  value: string,
  from: number,
  to: number,
  stride: 1 | 2,
  output: string,
): string {
  const first = network.node('Relu', [
    normalConvolution(network, value, from, to, stride === 2 ? down3 : same3),
  ]);
  const second = normalConvolution(network, first, to, to, same3);
  const shortcut =
    stride === 1 && from === to
      ? value
      : normalConvolution(network, value, from, to, { kernel: [1, 1], strides: [stride, stride] });
  return network.node('Relu', [network.node('Add', [second, shortcut])], {}, output);
}

test('a residual network is averaged where its trunk enters the next reduction, and gone back through the strided convolutions', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 3, 33, 40]);
  network.node(
    'Relu',
    [
      normalConvolution(network, image, 3, 4, {
        kernel: [7, 7],
        strides: [2, 2],
        pads: [3, 3, 3, 3],
      }),
    ],
    {},
    'stem',
  );
  const pooled = network.node('MaxPool', ['stem'], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  });
  let value = basicBlock(network, pooled, 4, 4, 1, 'block1');
  value = basicBlock(network, value, 4, 4, 1, 'block2');
  value = basicBlock(network, value, 4, 6, 2, 'block3');
  value = basicBlock(network, value, 6, 6, 1, 'block4');
  value = basicBlock(network, value, 6, 8, 2, 'block5');
  await assertMask(network, 8, network.node('GlobalAveragePool', [value]), [
    { features: 'block5' },
    { undo: down3, to: [5, 5] },
    { features: 'block4' },
    { undo: down3, to: [9, 10] },
    { features: 'block2' },
    { undo: { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, to: [17, 20] },
    { features: 'stem' },
    { undo: { kernel: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3] }, to: [33, 40] },
  ]);
});

test('pre-activation residual blocks are averaged at the activation of their last sum', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 1, 16, 18]);
  const stem = network.convolution(image, { from: 1, to: 4 }, same3);
  const first = network.node('Relu', [network.batchNormalization(stem, 4)]);
  const sum = network.node('Add', [
    stem,
    network.convolution(
      network.node('Relu', [network.convolution(first, { from: 4, to: 4 }, same3)]),
      { from: 4, to: 4 },
      same3,
    ),
  ]);
  const last = network.node('Relu', [network.batchNormalization(sum, 4)], {}, 'last');
  await assertMask(network, 4 * 16 * 18, last, [
    { features: 'last' },
    { undo: same3, to: [16, 18] },
  ]);
});

test('inverted residuals without activation behind the sum are averaged at the sum', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 3, 17, 20]);
  const stem = network.node(
    'Relu',
    [network.convolution(image, { from: 3, to: 4 }, down3)],
    {},
    'stem',
  );
  const inverted = (value: string, from: number, to: number, stride: 1 | 2, output?: string) => {
    const wide = network.node('Relu', [
      network.convolution(value, { from, to: 8 }, { kernel: [1, 1] }),
    ]);
    const deep = network.node(
      'Relu',
      [
        network.convolution(
          wide,
          { from: 8, to: 8 },
          { ...(stride === 2 ? down3 : same3), group: 8 },
        ),
      ],
      {},
      output,
    );
    return network.convolution(deep, { from: 8, to }, { kernel: [1, 1] });
  };
  const reduced = inverted(stem, 4, 6, 2, 'reduced');
  const last = network.node('Add', [reduced, inverted(reduced, 6, 6, 1)], {}, 'sum');
  // In front of the block the network is a chain, where activations of convolutions are levels.
  await assertMask(network, 6 * 5 * 5, last, [
    { features: 'sum' },
    { features: 'reduced' },
    { undo: down3, to: [9, 10] },
    { features: network.nodes[3]!.outputs[0]! },
    { features: 'stem' },
    { undo: down3, to: [17, 20] },
  ]);
});

test('residual blocks of NHWC exports, with every convolution wrapped in Transposes, are followed', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 18, 21, 3]);
  const wrapped = (value: string, from: number, to: number, form: ConvolutionForm) =>
    network.node(
      'Transpose',
      [
        network.convolution(
          network.node('Transpose', [value], { perm: [0, 3, 1, 2] }),
          { from, to },
          form,
        ),
      ],
      { perm: [0, 2, 3, 1] },
    );
  const stem = network.node('Relu', [wrapped(image, 3, 4, { kernel: [3, 3] })], {}, 'stem');
  const uneven: ConvolutionForm = { kernel: [4, 3], strides: [2, 3], pads: [1, 1, 2, 2] };
  const branch = wrapped(network.node('Relu', [wrapped(stem, 4, 5, uneven)]), 5, 5, same3);
  const last = network.node(
    'Relu',
    [network.node('Add', [branch, wrapped(stem, 4, 5, { kernel: [1, 1], strides: [2, 3] })])],
    {},
    'last',
  );
  await assertMask(network, 5 * 8 * 7, last, [
    { features: 'last', nhwc: true },
    { undo: uneven, to: [16, 19] },
    { features: 'stem', nhwc: true },
    { undo: { kernel: [3, 3] }, to: [18, 21] },
  ]);
});

test('a squeeze-and-excite gate is no level and does not lead the mask away', async () => {
  for (const dense of [false, true]) {
    const network = new Network({ seed: 4 });
    const image = network.input('image', ['N', 3, 16, 17]);
    const first = network.node(
      'Relu',
      [network.convolution(image, { from: 3, to: 4 }, { kernel: [3, 3] })],
      {},
      'first',
    );
    const gate = (value: string, channels: number) => {
      const pooled = network.node('GlobalAveragePool', [value]);
      const strength = dense
        ? network.node('Reshape', [
            network.node('Sigmoid', [
              network.node('Gemm', [
                network.node('Relu', [
                  network.node('Gemm', [
                    network.node('Flatten', [pooled]),
                    network.floats([channels, 2]),
                  ]),
                ]),
                network.floats([2, channels]),
              ]),
            ]),
            network.ints(0, channels, 1, 1),
          ])
        : network.node('Sigmoid', [
            network.convolution(
              network.node('Relu', [
                network.convolution(pooled, { from: channels, to: 2 }, { kernel: [1, 1] }),
              ]),
              { from: 2, to: channels },
              { kernel: [1, 1] },
            ),
          ]);
      return network.node('Mul', [value, strength]);
    };
    const second = network.node(
      'Relu',
      [
        network.convolution(
          gate(first, 4),
          { from: 4, to: 5 },
          { kernel: [3, 3], strides: [2, 2] },
        ),
      ],
      {},
      'second',
    );
    await assertMask(network, 5 * 6 * 7, gate(second, 5), [
      { features: 'second' },
      { undo: { kernel: [3, 3], strides: [2, 2] }, to: [14, 15] },
      { features: 'first' },
      { undo: { kernel: [3, 3] }, to: [16, 17] },
    ]);
  }
});

test('concatenated branches are averaged together where they enter the head, and left by their strided convolution', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 2, 16, 19]);
  const stem = network.node(
    'Relu',
    [network.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3] })],
    {},
    'stem',
  );
  const wide: ConvolutionForm = { kernel: [5, 5], strides: [2, 2], pads: [2, 2, 2, 2] };
  const branches = [
    network.node('Relu', [
      network.convolution(
        network.node('Relu', [network.convolution(stem, { from: 4, to: 2 }, { kernel: [1, 1] })]),
        { from: 2, to: 3 },
        wide,
      ),
    ]),
    network.node('Relu', [
      network.convolution(stem, { from: 4, to: 2 }, { kernel: [1, 1], strides: [2, 2] }),
    ]),
    network.node('MaxPool', [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ];
  const joined = network.node('Concat', branches, { axis: 1 }, 'joined');
  await assertMask(network, 9 * 7 * 9, joined, [
    { features: 'joined' },
    { undo: wide, to: [14, 17] },
    { features: 'stem' },
    { undo: { kernel: [3, 3] }, to: [16, 19] },
  ]);
});

test('branches that shrink by unpadded convolutions are followed to the size they came from', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 2, 16, 19]);
  const stem = network.node(
    'Relu',
    [network.convolution(image, { from: 2, to: 3 }, down3)],
    {},
    'stem',
  );
  const shrunk = network.convolution(
    network.node('Relu', [network.convolution(stem, { from: 3, to: 3 }, { kernel: [3, 3] })]),
    { from: 3, to: 3 },
    { kernel: [2, 3] },
  );
  const cut = network.node('Slice', [
    stem,
    network.ints(1, 2),
    network.ints(6, 8),
    network.ints(2, 3),
  ]);
  const last = network.node('Relu', [network.node('Add', [shrunk, cut])], {}, 'last');
  await assertMask(network, 3 * 5 * 6, last, [
    { features: 'last' },
    { undo: { kernel: [2, 3] }, to: [6, 8] },
    { undo: { kernel: [3, 3] }, to: [8, 10] },
    { features: 'stem' },
    { undo: down3, to: [16, 19] },
  ]);
});

test('an encoder and decoder with skip connections is followed through its deepest way', async () => {
  for (const opset of [7, 10, 13]) {
    const network = new Network({ opset });
    const image = network.input('image', ['N', 1, 12, 16]);
    const first = network.node(
      'Relu',
      [network.convolution(image, { from: 1, to: 3 }, same3)],
      {},
      'first',
    );
    const deep = network.node('Relu', [network.convolution(first, { from: 3, to: 4 }, down3)]);
    const scales = network.constant(floatTensor([4], [1, 1, 2, 2]));
    const large =
      opset === 13
        ? network.node('Resize', [deep, '', scales], { mode: 'nearest' })
        : opset === 10
          ? network.node('Resize', [deep, scales], { mode: 'nearest' })
          : network.nodeOf(
              'Upsample',
              [deep],
              new Map([['scales', { kind: 'floats', value: [1, 1, 2, 2] }]]),
              ['large'],
            )[0]!;
    const joined = network.node('Concat', [large, first], { axis: 1 });
    const last = network.node(
      'Relu',
      [network.convolution(joined, { from: 7, to: 2 }, same3)],
      {},
      'last',
    );
    const nearestHalf = (mask: Plane) =>
      plane(6, 8, (row, column) => pixel(mask, row * 2, column * 2));
    await assertMask(network, 2 * 12 * 16, last, [
      { features: 'last' },
      { undo: same3, to: [12, 16] },
      { apply: nearestHalf },
      { undo: down3, to: [12, 16] },
      { features: 'first' },
      { undo: same3, to: [12, 16] },
    ]);
  }
});

test('transposed convolutions are undone by a convolution with ones', async () => {
  for (const form of [
    { strides: [2, 2] },
    { strides: [2, 3], pads: [1, 0, 1, 2], output_padding: [1, 1] },
    { strides: [2, 2], auto_pad: 'SAME_UPPER' },
    { strides: [2, 2], auto_pad: 'SAME_LOWER' },
    { strides: [2, 2], output_shape: [11, 13] },
  ] as const) {
    const network = new Network();
    const image = network.input('image', ['N', 1, 8, 9]);
    const first = network.node(
      'Relu',
      [network.convolution(image, { from: 1, to: 3 }, { kernel: [3, 3] })],
      {},
      'first',
    );
    const enlarged = network.node(
      'ConvTranspose',
      [first, network.constant(floatTensor([3, 1, 3, 4], new Float32Array(36).fill(1)))],
      { kernel_shape: [3, 4], ...form },
      'enlarged',
    );
    const last = network.node(
      'Relu',
      [network.convolution(enlarged, { from: 1, to: 2 }, { kernel: [2, 2] })],
      {},
      'last',
    );
    const shapes = await runNetwork(network.model(['enlarged', 'last']), {
      image: randomFloats([1, 1, 8, 9]),
    });
    const [height, width] = shapes['enlarged']!.dims.slice(2) as [number, number];
    /**
     * The transpose of a transposed convolution: every source pixel sums up the mask under its
     * window, found by enlarging that pixel alone.
     */
    const source = new Network();
    source.node(
      'ConvTranspose',
      [
        source.input('x', [1, 1, 6, 7]),
        source.constant(floatTensor([1, 1, 3, 4], new Float32Array(12).fill(1))),
      ],
      { kernel_shape: [3, 4], ...form },
      'y',
    );
    const footprints = await Promise.all(
      Array.from({ length: 42 }, (_, at) =>
        runNetwork(source.model(['y']), { x: singlePixel(6, 7, at) }),
      ),
    );
    const shrink = (mask: Plane) =>
      plane(6, 7, (row, column) =>
        footprints[row * 7 + column]!['y']!.data.reduce(
          (sum, weight, at) => sum + weight * mask.at[at]!,
          0,
        ),
      );
    await assertMask(network, 2 * (height - 1) * (width - 1), last, [
      { features: 'last' },
      { undo: { kernel: [2, 2] }, to: [height, width] },
      { apply: shrink },
      { features: 'first' },
      { undo: { kernel: [3, 3] }, to: [8, 9] },
    ]);
  }
});

function singlePixel(height: number, width: number, at: number) {
  const values = new Float32Array(height * width);
  values[at] = 1;
  return randomFloatsFrom([1, 1, height, width], values);
}

function randomFloatsFrom(dims: readonly number[], values: Float32Array) {
  const tensor = randomFloats(dims);
  (tensor.data as Float32Array).set(values);
  return tensor;
}

test('a dense head written as convolutions over the pooled picture adds nothing', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 2, 12, 13]);
  const last = network.node(
    'Relu',
    [network.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3] })],
    {},
    'last',
  );
  const head = network.convolution(
    network.node('GlobalAveragePool', [last]),
    { from: 4, to: 3 },
    { kernel: [1, 1] },
  );
  await assertMask(
    network,
    2,
    network.convolution(network.node('Tanh', [head]), { from: 3, to: 2 }, { kernel: [1, 1] }),
    [{ features: 'last' }, { undo: { kernel: [3, 3] }, to: [12, 13] }],
  );
});

test('a last convolution that gives the answer itself does not turn the mask around', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 2, 12, 13]);
  const last = network.node(
    'Relu',
    [network.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3] })],
    {},
    'last',
  );
  const answer = network.node('Conv', [last, network.floats([2, 4, 10, 11], -1, 0)]);
  await assertMask(network, 2, answer, [
    { features: 'last' },
    { undo: { kernel: [3, 3] }, to: [12, 13] },
  ]);
});

test('a picture whose shape is read for flattening is still followed', async () => {
  const network = new Network();
  const image = network.input('image', ['N', 2, 12, 13]);
  const first = network.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3] });
  const last = network.node('Relu', [first], {}, 'last');
  const batch = network.node('Slice', [
    network.node('Shape', [first]),
    network.ints(0),
    network.ints(1),
  ]);
  const flat = network.node('Reshape', [
    last,
    network.node('Concat', [batch, network.ints(-1)], { axis: 0 }),
  ]);
  await assertMask(network, 440, flat, [
    { features: 'last' },
    { undo: { kernel: [3, 3] }, to: [12, 13] },
  ]);
});

test('cropping by computed limits is undone where it was done', async () => {
  const network = new Network({ opset: 11 });
  const image = network.input('image', ['N', 1, 14, 15]);
  const limit = (value: number) =>
    network.node(
      'Unsqueeze',
      [
        network.node('Constant', [], {
          value: { type: 7, dims: [], data: BigInt64Array.of(BigInt(value)) },
        }),
      ],
      { axes: [0] },
    );
  const cut = network.node('Slice', [image, limit(4), limit(13), limit(2)]);
  const last = network.node(
    'Relu',
    [network.convolution(cut, { from: 1, to: 3 }, { kernel: [3, 3] })],
    {},
    'last',
  );
  const back = (mask: Plane) => plane(14, 15, (row, column) => pixel(mask, row - 4, column));
  await assertMask(network, 3 * 7 * 13, last, [
    { features: 'last' },
    { undo: { kernel: [3, 3] }, to: [9, 15] },
    { apply: back },
  ]);
});

test('what cannot be followed is an error that names operator, node and model', () => {
  const cases: readonly { readonly op: string; build(network: Network, value: string): string }[] =
    [
      {
        op: 'Reshape',
        build: (network, value) => network.node('Reshape', [value, network.ints(0, 1, 20, 11)]),
      },
      {
        op: 'Slice',
        build: (network, value) =>
          network.node('Slice', [
            value,
            network.ints(5),
            network.ints(100),
            network.ints(2),
            network.ints(2),
          ]),
      },
      {
        op: 'Expand',
        build: (network, value) =>
          network.node('Expand', [
            network.node('MaxPool', [value], { kernel_shape: [10, 11] }),
            network.ints(1, 1, 10, 11),
          ]),
      },
      {
        op: 'Split',
        build: (network, value) =>
          network.nodeOf('Split', [value], new Map([['axis', { kind: 'int', value: 2n }]]), [
            'upper',
            'lower',
          ])[0]!,
      },
    ];
  for (const { op, build } of cases) {
    const network = new Network({ name: 'maze.onnx' });
    const first = network.node('Relu', [
      network.convolution(
        network.input('image', ['N', 1, 12, 13]),
        { from: 1, to: 2 },
        { kernel: [3, 3] },
      ),
    ]);
    const mixed = build(network, first);
    const channels = op === 'Reshape' ? 1 : 2;
    network.node(
      'ReduceMean',
      [
        network.node('Relu', [
          network.convolution(mixed, { from: channels, to: 2 }, { kernel: [3, 3] }),
        ]),
      ],
      { keepdims: 0, axes: [1, 2, 3] },
      'steering',
    );
    const node = network.nodes.find((each) => each.op === op)!;
    assert.throws(
      () => compile(network.model(['steering']), [{ id: 'visualbackprop' }]),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'MODEL_OPERATOR_UNSUPPORTED' &&
        error.message.includes(`${op} "${node.name}" in maze.onnx`),
    );
  }
});

test('a network without a convolution between picture and answer is an error that says so', () => {
  const network = new Network({ name: 'dense.onnx' });
  const image = network.input('image', ['N', 1, 6, 6]);
  network.node(
    'Relu',
    [network.convolution(image, { from: 1, to: 2 }, { kernel: [3, 3] })],
    {},
    'aside',
  );
  network.steering(image, 36);
  assert.throws(
    () => compile(network.model(['steering', 'aside']), [{ id: 'visualbackprop' }]),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_NO_CONVOLUTION' &&
      error.message.includes('dense.onnx'),
  );
});
