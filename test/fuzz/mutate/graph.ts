import type { Random } from '../../../recordings/scene/world/random.ts';
import { knownOperators } from '../../../server/onnx/infer-shapes.ts';

/**
 * An ONNX file as `ModelProto.toObject` gives it, lists always there, numbers of 64 bits as text.
 */
export interface GraphFile {
  irVersion?: unknown;
  opsetImport: { domain?: string; version?: unknown }[];
  metadataProps: { key: string; value: string }[];
  functions: unknown[];
  graph: {
    node: GraphNode[];
    initializer: GraphTensor[];
    input: GraphValue[];
    output: GraphValue[];
    valueInfo: GraphValue[];
    sparseInitializer: unknown[];
  };
}

interface GraphNode {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  domain?: string;
  attribute: GraphAttribute[];
}
interface GraphAttribute {
  name?: string;
  type?: number;
  ints?: unknown[];
  floats?: number[];
  [field: string]: unknown;
}
interface GraphTensor {
  name?: string;
  dims: unknown[];
  dataType?: number;
  rawData?: Uint8Array;
  [field: string]: unknown;
}
interface GraphValue {
  name?: string;
  type?: {
    tensorType?: {
      elemType?: number;
      shape?: { dim: { dimValue?: unknown; dimParam?: string }[] };
    };
  };
}

const OTHER_OPERATORS = [
  'If',
  'Loop',
  'Scan',
  'LSTM',
  'GRU',
  'Einsum',
  'TopK',
  'NonZero',
  'NonMaxSuppression',
  'ScatterND',
  'QLinearConv',
  'QuantizeLinear',
  'DequantizeLinear',
  'GroupNormalization',
  'GridSample',
  'RandomNormal',
  'Attention',
  'relu',
  '',
  'x'.repeat(300),
  '__proto__',
  'constructor',
  'Конв',
];
const ATTRIBUTES = [
  'axis',
  'axes',
  'keepdims',
  'pads',
  'strides',
  'dilations',
  'group',
  'kernel_shape',
  'auto_pad',
  'mode',
  'perm',
  'to',
  'training_mode',
  'ceil_mode',
  'epsilon',
  'alpha',
  'beta',
  'gamma',
  'transA',
  'transB',
  'split',
  'starts',
  'ends',
  'scales',
  'value',
  'min',
  'max',
  'count_include_pad',
  'output_padding',
  'output_shape',
  'blocksize',
  'exclusive',
  'allowzero',
  'noop_with_empty_axes',
  'size',
  'bias',
  'p',
  'start',
  'end',
  'num_outputs',
  'coordinate_transformation_mode',
  'nearest_mode',
  'antialias',
  'keep_aspect_ratio_policy',
  'value_int',
  'value_floats',
  'storage_order',
  'approximate',
  'batch_dims',
  '__proto__',
];
const TEXTS = [
  'SAME_UPPER',
  'SAME_LOWER',
  'VALID',
  'NOTSET',
  'nearest',
  'linear',
  'cubic',
  'constant',
  'reflect',
  'edge',
  'wrap',
  'DCR',
  'CRD',
  'asymmetric',
  'align_corners',
  'tf_crop_and_resize',
  'tanh',
  'not_larger',
  '',
  'x',
];
const SIZES = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  '16',
  '64',
  '100',
  '192',
  '1000',
  '4096',
  '65536',
  '2147483647',
  '4294967296',
  '9007199254740993',
  '9223372036854775807',
  '-1',
  '-2',
  '-3',
  '-4',
  '-100',
  '-2147483648',
  '-9223372036854775808',
];
const FLOATS = [0, -0, 1, -1, 0.5, 2, 1e-7, 1e-45, 1e38, -1e38, Infinity, -Infinity, NaN, 255];
const ELEMENT_TYPES = [0, 1, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 22, 99, -1];

/** Small numbers come more often: they go deeper. */
const size = (random: Random) =>
  random.chance(0.7) ? String(random.below(9) - 2) : random.pick(SIZES);

