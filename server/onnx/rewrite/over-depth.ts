import { intAttribute, intsAttribute } from '../attributes.ts';
import { GraphBuilder } from '../builder.ts';
import { constantOf } from '../constant-node.ts';
import { consumers, producers, type Model, type Node } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { operatorOf } from '../operators/operators.ts';
import { DataType, elementCount, floatTensor, type Tensor } from '../tensor.ts';
import { ceilMode, onAxes, windowOf, type Window } from '../windows.ts';

/**
 * The same network with convolutions and poolings over depth, height and width as such over height
 * and width, the only ones that are explained. Values [N, C, D, H, W] become planes [N, D·C, H, W],
 * the channels of one depth side by side; a layer takes the planes that its window covers. What
 * works number by number in between works on the planes too. Gives the model itself where there
 * are no such layers.
 */
export function overDepth(model: Model): Model {
  const isDeep = (node: Node) =>
    node.domain === '' &&
    ['Conv', 'MaxPool', 'AveragePool'].includes(node.op) &&
    (intsAttribute(node, 'kernel_shape')?.length === 3 ||
      (node.op === 'Conv' && tensorAt(model, node.inputs[1]!)?.dims.length === 5));
  return model.nodes.some(isDeep) ? new Flattening(model, isDeep).flattened() : model;
}

/** Sizes of a value [N, C, D, H, W]. */
interface Deep {
  readonly channels: number;
  readonly depth: number;
  readonly height: number;
  readonly width: number;
}

class Flattening {
  readonly #model: Model;
  readonly #shapes: Shapes;
  readonly #isDeep: (node: Node) => boolean;
  readonly #made: ReadonlyMap<string, Node>;
  readonly #builder: GraphBuilder;
  readonly #kept: Node[] = [];
  /** Planes of values of the network. */
  readonly #planes = new Map<string, string>();

  constructor(model: Model, isDeep: (node: Node) => boolean) {
    this.#model = model;
    this.#shapes = inferWhatIsKnown(model);
    this.#isDeep = isDeep;
    this.#made = producers(model);
    this.#builder = new GraphBuilder({ ...model, nodes: [] }, 'depth');
  }

