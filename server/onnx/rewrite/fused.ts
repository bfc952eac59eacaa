import {
  attributes,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  stringAttribute,
} from '../attributes.ts';
import { GraphBuilder } from '../builder.ts';
import type { Attribute, Model, Node } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { scalar } from '../tensor.ts';

/**
 * The same network with what ONNX Runtime fuses when it optimises a file as the operators of ONNX
 * that it was made of.
 */
export function withoutFusions(model: Model): Model {
  let plain = model;
  for (const node of model.nodes) {
    const isKnown = node.domain === 'com.microsoft' && Object.hasOwn(fusions, node.op);
    const write = isKnown ? fusions[node.op] : undefined;
    if (!write) continue;
    const builder = new GraphBuilder(
      { ...plain, nodes: plain.nodes.filter((each) => each !== node) },
      node.name || node.outputs[0]!,
    );
    if (write({ builder, node, shapes: inferWhatIsKnown(plain) }))
      plain = builder.build({ outputs: plain.outputs });
  }
  return plain;
}

interface Fusion {
  readonly builder: GraphBuilder;
  readonly node: Node;
  readonly shapes: Shapes;
}

/** Appends what gives the node's outputs; false for forms that are not known. */
type Write = (fusion: Fusion) => boolean;

const given = (node: Node, ...names: readonly string[]): ReadonlyMap<string, Attribute> =>
  new Map([...node.attributes].filter(([name]) => names.includes(name)));

const float = (value: number) => ({ float: value });

/** The layer, another value added to it, and an activation. */
const layer =
  (op: 'Conv' | 'Gemm', added: number | null, own: readonly string[]): Write =>
  ({ builder, node }) => {
    const activation = stringAttribute(node, 'activation', '');
    const parameters = floatsAttribute(node, 'activation_params') ?? [
      floatAttribute(node, 'activation_alpha', NaN),
      floatAttribute(node, 'activation_beta', NaN),
    ];
    const [output] = node.outputs as [string];
    const other = added === null ? '' : (node.inputs[added] ?? '');
    const inputs = node.inputs.slice(0, 3);
    const last = inputs.findLastIndex((input) => input !== '');
    const isLast = activation === '' && other === '';
    const sum = builder.nodeWith(
      op,
      inputs.slice(0, last + 1),
      given(node, ...own),
      isLast ? output : undefined,
    );
    if (isLast) return true;
    const total =
      other === ''
        ? sum
        : builder.node('Add', [sum, other], {}, activation === '' ? output : undefined);
    return activation === '' || activated(builder, activation, parameters, total, output);
  };

function activated(
  builder: GraphBuilder,
  activation: string,
  [alpha = NaN, beta = NaN]: readonly number[],
  value: string,
  output: string,
): boolean {
  switch (activation) {
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
      builder.node(activation, [value], {}, output);
      return true;
    case 'LeakyRelu':
      builder.node('LeakyRelu', [value], { alpha: float(alpha) }, output);
      return true;
    case 'HardSigmoid':
      builder.node('HardSigmoid', [value], { alpha: float(alpha), beta: float(beta) }, output);
      return true;
    case 'Clip':
      builder.node('Identity', [builder.clip(value, alpha, beta)], {}, output);
      return true;
    default:
      return false;
  }
}

const CONVOLUTION = ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'];

/** x·(1 + erf(x ÷ √2)) ÷ 2, or with a bias added first. */
const gelu: Write = ({ builder, node }) => {
  const [x = '', bias] = node.inputs;
  const value = bias ? builder.node('Add', [x, bias]) : x;
  const bent = builder.node('Erf', [builder.scale(value, Math.SQRT1_2)]);
  const gate = builder.node('Add', [bent, builder.constant(scalar(1))]);
  const half = builder.constant(scalar(0.5));
  builder.node('Mul', [builder.node('Mul', [value, gate]), half], {}, node.outputs[0]);
  return true;
};

/** The same by tanh. */
const fastGelu: Write = ({ builder, node }) => {
  const [x = '', bias] = node.inputs;
  const value = bias ? builder.node('Add', [x, bias]) : x;
  const cube = builder.node('Mul', [builder.node('Mul', [value, value]), value]);
  const inner = builder.node('Add', [value, builder.scale(cube, 0.044715)]);
  const bent = builder.node('Tanh', [builder.scale(inner, Math.sqrt(2 / Math.PI))]);
  const gate = builder.node('Add', [bent, builder.constant(scalar(1))]);
  const half = builder.constant(scalar(0.5));
  builder.node('Mul', [builder.node('Mul', [value, gate]), half], {}, node.outputs[0]);
  return true;
};

/** x·σ(αx). */
const quickGelu: Write = ({ builder, node }) => {
  const [x] = node.inputs as [string];
  const scaled = builder.scale(x, floatAttribute(node, 'alpha', 1.702));
  builder.node('Mul', [x, builder.node('Sigmoid', [scaled])], {}, node.outputs[0]);
  return true;
};

const matMul: Write = ({ builder, node, shapes }) => {
  if (['transBatchA', 'transBatchB'].some((name) => intAttribute(node, name, 0) !== 0))
    return false;
  const [a, b] = ['transA', 'transB'].map((name, index) => {
    const value = node.inputs[index]!;
    if (intAttribute(node, name, 0) === 0) return value;
    const rank = shapes.known(value)?.length;
    if (rank === undefined || rank < 2) return null;
    const order = Array.from({ length: rank }, (_, axis) => axis);
    return builder.transpose(value, [...order.slice(0, -2), rank - 1, rank - 2]);
  });
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const alpha = builder.constant(scalar(floatAttribute(node, 'alpha', 1)));
  builder.node('Mul', [builder.node('MatMul', [a, b]), alpha], {}, node.outputs[0]);
  return true;
};

/** A sum, and LayerNormalization or RMSNormalization of it over the last axis. */
const skipNorm =
  (op: 'LayerNormalization' | 'RMSNormalization', biasAt: number): Write =>
  ({ builder, node }) => {
    const [x, skip, scale] = node.inputs as [string, string, string];
    if (builder.opset < (op === 'LayerNormalization' ? 17 : 23)) return false;
    if (node.outputs.slice(1, 3).some((output) => output !== '')) return false;
    const bias = node.inputs[biasAt];
    const first = builder.node('Add', [x, skip]);
    const sum = bias ? builder.node('Add', [first, bias]) : first;
    const shift = op === 'LayerNormalization' ? node.inputs[3] : undefined;
    const epsilon = float(floatAttribute(node, 'epsilon', 1e-12));
    builder.nodeWith(
      op,
      [sum, scale, ...(shift ? [shift] : [])],
      attributes({ axis: -1, epsilon }),
      node.outputs[0],
    );
    if (node.outputs[3]) builder.node('Identity', [sum], {}, node.outputs[3]);
    return true;
  };

const fusions: Readonly<Record<string, Write>> = {
  FusedConv: layer('Conv', 3, CONVOLUTION),
  FusedGemm: layer('Gemm', null, ['alpha', 'beta', 'transA', 'transB']),
  FusedMatMul: matMul,
  Gelu: gelu,
  BiasGelu: gelu,
  FastGelu: fastGelu,
  QuickGelu: quickGelu,
  SkipLayerNormalization: skipNorm('LayerNormalization', 4),
  SkipSimplifiedLayerNormalization: skipNorm('RMSNormalization', 3),
};
