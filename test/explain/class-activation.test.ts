import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import type { Target } from '../../shared/explanations.ts';
import { anySubject } from '../../server/explain/compile.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';

const CHANNELS = 5;
const [HEIGHT, WIDTH] = [6, 8];
const PIXELS = HEIGHT * WIDTH;

type Head = 'tanh' | 'cam';

/** The head of the networks below: from features [N,5,6,8] to the answer. */
function appendHead(network: Network, features: string, head: Head): void {
  if (head === 'cam') {
    const pooled = network.node('GlobalAveragePool', [features]);
    network.node(
      'Gemm',
      [
        network.node('Flatten', [pooled]),
        network.floats([CHANNELS, 1], -2, 2),
        network.floats([1]),
      ],
      {},
      'steering',
    );
  } else
    network.node(
      'Tanh',
      [
        network.node('Gemm', [
          network.node('Flatten', [features]),
          network.floats([CHANNELS * PIXELS, 1], -0.01, 0.012),
          network.floats([1]),
        ]),
      ],
      {},
      'steering',
    );
}

/** The whole network, and the same head alone on features that are put in. */
function networks(head: Head): { whole: Network; headAlone: Network } {
  const whole = new Network({ seed: 21 });
  const image = whole.input('image', ['N', 2, 15, 19]);
  const first = whole.node('Relu', [
    whole.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
  ]);
  const second = whole.convolution(first, { from: 4, to: CHANNELS }, { kernel: [2, 2] });
  whole.node('Relu', [second], {}, 'features');
  const headAlone = new Network({ seed: 4 });
  appendHead(headAlone, headAlone.input('features', ['N', CHANNELS, HEIGHT, WIDTH]), head);
  const again = new Network({ seed: 4 });
  appendHead(again, 'features', head);
  for (const node of again.nodes)
    whole.nodes.push({
      ...node,
      inputs: node.inputs.map((name) => (again.initializers.has(name) ? `head/${name}` : name)),
    });
  for (const [name, tensor] of again.initializers) whole.initializers.set(`head/${name}`, tensor);
  return { whole, headAlone };
}

/**
 * Features of one picture and the gradient of the answer at them, by central differences of the
 * head alone.
 */
async function measured(
  head: Head,
  image: ReturnType<typeof floats>,
): Promise<{ features: Float32Array; gradient: Float64Array; steering: number }> {
  const { whole, headAlone } = networks(head);
  const outputs = await runNetwork(whole.model(['steering', 'features']), { image });
  const features = outputs['features']!.data;
  const step = 0.05;
  const count = features.length;
  const moved = new Float32Array(2 * count * count);
  for (let element = 0; element < count; element++) {
    moved.set(features, 2 * element * count);
    moved.set(features, (2 * element + 1) * count);
    moved[2 * element * count + element]! += step;
    moved[(2 * element + 1) * count + element]! -= step;
  }
  const answers = (
    await runNetwork(headAlone.model(['steering']), {
      features: floats([2 * count, CHANNELS, HEIGHT, WIDTH], moved),
    })
  )['steering']!.data;
  const gradient = Float64Array.from(
    { length: count },
    (_, element) => (answers[2 * element]! - answers[2 * element + 1]!) / (2 * step),
  );
  return { features, gradient, steering: outputs['steering']!.data[0]! };
}

/** Σ_k w_k A_k in plain loops. */
function weighted(features: Float32Array, weightOf: (channel: number) => number): number[] {
  return Array.from({ length: PIXELS }, (_, pixel) => {
    let sum = 0;
    for (let channel = 0; channel < CHANNELS; channel++)
      sum += weightOf(channel) * features[channel * PIXELS + pixel]!;
    return sum;
  });
}

/** Σ_k w(g_k) A_k in plain loops, with a weight for each place. */
function placeByPlace(
  features: Float32Array,
  gradient: ArrayLike<number>,
  weightOf: (gradient: number) => number,
): number[] {
  return Array.from({ length: PIXELS }, (_, pixel) => {
    let sum = 0;
    for (let at = pixel; at < features.length; at += PIXELS)
      sum += weightOf(gradient[at]!) * features[at]!;
    return sum;
  });
}

