import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile, subjectOf } from '../../../server/explain/compile.ts';
import { elementCount } from '../../../server/onnx/tensor.ts';
import { randomNumbers } from '../../support/network.ts';
import { floats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';
import { slowMethod } from './slow-operations.ts';
import { TwinNetwork, type Twin } from './twin.ts';

const METHODS = [
  'gradient',
  'deconvnet',
  'guidedbackprop',
  'lrp-epsilon',
  'lrp-epsilon-plus',
  'lrp-alpha2-beta1',
  'lrp-epsilon-gamma-box',
];
/** Bytes of 0…255 as −1…1. */
const range = { low: -1, high: 1 };
const subject = subjectOf({ input: { scale: 2 / 255, offset: -1 } });

interface TwinCase {
  readonly title: string;
  readonly picture: readonly number[];
  build(twin: TwinNetwork, picture: Twin): Twin;
}

const cases: readonly TwinCase[] = [
  {
    title: 'convolutions with ReLU',
    picture: [3, 9, 11],
    build: (twin, picture) =>
      twin.activation(
        twin.convolution(
          twin.activation(
            twin.convolution(picture, 5, { kernel: [3, 3], strides: [2, 2] }),
            'Relu',
          ),
          4,
          { kernel: [2, 3] },
        ),
        'Relu',
      ),
  },
  {
    title: 'convolutions in groups, dilated, with asymmetric padding',
    picture: [4, 8, 9],
    build: (twin, picture) => {
      const first = twin.activation(
        twin.convolution(picture, 6, {
          kernel: [3, 2],
          group: 2,
          pads: [2, 0, 1, 1],
          strides: [1, 2],
        }),
        'Relu',
      );
      return twin.activation(
        twin.convolution(first, 6, {
          kernel: [2, 3],
          group: 3,
          dilations: [2, 1],
          pads: [0, 1, 1, 2],
          strides: [2, 1],
        }),
        'Elu',
      );
    },
  },
  {
    title: 'weights so large that they are not copied',
    picture: [3, 7, 7],
    build: (twin, picture) => {
      const few = twin.activation(twin.convolution(picture, 64, { kernel: [3, 3] }), 'Elu');
      const many = twin.activation(twin.convolution(few, 128, { kernel: [3, 3] }), 'Relu');
      return twin.activation(twin.dense(twin.flatten(many), 64), 'Relu');
    },
  },
  {
    title: 'a dense network',
    picture: [2, 4, 5],
    build: (twin, picture) =>
      twin.activation(
        twin.dense(twin.activation(twin.dense(twin.flatten(picture), 16), 'Relu'), 16),
        'Relu',
      ),
  },
  ...(['Elu', 'LeakyRelu', 'PRelu', 'Sigmoid', 'Tanh'] as const).map((kind): TwinCase => ({
    title: `convolutions with ${kind}`,
    picture: [2, 7, 8],
    build: (twin, picture) =>
      twin.convolution(
        twin.activation(
          twin.convolution(
            twin.activation(twin.convolution(picture, 4, { kernel: [3, 3] }), kind),
            4,
            { kernel: [2, 2], strides: [2, 2] },
          ),
          kind,
        ),
        3,
        { kernel: [2, 2] },
      ),
  })),
  {
    title: 'MaxPool, overlapping',
    picture: [2, 9, 10],
    build: (twin, picture) =>
      twin.convolution(
        twin.pooling(
          twin.activation(twin.convolution(picture, 4, { kernel: [3, 3] }), 'Relu'),
          'MaxPool',
          { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 0, 1] },
        ),
        3,
        { kernel: [2, 2] },
      ),
  },
  {
    title: 'MaxPool side by side, before the ReLU',
    picture: [2, 9, 10],
    build: (twin, picture) =>
      twin.convolution(
        twin.activation(
          twin.pooling(twin.convolution(picture, 4, { kernel: [2, 3] }), 'MaxPool', {
            kernel: [2, 2],
            strides: [2, 2],
          }),
          'Relu',
        ),
        3,
        { kernel: [2, 2] },
      ),
  },
  {
    title: 'AveragePool, padded',
    picture: [2, 9, 10],
    build: (twin, picture) =>
      twin.convolution(
        twin.pooling(
          twin.activation(twin.convolution(picture, 4, { kernel: [3, 3] }), 'Relu'),
          'AveragePool',
          { kernel: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] },
        ),
        3,
        { kernel: [2, 2] },
      ),
  },
  {
    title: 'AveragePool of both signs',
    picture: [2, 9, 10],
    build: (twin, picture) =>
      twin.convolution(
        twin.pooling(
          twin.activation(twin.convolution(picture, 4, { kernel: [3, 3] }), 'Tanh'),
          'AveragePool',
          { kernel: [2, 2], strides: [2, 2] },
        ),
        3,
        { kernel: [2, 2] },
      ),
  },
  {
    title: 'global pools',
    picture: [2, 8, 9],
    build: (twin, picture) => {
      const maps = twin.activation(
        twin.convolution(picture, 5, { kernel: [3, 3], strides: [2, 2] }),
        'Relu',
      );
      return twin.concat([
        twin.globalPooling(maps, 'GlobalAveragePool'),
        twin.globalPooling(maps, 'GlobalMaxPool'),
      ]);
    },
  },
  {
    title: 'residual sums',
    picture: [3, 7, 8],
    build: (twin, picture) => {
      const stem = twin.activation(
        twin.convolution(picture, 4, { kernel: [3, 3], pads: [1, 1, 1, 1] }),
        'Relu',
      );
      const branch = twin.convolution(
        twin.activation(twin.convolution(stem, 4, { kernel: [3, 3], pads: [1, 1, 1, 1] }), 'Relu'),
        4,
        { kernel: [3, 3], pads: [1, 1, 1, 1] },
      );
      const sum = twin.activation(twin.add(branch, stem), 'Relu');
      return twin.convolution(twin.add(sum, twin.convolution(sum, 4, { kernel: [1, 1] })), 3, {
        kernel: [2, 2],
        strides: [2, 2],
      });
    },
  },
  {
    title: 'branches that are joined',
    picture: [3, 7, 8],
    build: (twin, picture) => {
      const a = twin.activation(
        twin.convolution(picture, 3, { kernel: [3, 3], pads: [1, 1, 1, 1] }),
        'Relu',
      );
      const b = twin.activation(twin.convolution(picture, 2, { kernel: [1, 1] }), 'Elu');
      return twin.activation(
        twin.convolution(twin.concat([a, b, a]), 4, { kernel: [3, 3], strides: [2, 2] }),
        'Relu',
      );
    },
  },
  {
    title: 'a transposed convolution',
    picture: [3, 6, 7],
    build: (twin, picture) => {
      const small = twin.activation(
        twin.convolution(picture, 4, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
        'Relu',
      );
      return twin.convolution(
        twin.activation(
          twin.transposedConvolution(small, 4, {
            kernel: [3, 2],
            strides: [2, 2],
            pads: [1, 0, 0, 1],
            group: 2,
            outputPadding: [1, 0],
          }),
          'LeakyRelu',
        ),
        3,
        { kernel: [3, 3], strides: [2, 2] },
      );
    },
  },
  {
    title: 'a picture and activations in the order NHWC',
    picture: [7, 8, 3],
    build: (twin, picture) => {
      const first = twin.transpose(
        twin.convolution(twin.transpose(picture, [2, 0, 1]), 4, { kernel: [3, 3] }),
        [1, 2, 0],
      );
      return twin.transpose(
        twin.activation(
          twin.convolution(twin.transpose(twin.activation(first, 'Relu'), [2, 0, 1]), 3, {
            kernel: [2, 3],
          }),
          'Tanh',
        ),
        [1, 2, 0],
      );
    },
  },
  {
    title: 'a BatchNormalization that stands alone',
    picture: [3, 7, 8],
    build: (twin, picture) => {
      const first = twin.activation(twin.convolution(picture, 4, { kernel: [3, 3] }), 'Relu');
      const pooled = twin.pooling(twin.batchNormalization(first), 'MaxPool', {
        kernel: [2, 2],
        strides: [2, 2],
      });
      return twin.convolution(pooled, 3, { kernel: [2, 2] });
    },
  },
  {
    title: 'a Sigmoid behind a ReLU',
    picture: [2, 7, 8],
    build: (twin, picture) =>
      twin.convolution(
        twin.activation(
          twin.activation(twin.convolution(picture, 4, { kernel: [3, 3] }), 'Relu'),
          'Sigmoid',
        ),
        3,
        { kernel: [2, 2], strides: [2, 2] },
      ),
  },
];