/** The graph with one to four things changed, as a careless or hostile exporter might. */
export function mutateGraph(file: GraphFile, random: Random): GraphFile {
  const changed = structuredClone(file);
  for (let count = random.pick([1, 1, 1, 2, 2, 3, 4]); count > 0; count--) {
    const { node, initializer, input, output } = changed.graph;
    const part = random.next();
    if (part < 0.6 && node.length > 0) changeNode(changed, random);
    else if (part < 0.78 && initializer.length > 0)
      changeTensor(changed, random.pick(initializer), random);
    else if (part < 0.88 && input.length > 0) changeValue(changed, input, random);
    else if (part < 0.94 && output.length > 0) changeValue(changed, output, random);
    else changeFile(changed, random);
  }
  return changed;
}

const valuesOf = ({ graph }: GraphFile) => [
  ...graph.input.map(({ name }) => name ?? ''),
  ...graph.initializer.map(({ name }) => name ?? ''),
  ...graph.node.flatMap((node) => node.output),
];

function changeNode(file: GraphFile, random: Random): void {
  const { node: nodes } = file.graph;
  const at = random.below(nodes.length);
  const node = nodes[at]!;
  const anyValue = () => random.pick([...valuesOf(file), '', 'nowhere']);
  switch (random.below(18)) {
    case 0:
      node.opType = random.chance(0.85)
        ? random.pick(knownOperators)
        : random.pick(OTHER_OPERATORS);
      return;
    case 1:
      nodes.splice(at, 1);
      if (random.chance(0.8))
        for (const reader of nodes)
          reader.input = reader.input.map((name) =>
            node.output.includes(name) ? (node.input[0] ?? '') : name,
          );
      return;
    case 2:
      nodes.splice(at, 0, {
        ...structuredClone(node),
        output: random.chance(0.3) ? node.output : node.output.map((name) => `${name}_2`),
      });
      return;
    case 3:
    case 4:
      insertBehind(nodes, at, random);
      return;
    case 5:
      node.input.reverse();
      return;
    case 6:
      if (node.input.length > 0)
        node.input[random.below(node.input.length)] = random.chance(0.4) ? '' : anyValue();
      return;
    case 7:
      if (random.chance(0.5)) node.input.pop();
      else node.input.push(anyValue());
      return;
    case 8:
      if (random.chance(0.4)) node.output.pop();
      else
        node.output.push(
          random.chance(0.7) ? `extra${random.below(3)}` : random.pick(['', ...node.output]),
        );
      return;
    case 9:
      node.domain = random.pick(['ai.onnx', 'com.microsoft', 'ai.onnx.ml', 'x', '']);
      return;
    case 10:
      node.attribute = random.chance(0.5) ? [] : node.attribute.filter(() => random.chance(0.5));
      return;
    case 11:
    case 12:
      if (node.attribute.length > 0) changeAttribute(random.pick(node.attribute), random);
      else node.attribute.push(newAttribute(random));
      return;
    case 13:
    case 14:
      node.attribute.push(newAttribute(random));
      return;
    case 15:
      nodes.splice(random.below(nodes.length), 0, ...nodes.splice(at, 1));
      return;
    case 16:
      if (node.name !== undefined)
        node.name = random.pick(['', '\u202e', '\u001b[31m', 'x'.repeat(500)]);
      return;
    default:
      secondInput(file, node, random);
  }
}

/** Another node between one and those that read it. */
function insertBehind(nodes: GraphNode[], at: number, random: Random): void {
  const before = nodes[at]!;
  const name = before.output[0];
  if (!name) return;
  const made = `inserted${nodes.length}`;
  const second = random.chance(0.4)
    ? [random.pick([name, name, random.pick(before.input.length > 0 ? before.input : [''])])]
    : [];
  for (const reader of nodes)
    reader.input = reader.input.map((each) => (each === name ? made : each));
  nodes.splice(at + 1, 0, {
    opType: random.pick(knownOperators),
    input: [name, ...second],
    output: [made],
    name: made,
    attribute: random.chance(0.4) ? [newAttribute(random)] : [],
  });
}

