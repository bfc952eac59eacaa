import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../../server/explain/compile.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { betweenRoundings } from '../../../server/onnx/rewrite/quantised/between-roundings.ts';
import { DataType, floatTensor, tensorNumbers, type Tensor } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';
import { quantisedBy } from './operator-cases.ts';

type Form = 'in single precision' | 'by one scale' | 'by one scale for each channel';

/** Two linear layers with whole numbers of 8 bits between them, so that rounding changes no slope. */
function network(form: Form, size = 1): Model {
  const built = new Network({ opset: 13, seed: 8 });
  const image = built.input('image', ['N', 2, 6, 8]);
  const value = built.node('Mul', [
    built.convolution(image, { from: 2, to: 4 }, { kernel: [3, 3] }),
    built.floats([1], size, size),
  ]);
  const weights = [built.floats([96, 1]), built.floats([1])];
  const between =
    form === 'in single precision'
      ? value
      : quantisedBy(built, value, form === 'by one scale' ? [] : [4]);
  built.node('Gemm', [built.node('Flatten', [between]), ...weights], {}, 'steering');
  return built.model(['steering']);
}

const image = randomFloats([2, 2, 6, 8]);
const gradientOf = async (model: Model) =>
  (await runNetwork(compile(model, [{ id: 'gradient' }]), { image }))['explanation']!.data;

describe('the gradient through whole numbers', () => {
  for (const form of ['by one scale', 'by one scale for each channel'] as const) {
    it(`${form} is that of the network without them`, async () => {
      const expected = await gradientOf(network('in single precision'));
      assert.ok(expected.some((value) => Math.abs(value) > 1e-2));
      assert.ok(relativeError(await gradientOf(network(form)), expected) < 1e-5);
    });

    it(`${form} is nothing where the value is cut off`, async () => {
      const map = await gradientOf(network(form, 1e4));
      assert.ok(map.filter((value) => value === 0).length > map.length / 2);
    });
  }
});

/** Weights of 8 bits, and the same as numbers. */
interface Weights {
  readonly whole: string;
  readonly scale: string;
  readonly zero: string;
  readonly numbers: string;
}

/** Two networks of one form: multiplying whole numbers, and numbers. */
class Pair {
  readonly whole = new Network({ opset: 13, seed: 4 });
  readonly numbers = new Network({ opset: 13, seed: 4 });

  /** By one scale, or one for each entry of the first axis. */
  weights(dims: readonly number[], perEntry = false): Weights {
    const count = dims.reduce((all, dim) => all * dim, 1);
    const data = Int8Array.from({ length: count }, () => Math.round(this.whole.random(-100, 100)));
    const scales = Array.from({ length: perEntry ? dims[0]! : 1 }, (_, at) => 0.002 + 0.001 * at);
    const zero = perEntry ? 0 : 5;
    return {
      whole: this.whole.constant({ type: DataType.int8, dims, data }),
      scale: this.whole.constant(floatTensor(perEntry ? [scales.length] : [], scales)),
      zero: this.whole.constant({
        type: DataType.int8,
        dims: perEntry ? [scales.length] : [],
        data: new Int8Array(scales.length).fill(zero),
      }),
      numbers: this.numbers.constant(
        floatTensor(
          dims,
          Array.from(
            data,
            (value, at) =>
              (value - zero) * scales[perEntry ? Math.floor((at * dims[0]!) / count) : 0]!,
          ),
        ),
      ),
    };
  }

  /** A scale and a zero point for values of 8 bits. */
  step(size: number): readonly [scale: string, zero: string] {
    return [
      this.whole.constant(floatTensor([], [size])),
      this.whole.constant({ type: DataType.uint8, dims: [], data: Uint8Array.of(128) }),
    ];
  }

  both(
    op: string,
    whole: readonly string[],
    numbers: readonly string[],
    domain = '',
  ): [string, string] {
    return [
      this.whole.nodeOf(op, whole, new Map(), [`whole${this.whole.nodes.length}`], domain)[0]!,
      this.numbers.node(op.replace(/^QLinear|Integer$/, ''), numbers),
    ];
  }
}