/** Layers drawn by lot, with sums and joins of what was made before. */
function drawn(seed: number): TwinCase {
  return {
    title: `a network drawn by lot, number ${seed}`,
    picture: [seed % 2 === 0 ? 1 : 3, 8, 9],
    build(twin, picture) {
      const random = randomNumbers(1000 + seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random(0, list.length))]!;
      let x = twin.activation(
        twin.convolution(picture, 4, {
          kernel: pick([
            [3, 3],
            [2, 3],
          ] as const),
          pads: pick([
            [0, 0, 0, 0],
            [1, 1, 1, 1],
            [1, 0, 2, 1],
          ] as const),
        }),
        pick(['Relu', 'Relu', 'Elu', 'LeakyRelu', 'PRelu'] as const),
      );
      for (let layer = 0; layer < 4; layer++) {
        const [channels, height, width] = x.dims as [number, number, number];
        const same = (value: Twin) =>
          twin.convolution(value, channels, {
            kernel: [3, 3],
            pads: [1, 1, 1, 1],
            group: pick([1, 2, channels].filter((group) => channels % group === 0)),
          });
        switch (pick(['plain', 'residual', 'joined', 'pool', 'normal', 'turned'])) {
          case 'plain':
            x = twin.convolution(x, pick([2, 4, 6]), {
              kernel: [2, 2],
              ...(height > 4 && width > 4
                ? {
                    strides: pick([
                      [1, 1],
                      [1, 2],
                    ] as const),
                  }
                : {}),
            });
            break;
          case 'residual':
            x = twin.add(same(twin.activation(same(x), pick(['Relu', 'Tanh'] as const))), x);
            break;
          case 'joined':
            x = twin.concat([x, twin.activation(same(x), 'Relu')]);
            break;
          case 'pool':
            x =
              height > 4 && width > 4
                ? twin.pooling(x, pick(['MaxPool', 'AveragePool'] as const), {
                    kernel: [2, 2],
                    strides: pick([
                      [2, 2],
                      [1, 1],
                    ] as const),
                  })
                : same(x);
            break;
          // Between two activations nothing can take it in.
          case 'normal':
            x = twin.activation(twin.batchNormalization(twin.activation(x, 'Tanh')), 'LeakyRelu');
            break;
          default:
            x = twin.transpose(
              twin.activation(twin.transpose(x, [1, 2, 0]), 'LeakyRelu'),
              [2, 0, 1],
            );
        }
        if (random() < 0.6)
          x = twin.activation(x, pick(['Relu', 'Relu', 'Elu', 'Sigmoid', 'Tanh'] as const));
      }
      return random() < 0.3 ? twin.globalPooling(x, 'GlobalAveragePool') : x;
    },
  };
}