const channelOf = (values: ArrayLike<number>, channel: number) =>
  Array.from({ length: PIXELS }, (_, pixel) => values[channel * PIXELS + pixel]!);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const rectified = (values: readonly number[]) => values.map((value) => Math.max(0, value));

const formulas: Readonly<
  Record<string, (features: Float32Array, gradient: ArrayLike<number>) => number[]>
> = {
  gradcam: (features, gradient) =>
    rectified(weighted(features, (channel) => total(channelOf(gradient, channel)) / PIXELS)),
  gradcampp: (features, gradient) =>
    rectified(
      weighted(features, (channel) => {
        const sum = total(channelOf(features, channel));
        return total(
          channelOf(gradient, channel).map(
            (g) => (g === 0 ? 0 : (g * g) / (2 * g * g + sum * g ** 3 + 1e-6)) * Math.max(0, g),
          ),
        );
      }),
    ),
  hirescam: (features, gradient) => placeByPlace(features, gradient, (g) => g),
  layercam: (features, gradient) =>
    rectified(placeByPlace(features, gradient, (g) => Math.max(0, g))),
  // ∂f/∂A is the dense layer's weight ÷ pixels everywhere.
  cam: (features, gradient) => weighted(features, (channel) => total(channelOf(gradient, channel))),
};

const signs: Readonly<Record<Target, (steering: number) => number>> = {
  '+': () => 1,
  '-': () => -1,
  abs: Math.sign,
};

for (const [id, formula] of Object.entries(formulas)) {
  for (const target of ['+', '-', 'abs'] as const) {
    test(`${id} of target ${target} equals its formula in plain loops, with gradients measured by differences`, async () => {
      const head = id === 'cam' ? 'cam' : 'tanh';
      const image = randomFloats([1, 2, 15, 19], 6);
      const { features, gradient, steering } = await measured(head, image);
      const expected = formula(
        features,
        gradient.map((value) => value * signs[target](steering)),
      );
      const { explanation } = await runNetwork(
        compile(networks(head).whole.model(['steering']), [{ id }], anySubject, target),
        { image },
      );
      assert.deepEqual(explanation!.dims, [1, 1, HEIGHT, WIDTH]);
      // One of the two ways has a map that is not cut to nothing.
      const turned = formula(
        features,
        gradient.map((value) => -value * signs[target](steering)),
      );
      assert.ok(Math.max(...expected, ...turned) > 1e-4, 'the network of the test has no map');
      assert.ok(
        relativeError(explanation!.data, expected) < 2e-3 ||
          Math.max(...expected.map(Math.abs), ...explanation!.data) < 1e-9,
        `${relativeError(explanation!.data, expected)}`,
      );
    });
  }

  test(`${id} of two pictures is that of each by itself`, async () => {
    const model = compile(networks(id === 'cam' ? 'cam' : 'tanh').whole.model(['steering']), [
      { id },
    ]);
    const image = randomFloats([2, 2, 15, 19], 8);
    const both = (await runNetwork(model, { image }))['explanation']!;
    for (const index of [0, 1]) {
      const one = (
        await runNetwork(model, {
          image: floats(
            [1, 2, 15, 19],
            (image.data as Float32Array).subarray(index * 570, (index + 1) * 570),
          ),
        })
      )['explanation']!;
      assert.ok(
        relativeError(both.data.subarray(index * PIXELS, (index + 1) * PIXELS), one.data) < 1e-5,
      );
    }
  });

  test(`${id} at the input's resolution is sampled bilinearly between the centres of its cells`, async () => {
    const head = id === 'cam' ? 'cam' : 'tanh';
    const image = randomFloats([1, 2, 15, 19], 6);
    const model = networks(head).whole.model(['steering']);
    const map = (await runNetwork(compile(model, [{ id }]), { image }))['explanation']!.data;
    const large = (
      await runNetwork(compile(model, [{ id, options: { upscale: 'input' } }]), { image })
    )['explanation']!;
    assert.deepEqual(large.dims, [1, 1, 15, 19]);
    assert.ok(relativeError(large.data, bilinear(map)) < 1e-4);
  });
}

