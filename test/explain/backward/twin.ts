import { floatTensor, elementCount, tensorNumbers } from '../../../server/onnx/tensor.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { Network } from '../../support/network.ts';
import {
  added,
  largest,
  moved,
  pointwise,
  weightedSum,
  type Operation,
  type SlowMethod,
  type Sum,
} from './slow-operations.ts';

type Two = readonly [number, number];
type Four = readonly [number, number, number, number];

/**
 * A value of both networks. `dims` are [C,H,W] or [H,W,C] as the ONNX network has them, or
 * [features].
 */
export interface Twin {
  readonly name: string;
  readonly place: number;
  readonly dims: readonly number[];
}

export interface WindowForm {
  readonly kernel: Two;
  readonly strides?: Two;
  readonly dilations?: Two;
  /** top, left, bottom, right */
  readonly pads?: Four;
}

const activations: Readonly<
  Record<string, { f: (x: number) => number; slope: (x: number) => number; isRectifier: boolean }>
> = {
  Relu: { f: (x) => Math.max(0, x), slope: (x) => (x > 0 ? 1 : 0), isRectifier: true },
  Elu: {
    f: (x) => (x > 0 ? x : 0.7 * Math.expm1(x)),
    slope: (x) => (x > 0 ? 1 : 0.7 * Math.exp(x)),
    isRectifier: true,
  },
  LeakyRelu: {
    f: (x) => (x > 0 ? x : 0.2 * x),
    slope: (x) => (x > 0 ? 1 : 0.2),
    isRectifier: true,
  },
  Sigmoid: {
    f: (x) => 1 / (1 + Math.exp(-x)),
    slope: (x) => Math.exp(-x) / (1 + Math.exp(-x)) ** 2,
    isRectifier: false,
  },
  Tanh: { f: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2, isRectifier: false },
};

interface Step {
  readonly operation: Operation;
  readonly inputs: readonly number[];
}

/** A network built twice: as ONNX nodes, and as loops. */
export class TwinNetwork {
  readonly network: Network;
  readonly biases: boolean;
  readonly #epsilon: number;
  readonly #steps: (Step | null)[] = [];

  constructor({
    seed = 1,
    opset = 13,
    biases = true,
    epsilon = 1e-6,
  }: {
    readonly seed?: number;
    readonly opset?: number;
    readonly biases?: boolean;
    readonly epsilon?: number;
  } = {}) {
    this.network = new Network({ seed, opset });
    this.biases = biases;
    this.#epsilon = epsilon;
  }

  #add(name: string, dims: readonly number[], inputs: readonly Twin[], operation: Operation): Twin {
    this.#steps.push({ operation, inputs: inputs.map(({ place }) => place) });
    return { name, place: this.#steps.length - 1, dims };
  }

  picture(dims: readonly number[], batch: number | string = 'N'): Twin {
    this.#steps.push(null);
    return { name: this.network.input('image', [batch, ...dims]), place: 0, dims };
  }