/**
 * Of float32 in saturated activations, where 1 − y² loses digits, and of sums close to 0, by which
 * relevance is divided.
 */
const ROUNDED = 1e-2;

function picturesFor(
  dims: readonly number[],
  count: number,
  [low, high]: readonly [number, number],
): number[][] {
  const random = randomNumbers(31);
  return Array.from({ length: count }, () =>
    Array.from({ length: elementCount(dims) }, () => Math.fround(random(low, high))),
  );
}

interface Circumstances {
  readonly tolerance: number;
  readonly seed: number;
  /** Between which the pictures' values lie. */
  readonly values?: readonly [number, number];
  readonly biases?: boolean;
}

async function assertAsInLoops(
  id: string,
  make: (twin: TwinNetwork) => { picture: Twin; end: Twin },
  options: { readonly epsilon?: number; readonly gamma?: number },
  { tolerance, seed, values = [-1, 1], biases = true }: Circumstances,
): Promise<void> {
  const { epsilon = 1e-6 } = options;
  const method = slowMethod(id, options);
  const twin = new TwinNetwork({ seed, epsilon, biases });
  const { picture, end } = make(twin);
  const compiled = compile(
    twin.steering(end),
    [{ id, options: id.startsWith('lrp') ? options : {} }],
    subject,
  );
  const pictures = picturesFor(picture.dims, 2, values);
  const outputs = await runNetwork(compiled, {
    image: floats([2, ...picture.dims], pictures.flat()),
  });
  const size = elementCount(picture.dims);
  pictures.forEach((each, index) => {
    const { steering, map } = twin.explain(method, each, range);
    assert.ok(
      Math.abs(steering - outputs['steering']!.data[index]!) <
        1e-4 * Math.max(1, Math.abs(steering)),
      'the two networks differ',
    );
    if (tolerance < ROUNDED)
      assert.ok(
        map.some((value) => value !== 0),
        'the loops give zeros',
      );
    const error = relativeError(
      outputs['explanation']!.data.slice(index * size, (index + 1) * size),
      map,
    );
    assert.ok(error < tolerance, `picture ${index}: ${error}`);
  });
}

