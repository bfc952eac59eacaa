import assert from 'node:assert/strict';
import type { Model } from '../../server/onnx/graph.ts';
import { compile } from '../../server/explain/compile.ts';
import { floatTensor, tensorNumbers } from '../../server/onnx/tensor.ts';
import { Network, randomNumbers, type ConvolutionForm } from '../support/network.ts';
import { floats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import {
  borderLayer,
  convolutionLayer,
  mapsOf,
  pointwiseLayer,
  poolingLayer,
  slowVisualBackProp,
  type Layer,
  type Maps,
} from './slow-visualbackprop.ts';

type Two = readonly [number, number];
type Four = readonly [number, number, number, number];

export type Activation =
  | 'Relu'
  | 'Elu'
  | 'LeakyRelu'
  | 'PRelu'
  | 'Sigmoid'
  | 'Tanh'
  | 'Relu6'
  | 'SiLU'
  | 'GELU'
  | 'HardSwish'
  | 'MaxLeaky'
  | 'Softplus';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** erf to 1e-12 by its series. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const formulas: Readonly<Record<Exclude<Activation, 'PRelu'>, (x: number) => number>> = {
  Relu: (x) => Math.max(0, x),
  Elu: (x) => (x > 0 ? x : Math.expm1(x)),
  LeakyRelu: (x) => (x > 0 ? x : 0.1 * x),
  MaxLeaky: (x) => Math.max(x, 0.2 * x),
  Sigmoid: sigmoid,
  Tanh: Math.tanh,
  Relu6: (x) => Math.min(6, Math.max(0, x)),
  SiLU: (x) => x * sigmoid(x),
  GELU: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  HardSwish: (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
  Softplus: (x) => Math.log1p(Math.exp(x)),
};

/** A chain of layers, built as an ONNX network and as plain loops side by side. */
export class Chain {
  readonly network: Network;
  readonly layers: Layer[] = [];
  readonly #picture: readonly [channels: number, height: number, width: number];
  #shape: Four;
  #nhwc = false;
  #value: string;

  constructor(
    picture: readonly [channels: number, height: number, width: number],
    options: {
      readonly opset?: number;
      readonly seed?: number;
      readonly layout?: 'NCHW' | 'NHWC';
      readonly batch?: number | string;
    } = {},
  ) {
    this.network = new Network(options);
    this.#picture = picture;
    this.#nhwc = options.layout === 'NHWC';
    this.#shape = [1, ...picture];
    const [channels, height, width] = picture;
    const batch = options.batch ?? 'N';
    this.#value = this.network.input(
      'image',
      this.#nhwc ? [batch, height, width, channels] : [batch, channels, height, width],
    );
  }

  get channels(): number {
    return this.#shape[1];
  }

  get size(): Two {
    return [this.#shape[2], this.#shape[3]];
  }

  #add(value: string, layer: Layer): this {
    this.#value = value;
    this.layers.push(layer);
    // The loops tell the shape, so that a wrong shape inference cannot hide itself.
    const [, channels, height, width] = this.#shape;
    const maps = layer.forward(mapsOf(new Float64Array(channels * height * width), this.#shape));
    this.#shape = [1, maps.length, maps[0]!.height, maps[0]!.width];
    return this;
  }

  #resolve(window: {
    kernel: Two;
    strides?: Two;
    dilations?: Two;
    pads?: Four;
    autoPad?: string;
  }): Four {
    if (!window.autoPad?.startsWith('SAME')) return window.pads ?? [0, 0, 0, 0];
    const totals = [0, 1].map((axis) => {
      const [size, stride] = [this.size[axis]!, window.strides?.[axis] ?? 1];
      return Math.max(0, (Math.ceil(size / stride) - 1) * stride + window.kernel[axis]! - size);
    }) as [number, number];
    const small = totals.map((total) => Math.floor(total / 2)) as [number, number];
    const large = totals.map((total) => Math.ceil(total / 2)) as [number, number];
    return window.autoPad === 'SAME_LOWER'
      ? [large[0], large[1], small[0], small[1]]
      : [small[0], small[1], large[0], large[1]];
  }

  convolution(to: number, form: ConvolutionForm): this {
    const channels = { from: this.channels, to };
    const value = this.network.convolution(this.#value, channels, form);
    const [, weights, bias] = this.network.nodes
      .at(-1)!
      .inputs.map((name) => this.network.initializers.get(name));
    const window = { ...form, pads: this.#resolve(form) };
    return this.#add(
      value,
      convolutionLayer(
        tensorNumbers(weights!),
        bias ? tensorNumbers(bias) : null,
        channels,
        form.group ?? 1,
        window,
      ),
    );
  }

  pooling(
    kind: 'MaxPool' | 'AveragePool',
    form: {
      readonly kernel: Two;
      readonly strides?: Two;
      readonly pads?: Four;
      readonly autoPad?: string;
      readonly dilations?: Two;
      readonly ceil?: boolean;
    },
  ): this {
    const { kernel, strides = [1, 1], pads, autoPad, dilations, ceil = false } = form;
    const value = this.network.node(kind, [this.#value], {
      kernel_shape: kernel,
      strides,
      ...(pads ? { pads } : {}),
      ...(autoPad ? { auto_pad: autoPad } : {}),
      ...(dilations ? { dilations } : {}),
      ...(ceil ? { ceil_mode: 1 } : {}),
    });
    return this.#add(
      value,
      poolingLayer(kind, { ...form, strides, pads: this.#resolve({ ...form, strides }) }, ceil),
    );
  }

  /** `level` tells whether a convolution stands before it. */
  activation(kind: Activation, level = true): this {
    const { network } = this;
    const x = this.#value;
    const constant = (value: number) => network.constant(floatTensor([], [value]));
    if (kind === 'PRelu') {
      const slopes = network.floats([this.channels, 1, 1], 0, 0.5);
      const numbers = tensorNumbers(network.initializers.get(slopes)!);
      return this.#add(
        network.node('PRelu', [x, slopes]),
        pointwiseLayer((value, channel) => (value > 0 ? value : numbers[channel]! * value), level),
      );
    }
    const build = (): string => {
      switch (kind) {
        case 'LeakyRelu':
          return network.node('LeakyRelu', [x], { alpha: { float: 0.1 } });
        case 'MaxLeaky':
          return network.node('Max', [network.node('Mul', [x, constant(0.2)]), x]);
        case 'Relu6':
          return network.opset < 11
            ? network.node('Clip', [x], { min: { float: 0 }, max: { float: 6 } })
            : network.node('Clip', [x, constant(0), constant(6)]);
        case 'SiLU':
          return network.node('Mul', [x, network.node('Sigmoid', [x])]);
        case 'GELU':
          return network.node('Mul', [
            network.node('Mul', [
              x,
              network.node('Add', [
                network.node('Erf', [network.node('Div', [x, constant(Math.SQRT2)])]),
                constant(1),
              ]),
            ]),
            constant(0.5),
          ]);
        case 'HardSwish':
          return network.node('Div', [
            network.node('Mul', [
              x,
              network.node('Clip', [
                network.node('Add', [x, constant(3)]),
                constant(0),
                constant(6),
              ]),
            ]),
            constant(6),
          ]);
        default:
          return network.node(kind, [x]);
      }
    };
    return this.#add(build(), pointwiseLayer(formulas[kind], level));
  }

  /**
   * An activation in any nodes; `formula` is what they compute of one number. Channels may become
   * fewer: then it gets several of them.
   */
  writtenOut(
    build: (network: Network, x: string) => string,
    formula: (...x: number[]) => number,
    gated = false,
  ): this {
    if (!gated)
      return this.#add(
        build(this.network, this.#value),
        pointwiseLayer((value) => formula(value), true),
      );
    return this.#add(build(this.network, this.#value), {
      level: true,
      back: null,
      forward(maps) {
        const half = maps.length / 2;
        return maps.slice(0, half).map(({ height, width, at }, channel) => ({
          height,
          width,
          at: at.map((value, place) => formula(value, maps[half + channel]!.at[place]!)),
        }));
      },
    });
  }

  batchNormalization(): this {
    const value = this.network.batchNormalization(this.#value, this.channels);
    const [gamma, beta, mean, variance] = this.network.nodes
      .at(-1)!
      .inputs.slice(1)
      .map((name) => tensorNumbers(this.network.initializers.get(name)!)) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const normal = (x: number, c: number) =>
      (gamma[c]! * (x - mean[c]!)) / Math.sqrt(variance[c]! + 1e-3) + beta[c]!;
    return this.#add(value, pointwiseLayer(normal, false));
  }

  pad(border: Four): this {
    const pads = [0, 0, border[0], border[1], 0, 0, border[2], border[3]];
    return this.#add(
      this.network.opset < 11
        ? this.network.node('Pad', [this.#value], { pads })
        : this.network.node('Pad', [this.#value, this.network.ints(...pads)]),
      borderLayer(border),
    );
  }

  /** Cuts so many rows and columns off; `fromEnd` writes the ends as negative numbers. */
  crop([top, left, bottom, right]: Four, fromEnd = false): this {
    const [height, width] = this.size;
    const ends = fromEnd
      ? [bottom > 0 ? -bottom : 2 ** 40, right > 0 ? -right : 2 ** 40]
      : [height - bottom, width - right];
    const starts = fromEnd ? [top - height, left - width] : [top, left];
    const { network } = this;
    const value =
      network.opset < 10
        ? network.node('Slice', [this.#value], { starts, ends, axes: [2, 3] })
        : network.node('Slice', [
            this.#value,
            network.ints(...starts),
            network.ints(...ends),
            network.ints(2, 3),
          ]);
    return this.#add(value, borderLayer([-top, -left, -bottom, -right]));
  }

  /** To the other order of axes; the loops keep theirs. */
  transpose(): this {
    this.#value = this.network.node('Transpose', [this.#value], {
      perm: this.#nhwc ? [0, 3, 1, 2] : [0, 2, 3, 1],
    });
    this.#nhwc = !this.#nhwc;
    return this;
  }

  /** Any node that does not change values, as the loops see it. */
  pass(add: (network: Network, value: string) => string): this {
    this.#value = add(this.network, this.#value);
    return this;
  }

  model(): Model {
    const [, channels, height, width] = this.#shape;
    this.network.steering(this.#value, channels * height * width);
    return this.network.model([{ name: 'steering', type: 1, shape: null }]);
  }

  /**
   * The mask of the compiled network equals the loops' for every picture of batches of the sizes
   * given, or of the fixed one.
   */
  async assertMaskAsInLoops(batches: readonly number[] = [1, 2], tolerance = 1e-4): Promise<void> {
    const model = this.model();
    const compiled = compile(model, [{ id: 'visualbackprop' }]);
    const [channels, height, width] = this.#picture;
    const nhwc =
      model.inputs[0]!.shape![1] === height &&
      model.inputs[0]!.shape![3] === channels &&
      height !== channels;
    const random = randomNumbers(99);
    for (const batch of batches) {
      const pictures = Array.from({ length: batch }, () =>
        Array.from({ length: channels * height * width }, () => random()),
      );
      const size = height * width;
      const laid = (picture: readonly number[]) =>
        nhwc
          ? picture.map(
              (_, index) => picture[(index % channels) * size + Math.floor(index / channels)]!,
            )
          : picture;
      const outputs = await runNetwork(compiled, {
        image: floats(
          nhwc ? [batch, height, width, channels] : [batch, channels, height, width],
          pictures.flatMap(laid),
        ),
      });
      const mask = outputs['explanation']!;
      assert.deepEqual(mask.dims, [batch, 1, height, width]);
      pictures.forEach((picture, index) => {
        // Float32, as the network sees them.
        const maps: Maps = mapsOf(Float32Array.from(picture), [1, channels, height, width]);
        const expected = slowVisualBackProp(this.layers, maps).at;
        const error = relativeError(mask.data.subarray(index * size, (index + 1) * size), expected);
        assert.ok(
          error <= tolerance,
          `picture ${index} of ${batch}: the mask differs by ${error} of its largest value`,
        );
        assert.ok(Math.max(...expected) === 1, 'the network of the test has no mask');
      });
    }
  }
}