/** From 6×8 cells to 15×19 pixels, borders held. */
function bilinear(map: ArrayLike<number>): number[] {
  const at = (pixel: number, size: number, cells: number) =>
    Math.min(cells - 1, Math.max(0, ((pixel + 0.5) * cells) / size - 0.5));
  return Array.from({ length: 15 * 19 }, (_, index) => {
    const [y, x] = [at(Math.floor(index / 19), 15, HEIGHT), at(index % 19, 19, WIDTH)];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const value = (row: number, column: number) =>
      map[Math.min(HEIGHT - 1, row) * WIDTH + Math.min(WIDTH - 1, column)]!;
    const along = (row: number) =>
      value(row, left) * (1 - (x - left)) + value(row, left + 1) * (x - left);
    return along(top) * (1 - (y - top)) + along(top + 1) * (y - top);
  });
}

test('guided-gradcam is guided backpropagation times Grad-CAM at the size of the picture', async () => {
  const model = networks('tanh').whole.model(['steering']);
  const image = randomFloats([1, 2, 15, 19], 6);
  const run = async (id: string, options = {}) =>
    (await runNetwork(compile(model, [{ id, options }]), { image }))['explanation']!.data;
  const [product, guided, map] = [
    await run('guided-gradcam'),
    await run('guidedbackprop'),
    await run('gradcam', { upscale: 'input' }),
  ];
  assert.ok(Math.max(...map) > 0);
  assert.ok(
    relativeError(
      product,
      guided.map((value, index) => value * map[index % 285]!),
    ) < 1e-5,
  );
});

test('cam of a network with another head is refused in one sentence', () => {
  assert.throws(
    () => compile(networks('tanh').whole.model(['steering']), [{ id: 'cam' }]),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'METHOD_UNSUITED' &&
      /global average pooling and one dense layer/.test(error.message),
  );
});

test('a pooling that averages the last two axes and drops them is a head for cam too', async () => {
  const network = new Network({ seed: 12 });
  const image = network.input('image', ['N', 1, 9, 9]);
  const features = network.node(
    'Relu',
    [network.convolution(image, { from: 1, to: 3 }, { kernel: [3, 3] })],
    {},
    'features',
  );
  const pooled = network.node('ReduceMean', [features], { axes: [2, 3], keepdims: 0 });
  const weights = network.floats([3, 1]);
  network.node('MatMul', [pooled, weights], {}, 'steering');
  const outputs = await runNetwork(
    compile(network.model(['steering', 'features']), [{ id: 'cam' }]),
    { image: randomFloats([1, 1, 9, 9]) },
  );
  const w = network.initializers.get(weights)!.data as Float32Array;
  const expected = Array.from({ length: 49 }, (_, pixel) =>
    w.reduce(
      (sum, weight, channel) => sum + weight * outputs['features']!.data[channel * 49 + pixel]!,
      0,
    ),
  );
  assert.ok(relativeError(outputs['explanation']!.data, expected) < 1e-5);
  // The map's mean is the answer: the shares of places add up to it.
  assert.ok(
    Math.abs(total([...outputs['explanation']!.data]) / 49 - outputs['steering']!.data[0]!) < 1e-5,
  );
});

