import type { Attribute, Model, Node } from '../../server/onnx/graph.ts';
import { DataType, type Tensor } from '../../server/onnx/tensor.ts';

/** The nearest float16 of a number that is neither tiny nor huge, as its bits. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  const exponent = Math.max(-14, Math.min(15, Math.floor(Math.log2(size))));
  const fraction = Math.round((size / 2 ** exponent - 1) * 1024);
  if (fraction < 0) return sign | Math.round(size * 2 ** 24);
  return sign + ((exponent + 15) << 10) + fraction;
}

function half(tensor: Tensor): Tensor {
  return tensor.type === DataType.float
    ? {
        type: DataType.float16,
        dims: tensor.dims,
        data: Uint16Array.from(tensor.data as Float32Array, halfBits),
      }
    : tensor;
}

/** Inputs that stay float32 whatever the data is: how much a Resize scales. */
const keepsFloat = (node: Node) =>
  node.op === 'Resize' || node.op === 'Upsample' ? node.inputs.slice(1) : [];

/**
 * The network in float16 throughout, but for its input and its one output, as converters make it.
 */
export function inHalfPrecision(model: Model): Model {
  const kept = new Set(model.nodes.flatMap(keepsFloat));
  const input = model.inputs[0]!.name;
  const output = model.outputs[0]!.name;
  const renamed = (name: string) =>
    name === input ? `${input}/half` : name === output ? `${output}/half` : name;
  const cast = (from: string, to: string, type: number): Node => ({
    op: 'Cast',
    domain: '',
    name: `cast ${to}`,
    inputs: [from],
    outputs: [to],
    attributes: new Map<string, Attribute>([['to', { kind: 'int', value: BigInt(type) }]]),
  });
  const plain = (attribute: Attribute, name: string): Attribute => {
    if (attribute.kind === 'tensor') return { kind: 'tensor', value: half(attribute.value) };
    return name === 'to' && attribute.kind === 'int' && attribute.value === BigInt(DataType.float)
      ? { kind: 'int', value: BigInt(DataType.float16) }
      : attribute;
  };
  const nodes = model.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map(renamed),
    attributes: new Map(
      [...node.attributes].map(([name, attribute]) => [name, plain(attribute, name)]),
    ),
  }));
  return {
    ...model,
    nodes: [
      cast(input, renamed(input), DataType.float16),
      ...nodes,
      cast(renamed(output), output, DataType.float),
    ],
    initializers: new Map(
      [...model.initializers].map(([name, tensor]) => [
        name,
        kept.has(name) ? tensor : half(tensor),
      ]),
    ),
  };
}
