import { attributes, type PlainAttribute } from './attributes.ts';
import {
  inTopologicalOrder,
  type Attribute,
  type Model,
  type Node,
  type ValueInfo,
} from './graph.ts';
import { beyondLimit, inBytes, LIMITS } from './limits.ts';
import { areLarge } from './large-weights.ts';
import { floatTensor, int64Tensor, scalar, type Tensor, type TensorData } from './tensor.ts';

/**
 * Appends nodes to a model. Operators whose form changed between operator sets are written in the
 * form of the model's own set. Names of new values and nodes start with `prefix`, and never meet
 * the model's.
 */
export class GraphBuilder {
  readonly opset: number;
  readonly #model: Model;
  readonly #prefix: string;
  readonly #nodes: Node[];
  readonly #initializers: Map<string, Tensor>;
  readonly #taken: Set<string>;
  /** Names of large weights, by their data. */
  readonly #large = new Map<TensorData, readonly string[]>();
  #count = 0;
  #addedBytes = 0;

  constructor(model: Model, prefix: string) {
    this.opset = model.opset;
    this.#model = model;
    this.#prefix = prefix;
    this.#nodes = [...model.nodes];
    this.#initializers = new Map(model.initializers);
    for (const [name, { data }] of model.initializers)
      if (areLarge(data)) this.#large.set(data, [...(this.#large.get(data) ?? []), name]);
    this.#taken = new Set([
      ...model.initializers.keys(),
      ...model.inputs.map((input) => input.name),
      ...model.nodes.flatMap((node) => [node.name, ...node.outputs]),
    ]);
  }

  #name(hint: string): string {
    let name: string;
    do name = `${this.#prefix}/${hint}_${this.#count++}`;
    while (this.#taken.has(name));
    this.#taken.add(name);
    return name;
  }

  /** Large weights that are there already are used again. */
  constant(tensor: Tensor, hint = 'constant'): string {
    const isLarge = areLarge(tensor.data);
    const before = isLarge ? this.#sameAs(tensor) : undefined;
    if (before !== undefined) return before;
    const name = this.#name(hint);
    this.#initializers.set(name, tensor);
    if (isLarge) this.#large.set(tensor.data, [...(this.#large.get(tensor.data) ?? []), name]);
    this.#addedBytes += tensor.data.byteLength;
    if (this.#addedBytes > LIMITS.addedBytes)
      throw beyondLimit(
        this.#model.source,
        `needs more than ${inBytes(LIMITS.addedBytes)} of constants to be explained so, which is the limit`,
      );
    return name;
  }

  #sameAs({ dims, data }: Tensor): string | undefined {
    return this.#large
      .get(data)
      ?.find((name) => this.#initializers.get(name)!.dims.join() === dims.join());
  }

  /**
   * Appends a node with one output and gives that output's name, which is `output` where the caller
   * must know it.
   */
  node(
    op: string,
    inputs: readonly string[],
    plain: Readonly<Record<string, PlainAttribute>> = {},
    output?: string,
  ): string {
    return this.nodeWith(op, inputs, attributes(plain), output);
  }

  /** The same, with attributes as a node has them. */
  nodeWith(
    op: string,
    inputs: readonly string[],
    own: ReadonlyMap<string, Attribute>,
    output?: string,
  ): string {
    const name = output ?? this.#name(op);
    this.#taken.add(name);
    if (this.#nodes.length - this.#model.nodes.length > LIMITS.addedNodes)
      throw beyondLimit(
        this.#model.source,
        `needs more than ${LIMITS.addedNodes} further nodes to be explained so, which is the limit`,
      );
    this.#nodes.push({
      op,
      domain: '',
      name: this.#name(`${op}_node`),
      inputs,
      outputs: [name],
      attributes: own,
    });
    return name;
  }

  /** 0 in `shape` copies the axis. */
  reshape(value: string, shape: readonly number[], output?: string): string {
    return this.node('Reshape', [value, this.constant(int64Tensor(shape), 'shape')], {}, output);
  }

  transpose(value: string, order: readonly number[]): string {
    return order.every((axis, position) => axis === position)
      ? value
      : this.node('Transpose', [value], { perm: order });
  }

  scale(value: string, factor: number): string {
    return this.node('Mul', [value, this.constant(scalar(factor), 'factor')]);
  }

  /**
   * ReduceMin, ReduceMax, ReduceMean or ReduceSum with kept dimensions. Axes are an attribute up to
   * operator set 17 (ReduceSum: 12).
   */
  reduce(
    op: 'ReduceMin' | 'ReduceMax' | 'ReduceMean' | 'ReduceSum',
    value: string,
    axes: readonly number[],
  ): string {
    const asInput = this.opset >= (op === 'ReduceSum' ? 13 : 18);
    return asInput
      ? this.node(op, [value, this.constant(int64Tensor(axes), 'axes')], { keepdims: 1 })
      : this.node(op, [value], { axes, keepdims: 1 });
  }

  /** Pads with one value; `pads` are the begins of all axes, then their ends; negative ones cut. */
  pad(value: string, pads: readonly number[], fill = 0): string {
    if (pads.every((pad) => pad === 0)) return value;
    if (this.opset < 11)
      return this.node('Pad', [value], { pads, ...(fill === 0 ? {} : { value: { float: fill } }) });
    return this.node('Pad', [
      value,
      this.constant(int64Tensor(pads), 'pads'),
      ...(fill === 0 ? [] : [this.constant(scalar(fill), 'fill')]),
    ]);
  }

  /** Limits values to low…high. */
  clip(value: string, low: number, high: number): string {
    return this.opset >= 11
      ? this.node('Clip', [
          value,
          this.constant(scalar(low), 'low'),
          this.constant(scalar(high), 'high'),
        ])
      : this.node('Clip', [value], { min: { float: low }, max: { float: high } });
  }

  ones(dims: readonly number[]): string {
    return this.constant(
      floatTensor(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(1)),
      'ones',
    );
  }

  build(changes: { inputs?: readonly ValueInfo[]; outputs: readonly ValueInfo[] }): Model {
    const inputs = changes.inputs ?? this.#model.inputs;
    const given = [...this.#initializers.keys(), ...inputs.map((input) => input.name)];
    const nodes = inTopologicalOrder(this.#model.source, this.#nodes, given);
    return {
      ...this.#model,
      nodes,
      initializers: this.#initializers,
      inputs,
      outputs: changes.outputs,
    };
  }
}
