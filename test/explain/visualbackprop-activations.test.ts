import { test } from 'node:test';
import type { Network } from '../support/network.ts';
import { floatTensor } from '../../server/onnx/tensor.ts';
import { attributes } from '../../server/onnx/attributes.ts';
import { Chain } from './chain.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.log1p(Math.exp(x));
const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));
const elu = (x: number, alpha = 1) => (x > 0 ? x : alpha * Math.expm1(x / alpha));
const gelu = (x: number) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const number = (network: Network, value: number) => network.constant(floatTensor([], [value]));

interface Form {
  readonly build: (network: Network, x: string) => string;
  readonly formula: (...x: number[]) => number;
  /** Of two halves of the channels. */
  readonly gated?: true;
}

/**
 * As PyTorch, Keras and TensorFlow export them: as one operator where there is one, else in
 * several.
 */
const forms: Readonly<Record<string, Form>> = {
  Softsign: { build: (n, x) => n.node('Softsign', [x]), formula: (x) => x / (1 + Math.abs(x)) },
  'Softsign as x ÷ (1 + |x|)': {
    build: (n, x) => n.node('Div', [x, n.node('Add', [n.node('Abs', [x]), number(n, 1)])]),
    formula: (x) => x / (1 + Math.abs(x)),
  },
  'LogSigmoid as log σ(x)': {
    build: (n, x) => n.node('Log', [n.node('Sigmoid', [x])]),
    formula: (x) => -softplus(-x),
  },
  'LogSigmoid as −softplus(−x)': {
    build: (n, x) => n.node('Neg', [n.node('Softplus', [n.node('Neg', [x])])]),
    formula: (x) => -softplus(-x),
  },
  Tanhshrink: {
    build: (n, x) => n.node('Sub', [x, n.node('Tanh', [x])]),
    formula: (x) => x - Math.tanh(x),
  },
  Mish: {
    build: (n, x) => n.node('Mul', [x, n.node('Tanh', [n.node('Softplus', [x])])]),
    formula: (x) => x * Math.tanh(softplus(x)),
  },
  'Mish with softplus written out': {
    build: (n, x) =>
      n.node('Mul', [
        x,
        n.node('Tanh', [n.node('Log', [n.node('Add', [n.node('Exp', [x]), number(n, 1)])])]),
      ]),
    formula: (x) => x * Math.tanh(softplus(x)),
  },
  SiLU: {
    build: (n, x) => n.node('Mul', [x, n.node('Sigmoid', [x])]),
    formula: (x) => x * sigmoid(x),
  },
  'SiLU as x ÷ (1 + exp(−x))': {
    build: (n, x) =>
      n.node('Div', [x, n.node('Add', [number(n, 1), n.node('Exp', [n.node('Neg', [x])])])]),
    formula: (x) => x * sigmoid(x),
  },
  'Swish with a factor': {
    build: (n, x) => n.node('Mul', [n.node('Sigmoid', [n.node('Mul', [x, number(n, 1.7)])]), x]),
    formula: (x) => x * sigmoid(1.7 * x),
  },
  Hardswish: {
    build: (n, x) =>
      n.node('Div', [
        n.node('Mul', [
          x,
          n.node('Clip', [n.node('Add', [x, number(n, 3)]), number(n, 0), number(n, 6)]),
        ]),
        number(n, 6),
      ]),
    formula: (x) => (x * clamp(x + 3, 0, 6)) / 6,
  },
  'Hardswish with HardSigmoid': {
    build: (n, x) =>
      n.node('Mul', [
        x,
        n.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
      ]),
    formula: (x) => (x * clamp(x + 3, 0, 6)) / 6,
  },
  'Hardsigmoid written out': {
    build: (n, x) =>
      n.node('Div', [
        n.node('Clip', [n.node('Add', [x, number(n, 3)]), number(n, 0), number(n, 6)]),
        number(n, 6),
      ]),
    formula: (x) => clamp(x + 3, 0, 6) / 6,
  },
  'GELU by tanh': {
    build(n, x) {
      const cube = n.node('Mul', [n.node('Pow', [x, number(n, 3)]), number(n, 0.044715)]);
      const inner = n.node('Tanh', [
        n.node('Mul', [n.node('Add', [x, cube]), number(n, Math.sqrt(2 / Math.PI))]),
      ]);
      return n.node('Mul', [
        n.node('Mul', [x, number(n, 0.5)]),
        n.node('Add', [inner, number(n, 1)]),
      ]);
    },
    formula: gelu,
  },
  'GELU by tanh, the cube as products': {
    build(n, x) {
      const cube = n.node('Mul', [n.node('Mul', [n.node('Mul', [x, x]), x]), number(n, 0.044715)]);
      const inner = n.node('Tanh', [
        n.node('Mul', [n.node('Add', [x, cube]), number(n, Math.sqrt(2 / Math.PI))]),
      ]);
      return n.node('Mul', [
        number(n, 0.5),
        n.node('Mul', [x, n.node('Add', [number(n, 1), inner])]),
      ]);
    },
    formula: gelu,
  },
  ReLU6: {
    build: (n, x) => n.node('Clip', [x, number(n, 0), number(n, 6)]),
    formula: (x) => clamp(x, 0, 6),
  },
  'ReLU6 as min(relu(x), 6)': {
    build: (n, x) => n.node('Min', [n.node('Relu', [x]), number(n, 6)]),
    formula: (x) => clamp(x, 0, 6),
  },
  'ReLU as max(x, 0)': {
    build: (n, x) => n.node('Max', [x, number(n, 0)]),
    formula: (x) => Math.max(x, 0),
  },
  'ReLU as x > 0 ? x : 0': {
    build: (n, x) => n.node('Where', [n.node('Greater', [x, number(n, 0)]), x, number(n, 0)]),
    formula: (x) => Math.max(x, 0),
  },
  'ReLU as (x + |x|) ÷ 2': {
    build: (n, x) => n.node('Mul', [n.node('Add', [x, n.node('Abs', [x])]), number(n, 0.5)]),
    formula: (x) => Math.max(x, 0),
  },
  'PReLU as relu(x) − a·relu(−x)': {
    build: (n, x) =>
      n.node('Add', [
        n.node('Relu', [x]),
        n.node('Mul', [n.node('Relu', [n.node('Neg', [x])]), number(n, -0.3)]),
      ]),
    formula: (x) => (x > 0 ? x : 0.3 * x),
  },
  'PReLU with |x|': {
    build: (n, x) =>
      n.node('Add', [
        n.node('Relu', [x]),
        n.node('Mul', [
          n.node('Mul', [number(n, 0.3), n.node('Sub', [x, n.node('Abs', [x])])]),
          number(n, 0.5),
        ]),
      ]),
    formula: (x) => (x > 0 ? x : 0.3 * x),
  },
  Hardtanh: {
    build: (n, x) => n.node('Clip', [x, number(n, -1), number(n, 1)]),
    formula: (x) => clamp(x, -1, 1),
  },
  'Hardtanh as max(min(x, 1), −1)': {
    build: (n, x) => n.node('Max', [n.node('Min', [x, number(n, 1)]), number(n, -1)]),
    formula: (x) => clamp(x, -1, 1),
  },
  Celu: {
    build: (n, x) => n.node('Celu', [x], { alpha: { float: 1.5 } }),
    formula: (x) => elu(x, 1.5),
  },
  'CELU as max(0, x) + min(0, a·(exp(x/a) − 1))': {
    build: (n, x) =>
      n.node('Add', [
        n.node('Max', [x, number(n, 0)]),
        n.node('Min', [
          n.node('Mul', [
            n.node('Sub', [n.node('Exp', [n.node('Div', [x, number(n, 1.5)])]), number(n, 1)]),
            number(n, 1.5),
          ]),
          number(n, 0),
        ]),
      ]),
    formula: (x) => elu(x, 1.5),
  },
  Selu: {
    build: (n, x) => n.node('Selu', [x]),
    formula: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  },
  Softshrink: {
    build(n, x) {
      const below = n.node('Where', [
        n.node('Less', [x, number(n, -0.5)]),
        n.node('Add', [x, number(n, 0.5)]),
        number(n, 0),
      ]);
      return n.node('Where', [
        n.node('Greater', [x, number(n, 0.5)]),
        n.node('Sub', [x, number(n, 0.5)]),
        below,
      ]);
    },
    formula: (x) => (x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0),
  },
  Hardshrink: {
    build: (n, x) =>
      n.node('Where', [
        n.node('Or', [
          n.node('Greater', [x, number(n, 0.5)]),
          n.node('Less', [x, number(n, -0.5)]),
        ]),
        x,
        number(n, 0),
      ]),
    formula: (x) => (Math.abs(x) > 0.5 ? x : 0),
  },
  Threshold: {
    build: (n, x) => n.node('ThresholdedRelu', [x], { alpha: { float: 0.4 } }),
    formula: (x) => (x > 0.4 ? x : 0),
  },
  'tanh as 2σ(2x) − 1': {
    build: (n, x) =>
      n.node('Sub', [
        n.node('Mul', [n.node('Sigmoid', [n.node('Mul', [x, number(n, 2)])]), number(n, 2)]),
        number(n, 1),
      ]),
    formula: (x) => Math.tanh(x),
  },
  'a square': { build: (n, x) => n.node('Mul', [x, x]), formula: (x) => x * x },
  'log(1 + relu(x))': {
    build: (n, x) => n.node('Log', [n.node('Add', [n.node('Relu', [x]), number(n, 1)])]),
    formula: (x) => Math.log1p(Math.max(0, x)),
  },
  'GLU by Split': {
    build(n, x) {
      const [value, gate] = n.nodeOf('Split', [x], attributes({ axis: 1 }), [`${x}/a`, `${x}/b`]);
      return n.node('Mul', [value!, n.node('Sigmoid', [gate!])]);
    },
    formula: (value, gate) => value * sigmoid(gate),
    gated: true,
  },
};

