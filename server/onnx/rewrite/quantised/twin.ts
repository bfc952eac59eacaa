import { attributes, intAttribute, type PlainAttribute } from '../../attributes.ts';
import type { Attribute, Node, ValueInfo } from '../../graph.ts';
import { DataType, elementCount, floatTensor, tensorNumbers, type Tensor } from '../../tensor.ts';

/** Collects the nodes that compute in numbers what a node computes in whole ones. */
export class Twin {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  /** Values of the network that do not count as depending on the picture. */
  readonly held: ValueInfo[] = [];
  readonly node: Node;
  readonly #constantOf: (value: string) => Tensor | null;

  constructor(node: Node, constantOf: (value: string) => Tensor | null) {
    this.node = node;
    this.#constantOf = constantOf;
  }

  #name(hint: string): string {
    const count = this.nodes.length + this.initializers.size;
    return `${this.node.outputs[0]}/numbers/${hint}_${count}`;
  }

  constant(tensor: Tensor): string {
    const name = this.#name('constant');
    this.initializers.set(name, tensor);
    return name;
  }

  append(
    op: string,
    inputs: readonly string[],
    plain: Readonly<Record<string, PlainAttribute>> | ReadonlyMap<string, Attribute> = {},
    output = this.#name(op),
  ): string {
    this.nodes.push({
      op,
      domain: '',
      name: output,
      inputs,
      outputs: [output],
      attributes: plain instanceof Map ? plain : attributes(plain as never),
    });
    return output;
  }

  /** Input `at` of the node, or '' where it is left out. */
  input(at: number): string {
    return this.node.inputs[at] ?? '';
  }

  /** (x − zero)·scale, where these are constants with one number each, or along `axis`. */
  numbers(value: string, scale: string, zero: string, axis = 0): string {
    const tensor = this.#constantOf(value);
    const weights = tensor && this.#constantNumbers(tensor, scale, zero, axis);
    if (weights) return this.constant(weights);
    return this.append('DequantizeLinear', [value, scale, ...(zero ? [zero] : [])]);
  }

  /** Of a DequantizeLinear of constants, what it gives. */
  weights(): Tensor | null {
    const [value, scale = '', zero = ''] = this.node.inputs as [string, string?, string?];
    const tensor = this.#constantOf(value);
    const factors = this.#constantOf(scale);
    // A scale for each block is for the network to compute.
    if (!tensor || !factors || factors.dims.length > 1) return null;
    const axis = intAttribute(this.node, 'axis', 1);
    return this.#constantNumbers(tensor, scale, zero, axis < 0 ? axis + tensor.dims.length : axis);
  }

  #constantNumbers(tensor: Tensor, scale: string, zero: string, axis: number): Tensor | null {
    const factors = this.factors(scale);
    const offsets = zero ? this.factors(zero) : [0];
    if (!factors || !offsets) return null;
    const inner = elementCount(tensor.dims.slice(axis + 1));
    const size = tensor.dims[axis] ?? 1;
    const at = (list: readonly number[], index: number) =>
      list.length === 1 ? list[0]! : list[Math.floor(index / inner) % size]!;
    return floatTensor(
      tensor.dims,
      tensorNumbers(tensor).map((each, index) => (each - at(offsets, index)) * at(factors, index)),
    );
  }

  /** The numbers of a constant; null where the value is none. */
  factors(value: string): readonly number[] | null {
    const tensor = this.initializers.get(value) ?? this.#constantOf(value);
    return tensor && tensorNumbers(tensor);
  }

  /** A bias in whole numbers, each worth the product of the scales. */
  bias(value: string, scales: readonly string[]): string | null {
    const tensor = value ? this.#constantOf(value) : null;
    const factors = scales.map((scale) => this.factors(scale));
    if (!tensor || factors.some((each) => each === null)) return null;
    return this.constant(
      floatTensor(
        tensor.dims,
        tensorNumbers(tensor).map((each, index) =>
          factors.reduce((all, list) => all * list![index % list!.length]!, each),
        ),
      ),
    );
  }

  /** In whole numbers again, as the output of the node itself. */
  rounded(value: string, scale: string, zero: string): void {
    this.append(
      'QuantizeLinear',
      [value, scale, ...(zero ? [zero] : [])],
      {},
      this.node.outputs[0],
    );
  }

  hold(output: number, type: number): void {
    const name = this.node.outputs[output];
    if (name) this.held.push({ name, type, shape: [] });
  }

  /** As whole numbers, where they were scaled by nothing yet. */
  whole(value: string): void {
    this.append('Cast', [value], { to: DataType.int32 }, this.node.outputs[0]);
  }

  /** A scale of 1. */
  one(): string {
    return this.constant(floatTensor([], [1]));
  }
}