/** A parameter as later operator sets have it: a short constant as an input. */
function secondInput(file: GraphFile, node: GraphNode, random: Random): void {
  const name = `parameter${file.graph.initializer.length}`;
  const count = random.below(5);
  const whole = random.chance(0.7);
  const data = Buffer.alloc(count * (whole ? 8 : 4));
  for (let index = 0; index < count; index++) {
    if (whole) data.writeBigInt64LE(BigInt(size(random)), index * 8);
    else data.writeFloatLE(random.pick(FLOATS), index * 4);
  }
  file.graph.initializer.push({
    name,
    dims: count === 1 && random.chance(0.5) ? [] : [String(count)],
    dataType: whole ? 7 : 1,
    rawData: data,
  });
  if (node.input.length > 1 && random.chance(0.7))
    node.input[1 + random.below(node.input.length - 1)] = name;
  else node.input.push(name);
}

function changeAttribute(attribute: GraphAttribute, random: Random): void {
  const ints = attribute.ints ?? [];
  switch (random.below(7)) {
    case 0:
      Object.assign(attribute, newAttribute(random), { name: attribute.name });
      return;
    case 1:
      attribute.name = random.pick(ATTRIBUTES);
      return;
    case 2:
      attribute.type = random.below(16);
      return;
    case 3:
      if (random.chance(0.5)) ints.pop();
      else ints.push(size(random));
      attribute.ints = ints;
      return;
    case 4:
      attribute['i'] = size(random);
      attribute['f'] = random.pick(FLOATS);
      attribute['s'] = Buffer.from(random.pick(TEXTS));
      return;
    default:
      if (ints.length > 0) ints[random.below(ints.length)] = size(random);
      else attribute['i'] = size(random);
  }
}

function newAttribute(random: Random): GraphAttribute {
  const name = random.pick(ATTRIBUTES);
  switch (random.below(8)) {
    case 0:
      return { name, type: 1, f: random.pick(FLOATS) };
    case 1:
    case 2:
      return { name, type: 2, i: size(random) };
    case 3:
      return { name, type: 3, s: Buffer.from(random.pick(TEXTS)) };
    case 4:
      return {
        name,
        type: 4,
        t: { dims: ['1'], dataType: 1, rawData: Buffer.from([0, 0, 0, 0x3f]) },
      };
    case 5:
      return {
        name,
        type: 6,
        floats: [random.pick(FLOATS), 1, 2, 2].slice(0, 1 + random.below(4)),
      };
    case 6:
      return {
        name,
        type: 5,
        g: {
          node: [{ opType: 'Relu', input: ['image'], output: ['inner'], attribute: [] }],
          output: [{ name: 'inner' }],
        },
      };
    default:
      return { name, type: 7, ints: Array.from({ length: random.below(6) }, () => size(random)) };
  }
}

