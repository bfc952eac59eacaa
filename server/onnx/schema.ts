import protobuf from 'protobufjs/light.js';

/**
 * The messages of the ONNX file format that a model for inference consists of, as a protobuf
 * descriptor. Field names and numbers: the ONNX specification, IR version 3 to 12.
 */
const field = (type: string, id: number) => ({ type, id });
const list = (type: string, id: number) => ({ rule: 'repeated', type, id });
/**
 * proto2 lists of numbers, which ONNX files carry both packed and unpacked; the reader takes
 * either.
 */
const packed = (type: string, id: number) => ({
  rule: 'repeated',
  type,
  id,
  options: { packed: true },
});

const descriptor = {
  nested: {
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        producerVersion: field('string', 3),
        domain: field('string', 4),
        modelVersion: field('int64', 5),
        docString: field('string', 6),
        graph: field('GraphProto', 7),
        opsetImport: list('OperatorSetIdProto', 8),
        metadataProps: list('StringStringEntryProto', 14),
        functions: list('FunctionProto', 25),
      },
    },
    FunctionProto: {
      fields: {
        name: field('string', 1),
        input: list('string', 4),
        output: list('string', 5),
        attribute: list('string', 6),
        node: list('NodeProto', 7),
        domain: field('string', 10),
        attributeProto: list('AttributeProto', 11),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    GraphProto: {
      fields: {
        node: list('NodeProto', 1),
        name: field('string', 2),
        initializer: list('TensorProto', 5),
        docString: field('string', 10),
        input: list('ValueInfoProto', 11),
        output: list('ValueInfoProto', 12),
        valueInfo: list('ValueInfoProto', 13),
        sparseInitializer: list('SparseTensorProto', 15),
      },
    },
    NodeProto: {
      fields: {
        input: list('string', 1),
        output: list('string', 2),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: list('AttributeProto', 5),
        docString: field('string', 6),
        domain: field('string', 7),
      },
    },
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        t: field('TensorProto', 5),
        g: field('GraphProto', 6),
        floats: packed('float', 7),
        ints: packed('int64', 8),
        strings: list('bytes', 9),
        tensors: list('TensorProto', 10),
        graphs: list('GraphProto', 11),
        docString: field('string', 13),
        type: field('int32', 20),
        refAttrName: field('string', 21),
      },
    },
    TensorProto: {
      fields: {
        dims: packed('int64', 1),
        dataType: field('int32', 2),
        floatData: packed('float', 4),
        int32Data: packed('int32', 5),
        stringData: list('bytes', 6),
        int64Data: packed('int64', 7),
        name: field('string', 8),
        rawData: field('bytes', 9),
        doubleData: packed('double', 10),
        uint64Data: packed('uint64', 11),
        docString: field('string', 12),
        externalData: list('StringStringEntryProto', 13),
        dataLocation: field('int32', 14),
      },
    },
    SparseTensorProto: { fields: { values: field('TensorProto', 1) } },
    ValueInfoProto: {
      fields: {
        name: field('string', 1),
        type: field('TypeProto', 2),
        docString: field('string', 3),
      },
    },
    TypeProto: {
      fields: { tensorType: field('TensorTypeProto', 1), denotation: field('string', 6) },
    },
    TensorTypeProto: {
      fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) },
    },
    TensorShapeProto: { fields: { dim: list('DimensionProto', 1) } },
    DimensionProto: {
      fields: {
        dimValue: field('int64', 1),
        dimParam: field('string', 2),
        denotation: field('string', 3),
      },
    },
  },
};

export const ModelProto = protobuf.Root.fromJSON(descriptor).lookupType('ModelProto');

/** A 64-bit integer as protobufjs gives it. */
export interface Int64 {
  toString(): string;
}

export interface TensorMessage {
  dims: Int64[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  int64Data: Int64[];
  uint64Data: Int64[];
  doubleData: number[];
  stringData: Uint8Array[];
  name: string;
  rawData: Uint8Array;
  externalData: { key: string; value: string }[];
  dataLocation: number;
}

export interface AttributeMessage {
  name: string;
  f: number;
  i: Int64;
  s: Uint8Array;
  t: TensorMessage | null;
  g: GraphMessage | null;
  floats: number[];
  ints: Int64[];
  strings: Uint8Array[];
  type: number;
  /** In a function's body: the call's attribute that stands for this one. */
  refAttrName: string;
}

export interface ValueInfoMessage {
  name: string;
  type: {
    tensorType: {
      elemType: number;
      shape: { dim: { dimValue?: Int64; dimParam?: string }[] } | null;
    } | null;
  } | null;
}

export interface NodeMessage {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  domain: string;
  attribute: AttributeMessage[];
}

export interface GraphMessage {
  node: NodeMessage[];
  name: string;
  initializer: TensorMessage[];
  input: ValueInfoMessage[];
  output: ValueInfoMessage[];
  valueInfo: ValueInfoMessage[];
  sparseInitializer: unknown[];
}

export interface FunctionMessage {
  name: string;
  domain: string;
  input: string[];
  output: string[];
  node: NodeMessage[];
  attributeProto: AttributeMessage[];
}

export interface ModelMessage {
  irVersion: Int64;
  producerName: string;
  producerVersion: string;
  domain: string;
  graph: GraphMessage | null;
  opsetImport: { domain: string; version: Int64 }[];
  metadataProps: { key: string; value: string }[];
  functions: FunctionMessage[];
}
