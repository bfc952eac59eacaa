import { RoadgazeError } from '../../shared/errors.ts';
import { checkFileLimits } from './file-scan.ts';
import {
  inTopologicalOrder,
  type Attribute,
  type Model,
  type Node,
  type Subgraph,
  type ValueInfo,
} from './graph.ts';
import { inlineFunctions, type ModelFunction } from './inline-functions.ts';
import { capturedBy, withCaptured } from './subgraphs.ts';
import { beyondLimit, LIMITS } from './limits.ts';
import {
  ModelProto,
  type AttributeMessage,
  type FunctionMessage,
  type GraphMessage,
  type Int64,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './schema.ts';
import {
  dataConstructor,
  dataTypeName,
  DataType,
  elementCount,
  type Tensor,
  type TensorData,
} from './tensor.ts';

const number = (value: Int64) => Number(value.toString());
const bigint = (value: Int64) => BigInt(value.toString());
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

/** What ONNX Runtime 1.30 reads. */
const [NEWEST_IR, OLDEST_OPSET, NEWEST_OPSET] = [13, 7, 26];

/** Bytes that a tensor keeps in a file beside the model. */
export type ExternalData = (location: string, offset: number, length: number | null) => Uint8Array;

/**
 * Reads an ONNX model. `source` names it in messages. Throws MODEL_UNREADABLE for anything that is
 * not a whole model.
 */
export function readModel(bytes: Uint8Array, source: string, externalData?: ExternalData): Model {
  if (bytes.length > 0) checkFileLimits(bytes, source);
  const message = decode(bytes, source);
  const irVersion = number(message.irVersion);
  if (irVersion > NEWEST_IR)
    throw new RoadgazeError(
      'MODEL_UNREADABLE',
      `${source} is written in version ${irVersion} of the ONNX file format; ONNX Runtime reads up to ${NEWEST_IR} here.`,
      'Export it with an older version of ONNX, or set ir_version to a lower number.',
    );
  const graph = message.graph;
  if (!graph || graph.node.length === 0) throw unreadable(source, 'holds no network');
  if (graph.sparseInitializer.length > 0) {
    throw new RoadgazeError(
      'MODEL_OPERATOR_UNSUPPORTED',
      `${source} keeps weights as sparse tensors, which Roadgaze does not read.`,
      'Export the network with dense weights.',
    );
  }
  const initializers = new Map(
    graph.initializer.map((tensor) => [tensor.name, readTensor(tensor, source, externalData)]),
  );
  const inputs = graph.input.filter((input) => !initializers.has(input.name)).map(readValueInfo);
  if (inputs.length > LIMITS.ends)
    throw beyondLimit(source, `has ${inputs.length} inputs; the limit is ${LIMITS.ends}`);
  const twice = inputs.find(
    ({ name }, index) => inputs.findIndex((input) => input.name === name) !== index,
  );
  if (twice) throw unreadable(source, `has two inputs called "${twice.name}"`);
  const outputs = graph.output.map(readValueInfo);
  const nodes = inTopologicalOrder(
    source,
    inlineFunctions(
      source,
      graph.node.map((node) => readNode(node, source, externalData)),
      message.functions.map((each) => readFunction(each, source)),
    ),
    [...initializers.keys(), ...inputs.map((input) => input.name)],
  );
  const made = new Set([
    ...nodes.flatMap((node) => node.outputs),
    ...inputs.map((input) => input.name),
    ...initializers.keys(),
  ]);
  const lost = outputs.find((output) => !made.has(output.name));
  if (outputs.length === 0 || lost)
    throw unreadable(
      source,
      lost ? `has no node that gives its output "${lost.name}"` : 'has no output',
    );

  const opsets = new Map(
    message.opsetImport.map((entry) => [
      entry.domain === 'ai.onnx' ? '' : entry.domain,
      number(entry.version),
    ]),
  );
  const opset = opsets.get('');
  if (opset === undefined) throw unreadable(source, 'does not tell its operator set');
  if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
    throw new RoadgazeError(
      'MODEL_OPERATOR_UNSUPPORTED',
      `${source} uses ONNX operator set ${opset}; Roadgaze reads ${OLDEST_OPSET} to ${NEWEST_OPSET}.`,
      'Export the network with another operator set, such as 17.',
    );
  }
  opsets.delete('');
  // Nothing is left of functions once they are inlined.
  for (const { domain } of message.functions) if (domainOf(domain) !== '') opsets.delete(domain);
  return {
    source,
    irVersion,
    opset,
    otherOpsets: opsets,
    initializers,
    inputs,
    outputs,
    nodes,
    metadata: new Map(message.metadataProps.map((entry) => [entry.key, entry.value])),
    name: graph.name,
  };
}

