import { RoadgazeError } from '../../../shared/errors.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { constantOf } from '../constant-node.ts';
import { consumers, describeNode, type Attribute, type Model, type Node } from '../graph.ts';
import { tensorNumbers } from '../tensor.ts';
import { inferKnownShapes } from '../infer-shapes.ts';

export interface OutOfTraining {
  readonly model: Model;
  /** Nodes that were in training mode. */
  readonly changed: readonly Node[];
}

/**
 * The network as it answers one picture by itself, where it was exported in training mode.
 * BatchNormalization then takes mean and deviation from the pictures that it gets: of one picture
 * that is InstanceNormalization. Dropout then drops values at random, and is left out. Throws
 * MODEL_OPERATOR_UNSUPPORTED where nothing is left of one picture, or where its statistics are
 * used.
 */
export function outOfTraining(model: Model): OutOfTraining {
  const changed = model.nodes.filter(
    (node) => isNormalisationInTraining(model, node) || isDropoutInTraining(model, node),
  );
  if (changed.length === 0) return { model, changed };
  const used = new Set([...consumers(model).keys(), ...model.outputs.map(({ name }) => name)]);
  const shapes = inferKnownShapes(model);
  const inTraining = new Set(changed);
  const nodes = model.nodes.map((node): Node => {
    if (!inTraining.has(node)) return node;
    if (node.op === 'Dropout') return { ...node, inputs: node.inputs.slice(0, 1) };
    const rank = shapes.of(node.inputs[0]!)?.length;
    if (rank !== undefined && rank < 3)
      throw refused(model, node, 'of one number per channel and picture it leaves nothing');
    if (node.outputs.slice(1).some((output) => output && used.has(output)))
      throw refused(model, node, 'the mean and variance that it finds are used');
    const epsilon: Attribute = { kind: 'float', value: floatAttribute(node, 'epsilon', 1e-5) };
    return {
      ...node,
      op: 'InstanceNormalization',
      inputs: node.inputs.slice(0, 3),
      outputs: node.outputs.slice(0, 1),
      attributes: new Map([['epsilon', epsilon]]),
    };
  });
  return { model: { ...model, nodes }, changed };
}

/**
 * Since operator set 14 an attribute says so; before, that the operator gives its statistics too.
 */
function isNormalisationInTraining({ opset }: Model, node: Node): boolean {
  if (node.op !== 'BatchNormalization' || node.domain !== '') return false;
  return opset >= 14
    ? intAttribute(node, 'training_mode', 0) === 1
    : node.outputs.filter((output) => output).length > 1;
}

/** Since operator set 12 an input says so; at a ratio of 0 nothing is dropped all the same. */
function isDropoutInTraining({ opset, initializers, nodes }: Model, node: Node): boolean {
  if (node.op !== 'Dropout' || node.domain !== '' || opset < 12 || !node.inputs[2]) return false;
  const numberAt = (index: number): number | undefined => {
    const name = node.inputs[index];
    const maker = name ? nodes.find(({ outputs }) => outputs.includes(name)) : undefined;
    const tensor = name ? (initializers.get(name) ?? (maker && constantOf(maker))) : undefined;
    return tensor ? tensorNumbers(tensor)[0] : undefined;
  };
  return (numberAt(2) ?? 0) !== 0 && numberAt(1) !== 0;
}

function refused(model: Model, node: Node, why: string): RoadgazeError {
  return new RoadgazeError(
    'MODEL_OPERATOR_UNSUPPORTED',
    `${describeNode(model, node)} is in training mode, and ${why}.`,
    'Export the network again in evaluation mode (in PyTorch after model.eval()).',
  );
}