describe('a compiled map equals the same rule in plain loops', () => {
  for (const { title, picture, build } of [
    ...cases,
    ...Array.from({ length: 16 }, (_, seed) => drawn(seed)),
  ]) {
    for (const id of METHODS) {
      const make = (twin: TwinNetwork) => {
        const start = twin.picture(picture);
        return { picture: start, end: build(twin, start) };
      };
      it(`${id} of ${title}`, async () => {
        const exact = title.includes('by lot') ? ROUNDED : 1e-4;
        if (!id.startsWith('lrp'))
          return assertAsInLoops(id, make, {}, { tolerance: exact, seed: 3 });
        await assertAsInLoops(
          id,
          make,
          { epsilon: 0.05, ...(id.endsWith('box') ? { gamma: 0.7 } : {}) },
          { tolerance: exact, seed: 3 },
        );
        return assertAsInLoops(id, make, {}, { tolerance: ROUNDED, seed: 4 });
      });
    }
  }
});

/**
 * Filters of 48 products each, which pictures of one sign make all positive, all negative, or both.
 */
const ofOneSign: readonly TwinCase[] = (['Elu', 'LeakyRelu', 'Relu'] as const).map((kind) => ({
  title: kind,
  picture: [3, 10, 12],
  build: (twin, picture) => {
    const first = twin.activation(
      twin.convolution(picture, 4, { kernel: [4, 4], signs: [-1, 1, 0, 0] }),
      kind,
    );
    return twin.convolution(
      twin.activation(twin.convolution(first, 4, { kernel: [3, 4], signs: [-1, 0, 1, 0] }), kind),
      2,
      { kernel: [2, 2] },
    );
  },
}));

describe('where nothing speaks for a result, or nothing against it, the rules stay exact', () => {
  for (const { title, picture, build } of ofOneSign) {
    for (const id of METHODS.filter((each) => each.startsWith('lrp'))) {
      for (const [light, values] of [
        ['bright', [0.2, 1]],
        ['dark', [-1, -0.99]],
        ['white', [1, 1]],
        ['black', [-1, -1]],
      ] as const) {
        it(`${id} of ${light} pictures, ${title}`, async () => {
          const make = (twin: TwinNetwork) => {
            const start = twin.picture(picture);
            return { picture: start, end: build(twin, start) };
          };
          await assertAsInLoops(id, make, {}, { tolerance: 1e-4, seed: 3, values, biases: false });
        });
      }
    }
  }
});