function unreadable(source: string, what: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError(
    'MODEL_UNREADABLE',
    `${source} is not a complete ONNX model: it ${what}.`,
    'Check that the file was copied whole, or export it again.',
    { cause },
  );
}

function decode(bytes: Uint8Array, source: string): ModelMessage {
  if (bytes.length === 0)
    throw new RoadgazeError(
      'INPUT_EMPTY',
      `${source} is empty.`,
      'Check that the file was copied whole, or export it again.',
    );
  try {
    return ModelProto.decode(bytes) as unknown as ModelMessage;
  } catch (cause) {
    throw unreadable(source, 'breaks off or is another kind of file', cause);
  }
}

const domainOf = (domain: string) => (domain === 'ai.onnx' ? '' : domain);

function readFunction(message: FunctionMessage, source: string): ModelFunction {
  return {
    domain: domainOf(message.domain),
    name: message.name,
    inputs: message.input,
    outputs: message.output,
    defaults: new Map(
      message.attributeProto.map((each) => [each.name, readAttribute(each, source)]),
    ),
    nodes: message.node.map((node) => {
      const isReferred = ({ refAttrName }: AttributeMessage) => refAttrName !== '';
      return {
        node: readNode(
          // Fields that the file leaves out are found behind the message, not in it.
          {
            opType: node.opType,
            domain: node.domain,
            name: node.name,
            input: node.input,
            output: node.output,
            attribute: node.attribute.filter((each) => !isReferred(each)),
          },
          source,
        ),
        referred: new Map(
          node.attribute.filter(isReferred).map((each) => [each.name, each.refAttrName]),
        ),
      };
    }),
  };
}

function readNode(node: NodeMessage, source: string, externalData?: ExternalData): Node {
  return withCaptured({
    op: node.opType,
    domain: domainOf(node.domain),
    name: node.name,
    inputs: given(node.input),
    outputs: node.output,
    attributes: new Map(
      node.attribute.map((attribute) => [
        attribute.name,
        readAttribute(attribute, source, externalData),
      ]),
    ),
  });
}

function readSubgraph(graph: GraphMessage, source: string, externalData?: ExternalData): Subgraph {
  const subgraph = {
    nodes: graph.node.map((node) => readNode(node, source, externalData)),
    initializers: new Map(
      graph.initializer.map((tensor) => [tensor.name, readTensor(tensor, source, externalData)]),
    ),
    inputs: graph.input.map(readValueInfo),
    outputs: graph.output.map(readValueInfo),
  };
  return { ...subgraph, captured: capturedBy(subgraph) };
}

/**
 * Without optional inputs at the end that are written as left out. It means the same, but ONNX
 * Runtime crashes on a LayerNormalization with such a bias.
 */
function given(inputs: string[]): string[] {
  return inputs.slice(0, inputs.findLastIndex((input) => input !== '') + 1);
}

function readAttribute(
  attribute: AttributeMessage,
  source: string,
  externalData?: ExternalData,
): Attribute {
  switch (attribute.type) {
    case 1:
      return { kind: 'float', value: attribute.f };
    case 2:
      return { kind: 'int', value: bigint(attribute.i) };
    case 3:
      return { kind: 'string', value: text(attribute.s) };
    case 4:
      if (!attribute.t)
        throw unreadable(source, `has an attribute "${attribute.name}" without its tensor`);
      return { kind: 'tensor', value: readTensor(attribute.t, source, externalData) };
    case 5:
      if (!attribute.g)
        throw unreadable(source, `has an attribute "${attribute.name}" without its graph`);
      return { kind: 'graph', value: readSubgraph(attribute.g, source, externalData) };
    case 6:
      return { kind: 'floats', value: attribute.floats };
    case 7:
      return { kind: 'ints', value: attribute.ints.map(bigint) };
    case 8:
      return { kind: 'strings', value: attribute.strings.map(text) };
    default:
      return { kind: 'other', value: attribute.type };
  }
}