const size = [2, 5, 6] as const;
const forms: Readonly<
  Record<string, (pair: Pair, x: readonly [string, string]) => [string, string]>
> = {
  QLinearConv: (pair, [x, y]) => {
    const [scale, zero] = pair.step(0.02);
    const weights = pair.weights([3, 2, 3, 3], true);
    const bias: Tensor = { type: DataType.int32, dims: [3], data: Int32Array.of(40, -70, 90) };
    const factors = tensorNumbers(pair.whole.initializers.get(weights.scale)!);
    const numbers = floatTensor(
      [3],
      tensorNumbers(bias).map((each, at) => each * 0.02 * factors[at]!),
    );
    return pair.both(
      'QLinearConv',
      [
        x,
        scale,
        zero,
        weights.whole,
        weights.scale,
        weights.zero,
        ...pair.step(0.05),
        pair.whole.constant(bias),
      ],
      [y, weights.numbers, pair.numbers.constant(numbers)],
    );
  },
  QLinearMatMul: (pair, [x, y]) => {
    const [scale, zero] = pair.step(0.02);
    const weights = pair.weights([6, 4]);
    return pair.both(
      'QLinearMatMul',
      [x, scale, zero, weights.whole, weights.scale, weights.zero, ...pair.step(0.05)],
      [y, weights.numbers],
    );
  },
  QLinearAdd: (pair, [x, y]) => {
    const step = pair.step(0.02);
    return pair.both(
      'QLinearAdd',
      [x, ...step, x, ...step, ...pair.step(0.05)],
      [y, y],
      'com.microsoft',
    );
  },
  QLinearGlobalAveragePool: (pair, [x, y]) =>
    pair.both(
      'QLinearGlobalAveragePool',
      [x, ...pair.step(0.02), ...pair.step(0.05)],
      [y],
      'com.microsoft',
    ),
};

describe('values between whole numbers and whole numbers', () => {
  /** Picture → whole → numbers → Neg → Relu → whole → numbers → Exp. */
  const built = (outputs: readonly string[], readMore = false) => {
    const network = new Network({ opset: 13 });
    const step = [
      network.floats([1], 0.1, 0.1),
      network.constant({ type: DataType.uint8, dims: [1], data: Uint8Array.of(128) }),
    ];
    const named = (op: string, inputs: readonly string[], name: string) =>
      network.node(op, inputs, {}, name);
    named('QuantizeLinear', [network.input('image', ['N', 4]), ...step], 'whole');
    named('DequantizeLinear', ['whole', ...step], 'numbers');
    named('Neg', ['numbers'], 'turned');
    named('Relu', ['turned'], 'bent');
    named('QuantizeLinear', ['bent', ...step], 'whole again');
    named('DequantizeLinear', ['whole again', ...step], 'numbers again');
    named('Exp', ['numbers again'], 'end');
    if (readMore) named('Neg', ['bent'], 'more');
    return betweenRoundings(network.model(outputs));
  };

  it('are found from the first number to the last', () => {
    assert.deepEqual(
      [...built(['end'])],
      [
        ['turned', 'turned/numbers'],
        ['bent', 'bent/numbers'],
      ],
    );
  });

  it('are none where numbers are read elsewhere, or given out', () => {
    assert.equal(built(['end', 'more'], true).size, 0);
    assert.equal(built(['end', 'bent']).size, 0);
    assert.equal(built(['end', 'turned']).size, 0);
  });
});