for (const id of ['hirescam', 'layercam']) {
  test(`${id} of an earlier layer equals its formula, with the gradient of the rest of the network`, async () => {
    const { whole } = networks('tanh');
    const [first, rest] = [whole.nodes[1]!.outputs[0]!, new Network()];
    rest.input(first, ['N', 4, 7, 9]);
    rest.nodes.push(...whole.nodes.slice(2));
    for (const [name, tensor] of whole.initializers) rest.initializers.set(name, tensor);
    const image = randomFloats([1, 2, 15, 19], 6);
    const run = async (target: Target) => {
      const outputs = await runNetwork(
        compile(
          whole.model(['steering', first]),
          [{ id, options: { layer: 1 } }],
          anySubject,
          target,
        ),
        { image },
      );
      const features = outputs[first]!;
      const gradient = await runNetwork(
        compile(rest.model(['steering']), [{ id: 'gradient' }], anySubject, target),
        { [first]: floats(features.dims, features.data) },
      );
      return { map: outputs['explanation']!, features, gradient: gradient['explanation']!.data };
    };
    for (const target of ['+', '-'] as const) {
      const { map, features, gradient } = await run(target);
      assert.deepEqual(map.dims, [1, 1, 7, 9]);
      const expected = Array.from({ length: 7 * 9 }, (_, pixel) => {
        let sum = 0;
        for (let at = pixel; at < features.data.length; at += 7 * 9)
          sum +=
            (id === 'layercam' ? Math.max(0, gradient[at]!) : gradient[at]!) * features.data[at]!;
        return sum;
      });
      assert.ok(Math.max(...expected.map(Math.abs)) > 1e-4);
      assert.ok(relativeError(map.data, expected) < 1e-4);
    }
  });

  test(`${id} takes the deepest layer by its number, too, and refuses one that is not there`, async () => {
    const model = networks('tanh').whole.model(['steering']);
    const image = randomFloats([1, 2, 15, 19], 6);
    const [byNumber, deepest] = await Promise.all(
      [{ layer: 2 }, {}].map((options) => runNetwork(compile(model, [{ id, options }]), { image })),
    );
    assert.deepEqual(byNumber!['explanation'], deepest!['explanation']);
    assert.throws(
      () => compile(model, [{ id, options: { layer: 3 } }]),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'METHOD_OPTION_INVALID' &&
        error.message.includes('layer 3') &&
        error.message.includes('2 convolutions'),
    );
  });
}

/** u = X v for the first right singular vector v of X [places,channels], its largest size positive. */
function projected(features: Float32Array, channels: number): number[] {
  const places = features.length / channels;
  const rows = Array.from({ length: channels }, (_, channel) => {
    const row = [...features.subarray(channel * places, (channel + 1) * places)];
    return row.map((value) => value - total(row) / places);
  });
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  let direction = rows.map((_, channel) => 1 + channel / 7);
  let found: number[] = [];
  for (let round = 0; round < 5000; round++) {
    found = Array.from({ length: places }, (_, place) =>
      dot(
        direction,
        rows.map((row) => row[place]!),
      ),
    );
    const next = rows.map((row) => dot(row, found));
    const length = Math.hypot(...next);
    direction = next.map((value) => value / length);
  }
  const largest = found.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  return found.map((value) => value * Math.sign(largest));
}

for (const { name, size, to } of [
  { name: 'more places than channels', size: [15, 19], to: 5 },
  { name: 'more channels than places', size: [7, 9], to: 12 },
]) {
  test(`eigencam equals the first principal component found step by step, with ${name}`, async () => {
    const network = new Network({ seed: 33 });
    const first = network.node('Relu', [
      network.convolution(
        network.input('image', ['N', 2, ...size]),
        { from: 2, to: 4 },
        { kernel: [3, 3], strides: [2, 2] },
      ),
    ]);
    network.node(
      'Relu',
      [network.convolution(first, { from: 4, to }, { kernel: [2, 2] })],
      {},
      'features',
    );
    const pooled = network.node('GlobalAveragePool', ['features']);
    network.node(
      'Gemm',
      [network.node('Flatten', [pooled]), network.floats([to, 1]), network.floats([1])],
      {},
      'steering',
    );
    const image = randomFloats([2, 2, ...size], 6);
    const outputs = await runNetwork(
      compile(network.model(['steering', 'features']), [{ id: 'eigencam' }]),
      { image },
    );
    const [map, features] = [outputs['explanation']!, outputs['features']!];
    for (const index of [0, 1]) {
      const of = ({ data }: typeof map) =>
        data.slice((index * data.length) / 2, ((index + 1) * data.length) / 2) as Float32Array;
      assert.ok(relativeError(of(map), projected(of(features), to)) < 1e-3);
    }
  });
}

test('eigencam of a dead network is zero everywhere', async () => {
  const { whole } = networks('tanh');
  for (const [name, tensor] of whole.initializers)
    if (tensor.data instanceof Float32Array)
      whole.initializers.set(name, { ...tensor, data: new Float32Array(tensor.data.length) });
  const { explanation } = await runNetwork(
    compile(whole.model(['steering']), [{ id: 'eigencam' }]),
    { image: randomFloats([1, 2, 15, 19], 6) },
  );
  assert.ok(explanation!.data.every((value) => value === 0));
});