export function readValueInfo(info: ValueInfoMessage): ValueInfo {
  const tensor = info.type?.tensorType;
  const dims = tensor?.shape?.dim;
  return {
    name: info.name,
    type: tensor?.elemType ?? 0,
    // A size that the file leaves open still needs a name of its own, so that two open sizes are
    // not taken for the same.
    shape: dims
      ? dims.map((dim, axis) =>
          dim.dimValue !== undefined && dim.dimValue !== null && hasValue(dim)
            ? number(dim.dimValue)
            : dim.dimParam || `${info.name}.${axis}`,
        )
      : null,
  };
}

/**
 * protobufjs gives 0 for a field that is absent; only own properties are in the file. A size of 0
 * or less is as good as open.
 */
function hasValue(dim: { dimValue?: Int64 }): boolean {
  return Object.hasOwn(dim, 'dimValue') && number(dim.dimValue!) > 0;
}

function readTensor(message: TensorMessage, source: string, externalData?: ExternalData): Tensor {
  const dims = message.dims.map(number);
  const type = message.dataType as DataType;
  const Data = dataConstructor(type);
  if (!Data)
    throw new RoadgazeError(
      'MODEL_OPERATOR_UNSUPPORTED',
      `${source} has a constant "${message.name}" of ${dataTypeName(type)}, which Roadgaze does not read.`,
      'Export the network in float32.',
    );
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw unreadable(source, `has a constant "${message.name}" of the shape [${dims.join(', ')}]`);
  const count = elementCount(dims);
  const bytes =
    message.dataLocation === 1 ? external(message, source, externalData) : message.rawData;
  const data =
    bytes.length > 0 || count === 0
      ? fromBytes(Data, bytes, count)
      : fromFields(Data, message, type, count);
  if (!data)
    throw unreadable(
      source,
      `has a constant "${message.name}" whose data does not fill its shape [${dims.join(', ')}]`,
    );
  return { type, dims, data };
}

function external(message: TensorMessage, source: string, externalData?: ExternalData): Uint8Array {
  const entries = new Map(message.externalData.map((entry) => [entry.key, entry.value]));
  const location = entries.get('location');
  if (!location || !externalData)
    throw unreadable(source, `keeps "${message.name}" in another file, which is not at hand`);
  const length = entries.get('length');
  return externalData(
    location,
    Number(entries.get('offset') ?? 0),
    length === undefined ? null : Number(length),
  );
}

type DataConstructorOf = NonNullable<ReturnType<typeof dataConstructor>>;

function fromBytes(Data: DataConstructorOf, bytes: Uint8Array, count: number): TensorData | null {
  if (bytes.length !== count * Data.BYTES_PER_ELEMENT) return null;
  // A copy: typed arrays need aligned offsets, and the file's buffer need not live as long as the
  // model.
  return new Data(new Uint8Array(bytes).buffer, 0, count);
}

function fromFields(
  Data: DataConstructorOf,
  message: TensorMessage,
  type: DataType,
  count: number,
): TensorData | null {
  const values: ArrayLike<number> | bigint[] =
    type === DataType.float
      ? message.floatData
      : type === DataType.double
        ? message.doubleData
        : type === DataType.int64
          ? message.int64Data.map(bigint)
          : type === DataType.uint64
            ? message.uint64Data.map(bigint)
            : type === DataType.uint32
              ? message.uint64Data.map(number)
              : message.int32Data;
  if (values.length !== count) return null;
  const data = new Data(count);
  (data as { set(values: unknown): void }).set(values);
  return data;
}
