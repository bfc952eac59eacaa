import { attributes, type PlainAttribute } from '../../server/onnx/attributes.ts';
import type { Attribute, Model, Node, Shape, ValueInfo } from '../../server/onnx/graph.ts';
import {
  DataType,
  elementCount,
  floatTensor,
  int64Tensor,
  type Tensor,
} from '../../server/onnx/tensor.ts';
import { writeModel } from '../../server/onnx/write-model.ts';

/** Numbers in low…high that are the same in every run (mulberry32). */
export function randomNumbers(seed: number): (low?: number, high?: number) => number {
  let state = seed >>> 0;
  return (low = 0, high = 1) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return low + (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (high - low);
  };
}

export interface ConvolutionForm {
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly group?: number;
  readonly autoPad?: string;
  readonly bias?: boolean;
}

export interface NetworkOptions {
  readonly opset?: number;
  readonly seed?: number;
  readonly name?: string;
}

/**
 * Builds small networks for tests, value by value; every method gives the name of the value that it
 * adds.
 */
export class Network {
  readonly opset: number;
  readonly random: (low?: number, high?: number) => number;
  readonly nodes: Node[] = [];
  readonly inputs: ValueInfo[] = [];
  readonly initializers = new Map<string, Tensor>();
  readonly #name: string;
  #count = 0;

  constructor({ opset = 13, seed = 1, name = 'test.onnx' }: NetworkOptions = {}) {
    this.opset = opset;
    this.random = randomNumbers(seed);
    this.#name = name;
  }

  input(name: string, shape: Shape, type: number = DataType.float): string {
    this.inputs.push({ name, type, shape });
    return name;
  }

  constant(tensor: Tensor, name = `constant${this.#count++}`): string {
    this.initializers.set(name, tensor);
    return name;
  }

  floats(dims: readonly number[], low = -0.5, high = 0.5): string {
    return this.constant(
      floatTensor(
        dims,
        Array.from({ length: elementCount(dims) }, () => this.random(low, high)),
      ),
    );
  }

  ints(...values: number[]): string {
    return this.constant(int64Tensor(values));
  }

  node(
    op: string,
    inputs: readonly string[],
    plain: Readonly<Record<string, PlainAttribute>> = {},
    output?: string,
  ): string {
    return this.nodeOf(op, inputs, attributes(plain), [output ?? `${op}${this.#count++}`])[0]!;
  }

  nodeOf(
    op: string,
    inputs: readonly string[],
    attributesOfNode: ReadonlyMap<string, Attribute>,
    outputs: readonly string[],
    domain = '',
  ): readonly string[] {
    this.nodes.push({
      op,
      domain,
      name: `${op}_${this.#count++}`,
      inputs,
      outputs,
      attributes: attributesOfNode,
    });
    return outputs;
  }

  convolution(
    value: string,
    channels: { readonly from: number; readonly to: number },
    form: ConvolutionForm,
    output?: string,
  ): string {
    const group = form.group ?? 1;
    const inputs = [
      value,
      this.floats([channels.to, channels.from / group, ...form.kernel], -0.35, 0.65),
    ];
    if (form.bias ?? true) inputs.push(this.floats([channels.to]));
    return this.node(
      'Conv',
      inputs,
      {
        kernel_shape: form.kernel,
        group,
        ...(form.strides ? { strides: form.strides } : {}),
        ...(form.pads ? { pads: form.pads } : {}),
        ...(form.dilations ? { dilations: form.dilations } : {}),
        ...(form.autoPad ? { auto_pad: form.autoPad } : {}),
      },
      output,
    );
  }

  batchNormalization(value: string, channels: number, output?: string): string {
    const parameters = [
      this.floats([channels], 0.5, 1.5),
      this.floats([channels]),
      this.floats([channels]),
      this.floats([channels], 0.5, 2),
    ];
    return this.node(
      'BatchNormalization',
      [value, ...parameters],
      { epsilon: { float: 1e-3 } },
      output,
    );
  }

  /** Flatten and a dense layer to one number, as the steering output of a network. */
  steering(value: string, features: number, output = 'steering'): string {
    return this.node(
      'Gemm',
      [this.node('Flatten', [value]), this.floats([features, 1]), this.floats([1])],
      {},
      output,
    );
  }

  model(outputs: readonly (string | ValueInfo)[]): Model {
    return {
      source: this.#name,
      irVersion: 8,
      opset: this.opset,
      otherOpsets: new Map(),
      metadata: new Map(),
      name: 'network',
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: this.inputs,
      outputs: outputs.map((output) =>
        typeof output === 'string' ? { name: output, type: DataType.float, shape: null } : output,
      ),
    };
  }

  bytes(outputs: readonly (string | ValueInfo)[]): Uint8Array {
    return writeModel(this.model(outputs));
  }
}