  flattened(): Model {
    for (const node of this.#model.nodes) {
      const planes = this.#onPlanes(node);
      if (planes === null) this.#kept.push(node);
      else this.#planes.set(node.outputs[0]!, planes);
    }
    const read = consumers({ ...this.#model, nodes: this.#kept });
    for (const [value, planes] of this.#planes) {
      if (!read.has(value) && !this.#model.outputs.some(({ name }) => name === value)) continue;
      const { channels, depth, height, width } = this.#sizes(value)!;
      const apart = this.#builder.reshape(planes, [0, depth, channels, height, width]);
      this.#builder.node('Transpose', [apart], { perm: DEPTH_FIRST }, value);
    }
    const { nodes, initializers } = this.#builder.build({ outputs: [] });
    const whole = new GraphBuilder(
      { ...this.#model, initializers, nodes: [...this.#kept, ...nodes] },
      'depth',
    );
    return whole.build({ outputs: this.#model.outputs });
  }

  #onPlanes(node: Node): string | null {
    if (node.domain !== '' || node.outputs.length !== 1) return null;
    const sizes = this.#sizes(node.inputs[0] ?? '');
    const result = this.#sizes(node.outputs[0]!);
    if (!sizes || !result) return null;
    if (!this.#isDeep(node)) return this.#elementwise(node, result);
    const size = [sizes.height, sizes.width] as const;
    const flat = onAxes(node, [1, 2]);
    const along = onAxes(node, [0, 0]);
    if (node.op === 'Conv') {
      const weights = tensorAt(this.#model, node.inputs[1]!);
      if (weights?.type !== DataType.float || intAttribute(node, 'group', 1) !== 1) return null;
      const kernel = weights.dims.slice(2) as [number, number, number];
      const plane = windowOf(flat, size, [kernel[1], kernel[2]]);
      const deep = windowOf(along, [sizes.depth, sizes.depth], [kernel[0], kernel[0]]);
      if (!plane || deep?.dilations[0] !== 1) return null;
      return this.#convolution(node, weights, plane, deep, sizes, result);
    }
    const plane = windowOf(flat, size);
    const deep = windowOf(along, [sizes.depth, sizes.depth]);
    if (!plane || !deep) return null;
    const isMean = node.op === 'AveragePool';
    const rounds = ceilMode(node) || deep.pads[0] > 0 || deep.pads[2] > 0;
    if (isMean && deep.kernel[0] > 1 && rounds) return null;
    return this.#pooling(node, flat, deep, sizes, result);
  }

  /** One convolution for each depth of the result, over the channels of the planes it covers. */
  #convolution(
    node: Node,
    weights: Tensor,
    plane: Window,
    deep: Window,
    { channels, depth }: Deep,
    result: Deep,
  ): string {
    const builder = this.#builder;
    const planes = this.#planesOf(node.inputs[0]!);
    const kernels = new Map<string, string>();
    const parts = Array.from({ length: result.depth }, (_, at) => {
      const start = at * deep.strides[0] - deep.pads[0];
      const from = Math.max(0, -start);
      const to = Math.min(deep.kernel[0], depth - start);
      if (!kernels.has(`${from} ${to}`))
        kernels.set(`${from} ${to}`, builder.constant(side(weights, from, to), 'kernel'));
      return builder.node(
        'Conv',
        [
          this.#slice(planes, (start + from) * channels, (start + to) * channels),
          kernels.get(`${from} ${to}`)!,
          ...node.inputs.slice(2),
        ],
        {
          kernel_shape: [...plane.kernel],
          strides: [...plane.strides],
          dilations: [...plane.dilations],
          pads: [...plane.pads],
        },
      );
    });
    return this.#together('Concat', parts);
  }

  /** Over height and width plane by plane, then over the planes of each window. */
  #pooling(node: Node, flat: Node, deep: Window, { channels, depth }: Deep, result: Deep): string {
    const builder = this.#builder;
    const pooled = builder.nodeWith(node.op, [this.#planesOf(node.inputs[0]!)], flat.attributes);
    if (deep.kernel[0] === 1 && deep.strides[0] === 1 && result.depth === depth) return pooled;
    const parts = Array.from({ length: result.depth }, (_, at) => {
      const first = at * deep.strides[0] - deep.pads[0];
      const covered = Array.from(
        { length: deep.kernel[0] },
        (_, tap) => first + tap * deep.dilations[0],
      ).filter((place) => place >= 0 && place < depth);
      return this.#together(
        node.op === 'MaxPool' ? 'Max' : 'Mean',
        covered.map((place) => this.#slice(pooled, place * channels, (place + 1) * channels)),
      );
    });
    return this.#together('Concat', parts);
  }

  /** What works number by number on planes that are there; null for anything else. */
  #elementwise(node: Node, { channels, depth }: Deep): string | null {
    const row = operatorOf(node);
    const deep = node.inputs.filter((input) => this.#sizes(input));
    if (!row || !deep.some((input) => this.#planes.has(input))) return null;
    const isBatchNormalization = node.op === 'BatchNormalization';
    if (!NUMBER_BY_NUMBER.has(node.op) && !isBatchNormalization) return null;
    const inputs: string[] = [];
    for (const input of node.inputs) {
      const planes = this.#planes.get(input);
      const tensor = tensorAt(this.#model, input);
      if (planes !== undefined) inputs.push(planes);
      else if (input === '' || (tensor && elementCount(tensor.dims) === 1 && !isBatchNormalization))
        inputs.push(input);
      else if (
        tensor?.type === DataType.float &&
        isPerChannel(tensor, channels, isBatchNormalization)
      ) {
        const values = Array.from({ length: depth }, () => [
          ...(tensor.data as Float32Array),
        ]).flat();
        const dims = isBatchNormalization ? [values.length] : [values.length, 1, 1];
        inputs.push(this.#builder.constant(floatTensor(dims, values), 'channels'));
      } else return null;
    }
    return this.#builder.nodeWith(node.op, inputs, node.attributes);
  }

  /** Made out of the value where no planes are known. */
  #planesOf(value: string): string {
    const known = this.#planes.get(value);
    if (known !== undefined) return known;
    const { channels, depth, height, width } = this.#sizes(value)!;
    const planes =
      this.#stackOf(value) ??
      this.#builder.reshape(this.#builder.transpose(value, DEPTH_FIRST), [
        0,
        depth * channels,
        height,
        width,
      ]);
    return planes;
  }

  /** Planes that the value was laid apart from: a stack of frames along the channels. */
  #stackOf(value: string): string | null {
    let order: readonly number[] = [0, 1, 2, 3, 4];
    for (let node = this.#made.get(value); node?.domain === '';) {
      const input = node.inputs[0]!;
      if (node.op === 'Transpose') {
        const perm = intsAttribute(node, 'perm');
        if (!perm) return null;
        order = order.map((axis) => perm[axis]!);
      } else if (node.op === 'Reshape') {
        const [from, to] = [this.#shapes.known(input), this.#shapes.known(node.outputs[0]!)];
        const fits =
          from?.length === 4 &&
          to?.length === 5 &&
          order.join() === DEPTH_FIRST.join() &&
          Number(from[1]) === Number(to[1]) * Number(to[2]) &&
          from[2] === to[3] &&
          from[3] === to[4];
        return fits ? input : null;
      } else if (node.op !== 'Identity') return null;
      node = this.#made.get(input);
    }
    return null;
  }

  #slice(planes: string, from: number, to: number): string {
    const builder = this.#builder;
    if (builder.opset < 10)
      return builder.node('Slice', [planes], { starts: [from], ends: [to], axes: [1] });
    const list = (value: number, name: string) =>
      builder.constant(
        { type: DataType.int64, dims: [1], data: BigInt64Array.of(BigInt(value)) },
        name,
      );
    return builder.node('Slice', [planes, list(from, 'start'), list(to, 'end'), list(1, 'axis')]);
  }

  #together(op: 'Concat' | 'Max' | 'Mean', parts: readonly string[]): string {
    return parts.length === 1
      ? parts[0]!
      : this.#builder.node(op, parts, op === 'Concat' ? { axis: 1 } : {});
  }

  #sizes(value: string): Deep | null {
    const shape = this.#shapes.known(value);
    if (shape?.length !== 5) return null;
    const [, channels, depth, height, width] = shape;
    if (![channels, depth, height, width].every((size) => typeof size === 'number')) return null;
    return { channels, depth, height, width } as Deep;
  }
}

/** [N, C, D, H, W] ↔ [N, D, C, H, W]. */
const DEPTH_FIRST = [0, 2, 1, 3, 4];

const NUMBER_BY_NUMBER: ReadonlySet<string> = new Set([
  ...[
    'Relu',
    'LeakyRelu',
    'Elu',
    'Selu',
    'Celu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'Softsign',
    'Clip',
  ],
  ...['Gelu', 'HardSigmoid', 'HardSwish', 'Mish', 'Swish', 'Identity', 'Dropout', 'Add', 'Sub'],
  ...['Mul', 'Div', 'Neg', 'Abs', 'Exp', 'Sqrt', 'Erf', 'Max', 'Min'],
]);

/** One number for each channel of a value [N, C, D, H, W]. */
function isPerChannel({ dims }: Tensor, channels: number, isList: boolean): boolean {
  return isList
    ? dims.length === 1
    : dims.length >= 4 && dims.at(-4) === channels && elementCount(dims) === channels;
}

/** Weights [K, C, D, H, W] from one depth to another as [K, D·C, H, W]. */
function side({ dims, data }: Tensor, from: number, to: number): Tensor {
  const [outputs, channels, depth, height, width] = dims as [
    number,
    number,
    number,
    number,
    number,
  ];
  const plane = height * width;
  const values = new Float32Array(outputs * (to - from) * channels * plane);
  let at = 0;
  for (let output = 0; output < outputs; output++)
    for (let place = from; place < to; place++)
      for (let channel = 0; channel < channels; channel++) {
        const start = ((output * channels + channel) * depth + place) * plane;
        values.set((data as Float32Array).subarray(start, start + plane), at);
        at += plane;
      }
  return floatTensor([outputs, (to - from) * channels, height, width], values);
}

function tensorAt({ initializers, nodes }: Model, value: string): Tensor | null {
  const found = initializers.get(value);
  if (found || value === '') return found ?? null;
  const made = nodes.find((node) => node.outputs.includes(value));
  return made ? constantOf(made) : null;
}