function changeTensor({ graph }: GraphFile, tensor: GraphTensor, random: Random): void {
  const { dims } = tensor;
  const raw = tensor.rawData ?? new Uint8Array(0);
  switch (random.below(13)) {
    case 0:
      tensor.dims = [...dims].reverse();
      return;
    case 1:
      tensor.dims = [String(dims.reduce((product: number, dim) => product * Number(dim), 1))];
      return;
    case 2:
      tensor.dims = random.chance(0.5) ? ['1', ...dims] : [...dims, '1'];
      return;
    case 3:
      tensor.dims = dims.filter((dim) => dim !== '1');
      return;
    case 4:
      if (dims.length > 0) dims[random.below(dims.length)] = size(random);
      return;
    case 5:
      tensor.dataType = random.pick(ELEMENT_TYPES);
      return;
    case 6:
    case 7: {
      const changed = Buffer.from(raw);
      const value = random.pick(FLOATS);
      const all = random.chance(0.5);
      for (
        let at = all ? 0 : 4 * random.below(Math.max(1, raw.length >> 2));
        at + 4 <= changed.length;
        at += 4
      ) {
        changed.writeFloatLE(value, at);
        if (!all) break;
      }
      tensor.rawData = changed;
      return;
    }
    // All weights there are for another size: what is read agrees with itself, and the network no
    // longer does.
    case 8:
    case 9: {
      const at = random.below(Math.max(1, dims.length));
      const before = dims.reduce((product: number, dim) => product * Number(dim), 1);
      if (dims.length === 0 || before === 0 || before > 1e5) return;
      dims[at] = String(random.below(7));
      const after = dims.reduce((product: number, dim) => product * Number(dim), 1);
      const width = raw.length / before;
      tensor.rawData = Buffer.alloc(after * width, raw);
      return;
    }
    case 10:
      tensor.name = random.pick(['', 'image', `${tensor.name}x`]);
      return;
    case 11:
      graph.initializer = graph.initializer.filter((each) => each !== tensor || random.chance(0.3));
      tensor.rawData = new Uint8Array(0);
      return;
    default: {
      if (random.chance(0.3)) {
        Object.assign(tensor, {
          dataLocation: 1,
          externalData: [
            { key: 'location', value: random.pick(['../x', '/etc/passwd', 'weights.bin', '']) },
          ],
        });
        return;
      }
      graph.initializer = graph.initializer.filter((each) => each !== tensor);
      graph.node.unshift({
        opType: 'Constant',
        input: [],
        output: [tensor.name ?? ''],
        name: '',
        attribute: [{ name: 'value', type: 4, t: { ...tensor, name: '' } }],
      });
    }
  }
}

function changeValue(file: GraphFile, values: GraphValue[], random: Random): void {
  const at = random.below(values.length);
  const value = values[at]!;
  const tensor = value.type?.tensorType;
  const dim = tensor?.shape?.dim;
  switch (random.below(12)) {
    case 0:
      if (tensor) tensor.elemType = random.pick(ELEMENT_TYPES);
      return;
    case 1:
      if (tensor) delete tensor.shape;
      return;
    case 2:
      delete value.type;
      return;
    case 3:
      value.name = random.pick([...valuesOf(file), 'other', '']);
      return;
    case 4:
      values.splice(at, 1);
      return;
    case 5:
    case 6:
      values.push({ ...structuredClone(value), name: random.pick([...valuesOf(file), 'second']) });
      return;
    case 7:
      dim?.push({ dimValue: size(random) });
      return;
    case 8:
      dim?.shift();
      return;
    case 9:
      if (dim && dim.length > 0)
        dim[random.below(dim.length)] = { dimParam: random.pick(['N', 'H', '', 'x'.repeat(200)]) };
      return;
    default:
      if (dim && dim.length > 0) dim[random.below(dim.length)] = { dimValue: size(random) };
  }
}

function changeFile(file: GraphFile, random: Random): void {
  const [opset] = file.opsetImport;
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      if (opset) opset.version = random.chance(0.8) ? String(6 + random.below(20)) : size(random);
      return;
    case 3:
      file.opsetImport.push({
        domain: random.pick(['', 'ai.onnx', 'ai.onnx.ml']),
        version: size(random),
      });
      return;
    case 4:
      file.irVersion = size(random);
      return;
    case 5:
      file.metadataProps.push({
        key: 'roadgaze',
        value: random.pick([
          '',
          '{}',
          '{"roadgaze":1,"kind":"steering","output":{"index":3}}',
          '{"roadgaze":1,"kind":"road"}',
        ]),
      });
      return;
    case 6:
      file.functions.push({ name: 'Conv', domain: '' });
      return;
    default:
      file.graph.sparseInitializer.push({ values: { dims: ['1'], dataType: 1, name: 'sparse' } });
  }
}