  #numbers(name: string): number[] {
    return tensorNumbers(this.network.initializers.get(name)!);
  }

  /**
   * What each window sees: per output row and column the inputs' rows and columns with the tap,
   * those in the padding left out.
   */
  #windows(
    [height, width]: Two,
    { kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: WindowForm,
    ceil = false,
  ): { size: Two; taps: (y: number, x: number) => { row: number; column: number; tap: number }[] } {
    const size = [0, 1].map((axis) => {
      const room =
        [height, width][axis]! +
        pads[axis]! +
        pads[axis + 2]! -
        ((kernel[axis]! - 1) * dilations[axis]! + 1);
      return (ceil ? Math.ceil : Math.floor)(room / strides[axis]!) + 1;
    }) as unknown as Two;
    const taps = (y: number, x: number) =>
      Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => ({
        row: y * strides[0] - pads[0] + Math.floor(tap / kernel[1]) * dilations[0],
        column: x * strides[1] - pads[1] + (tap % kernel[1]) * dilations[1],
        tap,
      })).filter(({ row, column }) => row >= 0 && row < height && column >= 0 && column < width);
    return { size, taps };
  }

  /** `signs`: of all weights of an output channel; 0 or none leaves them as they were drawn. */
  convolution(
    x: Twin,
    to: number,
    form: WindowForm & { readonly group?: number; readonly signs?: readonly number[] },
  ): Twin {
    const [from, height, width] = x.dims as [number, number, number];
    const { group = 1, signs = [] } = form;
    const name = this.network.convolution(x.name, { from, to }, { ...form, bias: this.biases });
    const kernel = this.network.nodes.at(-1)!.inputs[1]!;
    const { dims } = this.network.initializers.get(kernel)!;
    this.network.initializers.set(
      kernel,
      floatTensor(
        dims,
        this.#numbers(kernel).map((weight, at) => {
          const sign = signs[Math.floor((at * to) / elementCount(dims))];
          return sign ? sign * Math.abs(weight) : weight;
        }),
      ),
    );
    const [weights, bias] = this.network.nodes
      .at(-1)!
      .inputs.slice(1)
      .map((each) => this.#numbers(each)) as [number[], number[]?];
    const {
      size: [rows, columns],
      taps,
    } = this.#windows([height, width], form);
    const [perGroup, positions] = [from / group, form.kernel[0] * form.kernel[1]];
    const sums = everyPixel(to, rows, columns, (channel, row, column): Sum => {
      const first = Math.floor(channel / (to / group)) * perGroup;
      const seen = Array.from({ length: perGroup }, (_, input) =>
        taps(row, column).map((tap) => ({ input, ...tap })),
      ).flat();
      return {
        inputs: seen.map((tap) => ((first + tap.input) * height + tap.row) * width + tap.column),
        weights: seen.map(
          (tap) => weights[(channel * perGroup + tap.input) * positions + tap.tap]!,
        ),
        bias: bias?.[channel] ?? 0,
      };
    });
    return this.#add(name, [to, rows, columns], [x], weightedSum(sums, 'convolution'));
  }

  /** Every pixel adds its kernel to the larger picture. */
  transposedConvolution(
    x: Twin,
    to: number,
    {
      kernel,
      strides = [1, 1],
      pads = [0, 0, 0, 0],
      group = 1,
      outputPadding = [0, 0],
    }: WindowForm & { readonly group?: number; readonly outputPadding?: Two },
  ): Twin {
    const [from, height, width] = x.dims as [number, number, number];
    const perGroup = to / group;
    const parameters = [
      this.network.floats([from, perGroup, ...kernel]),
      ...(this.biases ? [this.network.floats([to])] : []),
    ];
    const name = this.network.node('ConvTranspose', [x.name, ...parameters], {
      strides,
      pads,
      group,
      output_padding: outputPadding,
    });
    const [weights, bias] = parameters.map((each) => this.#numbers(each)) as [number[], number[]?];
    const rows = (height - 1) * strides[0] + kernel[0] - pads[0] - pads[2] + outputPadding[0];
    const columns = (width - 1) * strides[1] + kernel[1] - pads[1] - pads[3] + outputPadding[1];
    const sums = everyPixel(
      to,
      rows,
      columns,
      (channel): { inputs: number[]; weights: number[]; bias: number } => ({
        inputs: [],
        weights: [],
        bias: bias?.[channel] ?? 0,
      }),
    );
    for (let input = 0; input < from; input++) {
      for (let output = 0; output < perGroup; output++) {
        for (let at = 0; at < height * width * kernel[0] * kernel[1]; at++) {
          const [tap, pixel] = [
            at % (kernel[0] * kernel[1]),
            Math.floor(at / (kernel[0] * kernel[1])),
          ];
          const row =
            Math.floor(pixel / width) * strides[0] - pads[0] + Math.floor(tap / kernel[1]);
          const column = (pixel % width) * strides[1] - pads[1] + (tap % kernel[1]);
          if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
          const channel = Math.floor(input / (from / group)) * perGroup + output;
          const sum = sums[(channel * rows + row) * columns + column]!;
          sum.inputs.push(input * height * width + pixel);
          sum.weights.push(weights[(input * perGroup + output) * kernel[0] * kernel[1] + tap]!);
        }
      }
    }
    return this.#add(name, [to, rows, columns], [x], weightedSum(sums, 'convolution'));
  }

  dense(x: Twin, to: number, output?: string): Twin {
    const [from] = x.dims as [number];
    const parameters = [
      this.network.floats([from, to]),
      ...(this.biases ? [this.network.floats([to])] : []),
    ];
    const name = this.biases
      ? this.network.node('Gemm', [x.name, ...parameters], {}, output)
      : this.network.node('MatMul', [x.name, ...parameters], {}, output);
    const [weights, bias] = parameters.map((each) => this.#numbers(each)) as [number[], number[]?];
    const sums = Array.from({ length: to }, (_, column): Sum => ({
      inputs: Array.from({ length: from }, (__, row) => row),
      weights: Array.from({ length: from }, (__, row) => weights[row * to + column]!),
      bias: bias?.[column] ?? 0,
    }));
    return this.#add(name, [to], [x], weightedSum(sums, 'dense'));
  }

  activation(x: Twin, kind: string): Twin {
    if (kind === 'PRelu') {
      const slopes = this.network.floats([x.dims[0]!, 1, 1], 0.05, 0.5);
      const numbers = this.#numbers(slopes);
      const slope = (value: number, at: number) =>
        value > 0 ? 1 : numbers[Math.floor(at / (x.dims[1]! * x.dims[2]!))]!;
      return this.#add(
        this.network.node('PRelu', [x.name, slopes]),
        x.dims,
        [x],
        pointwise((value, at) => slope(value, at) * value, slope, true),
      );
    }
    const { f, slope, isRectifier } = activations[kind]!;
    const alpha = kind === 'Elu' ? 0.7 : kind === 'LeakyRelu' ? 0.2 : null;
    return this.#add(
      this.network.node(kind, [x.name], alpha === null ? {} : { alpha: { float: alpha } }),
      x.dims,
      [x],
      pointwise(f, slope, isRectifier),
    );
  }

  pooling(x: Twin, kind: 'MaxPool' | 'AveragePool', form: WindowForm, ceil = false): Twin {
    const [channels, height, width] = x.dims as [number, number, number];
    const { kernel, ...more } = form;
    const name = this.network.node(kind, [x.name], {
      kernel_shape: kernel,
      ...more,
      ...(ceil ? { ceil_mode: 1 } : {}),
    });
    const {
      size: [rows, columns],
      taps,
    } = this.#windows([height, width], form, ceil);
    const groups = everyPixel(channels, rows, columns, (channel, row, column) =>
      taps(row, column).map((tap) => (channel * height + tap.row) * width + tap.column),
    );
    return this.#add(
      name,
      [channels, rows, columns],
      [x],
      kind === 'MaxPool' ? largest(groups) : this.#average(groups),
    );
  }

  globalPooling(x: Twin, kind: 'GlobalMaxPool' | 'GlobalAveragePool'): Twin {
    const [channels, height, width] = x.dims as [number, number, number];
    const groups = Array.from({ length: channels }, (_, channel) =>
      Array.from({ length: height * width }, (__, pixel) => channel * height * width + pixel),
    );
    return this.#add(
      this.network.node(kind, [x.name]),
      [channels, 1, 1],
      [x],
      kind === 'GlobalMaxPool' ? largest(groups) : this.#average(groups),
    );
  }

  #average(groups: readonly (readonly number[])[]): Operation {
    return weightedSum(
      groups.map((inputs) => ({ inputs, weights: inputs.map(() => 1 / inputs.length), bias: 0 })),
      'no weights',
      this.#epsilon,
    );
  }

  add(a: Twin, b: Twin): Twin {
    return this.#add(
      this.network.node('Add', [a.name, b.name]),
      a.dims,
      [a, b],
      added(this.#epsilon),
    );
  }

  concat(values: readonly Twin[]): Twin {
    const sources = values.flatMap(({ dims }, input) =>
      Array.from({ length: elementCount(dims) }, (_, at) => ({ input, at })),
    );
    const [, height, width] = values[0]!.dims;
    const channels = values.reduce((sum, { dims }) => sum + dims[0]!, 0);
    return this.#add(
      this.network.node(
        'Concat',
        values.map(({ name }) => name),
        { axis: 1 },
      ),
      [channels, height!, width!],
      values,
      moved(sources),
    );
  }

  /** Between [C,H,W] and [H,W,C]; `order` of the three axes. */
  transpose(x: Twin, order: readonly [number, number, number]): Twin {
    const dims = order.map((axis) => x.dims[axis]!);
    const strides = [x.dims[1]! * x.dims[2]!, x.dims[2]!, 1];
    const sources = everyPixel(dims[0]!, dims[1]!, dims[2]!, (a, b, c) => ({
      input: 0,
      at: a * strides[order[0]]! + b * strides[order[1]]! + c * strides[order[2]]!,
    }));
    return this.#add(
      this.network.node('Transpose', [x.name], { perm: [0, ...order.map((axis) => axis + 1)] }),
      dims,
      [x],
      moved(sources),
    );
  }

  /** Per channel, where it stands alone and cannot be folded. */
  batchNormalization(x: Twin): Twin {
    const [channels] = x.dims as [number];
    const name = this.network.batchNormalization(x.name, channels);
    const [gamma, beta, mean, variance] = this.network.nodes
      .at(-1)!
      .inputs.slice(1)
      .map((each) => this.#numbers(each)) as [number[], number[], number[], number[]];
    const size = elementCount(x.dims) / channels;
    const sums = Array.from({ length: elementCount(x.dims) }, (_, at): Sum => {
      const channel = Math.floor(at / size);
      const factor = gamma[channel]! / Math.sqrt(variance[channel]! + 1e-3);
      return { inputs: [at], weights: [factor], bias: beta[channel]! - mean[channel]! * factor };
    });
    return this.#add(name, x.dims, [x], weightedSum(sums, 'no weights', this.#epsilon));
  }

  flatten(x: Twin): Twin {
    const features = elementCount(x.dims);
    return this.#add(
      this.network.node('Flatten', [x.name]),
      [features],
      [x],
      moved(Array.from({ length: features }, (_, at) => ({ input: 0, at }))),
    );
  }

  steering(x: Twin): Model {
    this.dense(x.dims.length === 1 ? x : this.flatten(x), 1, 'steering');
    return this.network.model([{ name: 'steering', type: 1, shape: ['N', 1] }]);
  }

  #forward(picture: ArrayLike<number>): Float64Array[] {
    const values: Float64Array[] = [];
    for (const step of this.#steps)
      values.push(
        step
          ? step.operation.forward(step.inputs.map((place) => values[place]!))
          : Float64Array.from(picture),
      );
    return values;
  }

  /**
   * Steering and the map of one picture, in the picture's order; `range` is what the picture's
   * values span.
   */
  explain(
    method: SlowMethod,
    picture: ArrayLike<number>,
    range: { readonly low: number; readonly high: number },
  ): { steering: number; map: Float64Array } {
    const values = this.#forward(picture);
    const steering = values.at(-1)![0]!;
    const signals = values.map((value) => new Float64Array(value.length));
    signals.at(-1)![0] = method.isRelevance ? steering : 1;
    // Bounds of what enters the layers that the picture meets first.
    const bounds: ({ low: Float64Array; high: Float64Array } | null)[] = [];
    this.#steps.forEach((step, place) => {
      if (!step)
        bounds.push({
          low: values[place]!.map(() => range.low),
          high: values[place]!.map(() => range.high),
        });
      else {
        const known = step.inputs.map((input) => bounds[input] ?? null);
        bounds.push(
          step.operation.moves && known.every((each) => each !== null)
            ? {
                low: step.operation.forward(known.map((each) => each.low)),
                high: step.operation.forward(known.map((each) => each.high)),
              }
            : null,
        );
      }
    });
    for (let place = this.#steps.length - 1; place >= 0; place--) {
      const step = this.#steps[place];
      if (!step) continue;
      const first = step.operation.hasWeights ? (bounds[step.inputs[0]!] ?? null) : null;
      step.operation
        .back(
          method,
          step.inputs.map((input) => values[input]!),
          signals[place]!,
          first,
        )
        .forEach((part, index) => {
          const signal = signals[step.inputs[index]!]!;
          part.forEach((value, at) => {
            signal[at]! += value;
          });
        });
    }
    return { steering, map: signals[0]! };
  }

  constant(values: readonly number[], dims: readonly number[]): string {
    return this.network.constant(floatTensor(dims, values));
  }
}

function everyPixel<T>(
  channels: number,
  rows: number,
  columns: number,
  make: (channel: number, row: number, column: number) => T,
): T[] {
  return Array.from({ length: channels * rows * columns }, (_, at) =>
    make(Math.floor(at / (rows * columns)), Math.floor(at / columns) % rows, at % columns),
  );
}