describe('a network that multiplies whole numbers', () => {
  for (const [op, build] of Object.entries(forms)) {
    it(`${op} has the gradient of the same in numbers, and answers as before`, async () => {
      const pair = new Pair();
      for (const each of [pair.whole, pair.numbers]) each.input('image', ['N', ...size]);
      const rounded = pair.whole.node('QuantizeLinear', ['image', ...pair.step(0.02)]);
      const [whole, numbers] = build(pair, [rounded, 'image']);
      const back = pair.whole.node('DequantizeLinear', [whole, ...pair.step(0.05)]);
      const count = {
        QLinearConv: 36,
        QLinearMatMul: 40,
        QLinearAdd: 60,
        QLinearGlobalAveragePool: 2,
      }[op]!;
      const ends = Array.from({ length: count }, (_, at) => Math.sin(at + 1));
      [pair.whole, pair.numbers].forEach((network, index) => {
        const flat = network.node('Flatten', [index === 0 ? back : numbers]);
        network.node(
          'MatMul',
          [flat, network.constant(floatTensor([count, 1], ends))],
          {},
          'steering',
        );
      });
      const model: Model = {
        ...pair.whole.model(['steering']),
        otherOpsets: new Map([['com.microsoft', 1]]),
      };
      const feeds = { image: randomFloats([2, ...size], 3, -1, 1) };
      const [before, after, plain] = [
        await runNetwork(model, feeds),
        await runNetwork(compile(model, [{ id: 'gradient' }]), feeds),
        await runNetwork(compile(pair.numbers.model(['steering']), [{ id: 'gradient' }]), feeds),
      ];
      assert.deepEqual(after['steering']!.data, before['steering']!.data);
      assert.ok(relativeError(after['explanation']!.data, plain['explanation']!.data) < 1e-5);
    });
  }

  it('scaled by the values themselves has the gradient of the same in numbers', async () => {
    const pair = new Pair();
    for (const each of [pair.whole, pair.numbers]) each.input('image', [1, ...size]);
    const weights = pair.weights([60, 1]);
    const [flat, plain] = [pair.whole, pair.numbers].map((each) =>
      each.node('Flatten', ['image']),
    ) as [string, string];
    const [x, scale, zero] = pair.whole.nodeOf('DynamicQuantizeLinear', [flat], new Map(), [
      'x',
      'scale',
      'zero',
    ]) as [string, string, string];
    const product = pair.whole.node('MatMulInteger', [x, weights.whole, zero, weights.zero]);
    const steps = pair.whole.node('Mul', [scale, weights.scale]);
    pair.whole.node(
      'Mul',
      [pair.whole.node('Cast', [product], { to: DataType.float }), steps],
      {},
      'steering',
    );
    pair.numbers.node('MatMul', [plain, weights.numbers], {}, 'steering');
    const feeds = { image: randomFloats([1, ...size], 3, -1, 1) };
    const [before, after, expected] = [
      await runNetwork(pair.whole.model(['steering']), feeds),
      await runNetwork(compile(pair.whole.model(['steering']), [{ id: 'gradient' }]), feeds),
      await runNetwork(compile(pair.numbers.model(['steering']), [{ id: 'gradient' }]), feeds),
    ];
    assert.deepEqual(after['steering']!.data, before['steering']!.data);
    assert.ok(relativeError(after['explanation']!.data, expected['explanation']!.data) < 1e-5);
  });

  it('where it is written with roundings around it answers to the last bit as before', async () => {
    const pair = new Pair();
    const { whole: network } = pair;
    const rounded = (value: string, step: number) => {
      const parameters = pair.step(step);
      return network.node('DequantizeLinear', [
        network.node('QuantizeLinear', [value, ...parameters]),
        ...parameters,
      ]);
    };
    const weights = pair.weights([3, 2, 3, 3]);
    const x = rounded(network.input('image', ['N', ...size]), 0.02);
    const kernel = network.node('DequantizeLinear', [weights.whole, weights.scale, weights.zero]);
    const features = rounded(network.node('Relu', [network.node('Conv', [x, kernel])]), 0.01);
    network.steering(features, 36);
    const feeds = { image: randomFloats([3, ...size], 6, -1, 1) };
    const model = network.model(['steering']);
    const before = await runNetwork(model, feeds);
    for (const id of ['gradient', 'lrp-epsilon-plus', 'lrp-epsilon-gamma-box', 'visualbackprop']) {
      const after = await runNetwork(compile(model, [{ id }]), feeds);
      assert.deepEqual(after['steering']!.data, before['steering']!.data, id);
      assert.ok(after['explanation']!.data.some((value) => value !== 0));
    }
  });
});
