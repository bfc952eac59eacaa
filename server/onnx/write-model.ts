import { RoadgazeError } from '../../shared/errors.ts';
import {
  describeNode,
  type Attribute,
  type Model,
  type Node,
  type Subgraph,
  type ValueInfo,
} from './graph.ts';
import { ModelProto } from './schema.ts';
import { ownInputs } from './subgraphs.ts';
import type { Tensor } from './tensor.ts';

/**
 * Serialises a model. Initializers are not listed as inputs, which needs IR version 4 or later.
 * Throws MODEL_OPERATOR_UNSUPPORTED for a node that carries what Roadgaze does not know.
 */
export function writeModel(model: Model): Uint8Array {
  const opsets = [...model.otherOpsets].map(([domain, version]) => ({ domain, version }));
  const message = ModelProto.fromObject({
    irVersion: Math.max(model.irVersion, 4),
    producerName: 'roadgaze',
    opsetImport: [{ domain: '', version: model.opset }, ...opsets],
    metadataProps: [...model.metadata].map(([key, value]) => ({ key, value })),
    graph: {
      name: model.name || 'network',
      node: model.nodes.map((node) => nodeMessage(model, node)),
      initializer: [...model.initializers].map(([name, tensor]) => tensorMessage(tensor, name)),
      input: model.inputs.map(valueInfoMessage),
      output: model.outputs.map(valueInfoMessage),
    },
  });
  return ModelProto.encode(message).finish();
}

function nodeMessage(model: Model, node: Node) {
  return {
    input: node.inputs.slice(0, ownInputs(node)),
    output: node.outputs,
    name: node.name,
    opType: node.op,
    domain: node.domain,
    attribute: [...node.attributes].map(([name, attribute]) => {
      if (attribute.kind === 'graph')
        return { name, type: 5, g: graphMessage(model, node, attribute.value) };
      if (attribute.kind !== 'other') return attributeMessage(name, attribute);
      throw new RoadgazeError(
        'MODEL_OPERATOR_UNSUPPORTED',
        `${describeNode(model, node)} has an attribute "${name}" of a kind that Roadgaze does not know.`,
        'Remove this operator from the network, or replace it when you export.',
      );
    }),
  };
}

/** What the graph captures may have another name by now. */
function graphMessage(model: Model, node: Node, graph: Subgraph): object {
  const names = new Map(
    graph.captured.map((name, index) => [name, node.inputs[ownInputs(node) + index]!]),
  );
  const now = (name: string) => names.get(name) ?? name;
  return {
    name: 'graph',
    node: graph.nodes.map((each) => nodeMessage(model, { ...each, inputs: each.inputs.map(now) })),
    initializer: [...graph.initializers].map(([name, tensor]) => tensorMessage(tensor, name)),
    input: graph.inputs.map(valueInfoMessage),
    output: graph.outputs.map((output) => valueInfoMessage({ ...output, name: now(output.name) })),
  };
}

function attributeMessage(
  name: string,
  attribute: Exclude<Attribute, { kind: 'other' | 'graph' }>,
) {
  switch (attribute.kind) {
    case 'float':
      return { name, type: 1, f: attribute.value };
    case 'int':
      return { name, type: 2, i: attribute.value.toString() };
    case 'string':
      return { name, type: 3, s: Buffer.from(attribute.value) };
    case 'tensor':
      return { name, type: 4, t: tensorMessage(attribute.value, '') };
    case 'floats':
      return { name, type: 6, floats: attribute.value };
    case 'ints':
      return { name, type: 7, ints: attribute.value.map(String) };
    case 'strings':
      return { name, type: 8, strings: attribute.value.map((value) => Buffer.from(value)) };
  }
}

function tensorMessage(tensor: Tensor, name: string) {
  const { data } = tensor;
  return {
    name,
    dims: tensor.dims,
    dataType: tensor.type,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function valueInfoMessage(info: ValueInfo) {
  const shape = info.shape && {
    dim: info.shape.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })),
  };
  // What the network's own file leaves open stays so: 0 is no type.
  return {
    name: info.name,
    ...(info.type === 0
      ? {}
      : { type: { tensorType: { elemType: info.type, ...(shape ? { shape } : {}) } } }),
  };
}