for (const [name, { build, formula, gated = false }] of Object.entries(forms)) {
  for (const pads of [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
  ] as const) {
    test(`feature maps are averaged behind the whole of an activation: ${name}${pads[0] ? ', in front of padding' : ''}`, async () => {
      const chain = new Chain([3, 14, 15], { seed: 6 })
        .convolution(4, { kernel: [3, 3], strides: [2, 2] })
        .writtenOut(build, formula, gated)
        .convolution(6, { kernel: [3, 3], pads });
      await chain
        .writtenOut(build, formula, gated)
        .convolution(4, { kernel: [2, 2], pads })
        .writtenOut(build, formula, gated)
        .assertMaskAsInLoops();
    });
  }
}

test('a normalisation of each channel behind an activation is no part of it, also where it is written as products and sums', async () => {
  const relu: Form = { build: (n, x) => n.node('Relu', [x]), formula: (x) => Math.max(0, x) };
  for (const pads of [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
  ] as const) {
    const scaled = (n: Network, x: string) =>
      n.node('Add', [n.node('Mul', [x, n.floats([4, 1, 1], 0.5, 2)]), n.floats([4, 1, 1])]);
    const before = new Chain([3, 14, 15], { seed: 6 })
      .convolution(4, { kernel: [3, 3] })
      .writtenOut(relu.build, relu.formula);
    await before
      .batchNormalization()
      .convolution(4, { kernel: [3, 3], pads })
      .writtenOut(relu.build, relu.formula)
      .pass(scaled)
      .assertMaskAsInLoops();
  }
});
