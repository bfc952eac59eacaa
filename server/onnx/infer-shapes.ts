import { RoadgazeError } from '../../shared/errors.ts';
import {
  describeNode,
  operatorAndName,
  type Dimension,
  type Model,
  type Node,
  type Shape,
} from './graph.ts';
import { beyondLimit, SMALLER } from './limits.ts';
import { constantOf } from './constant-node.ts';
import { withinLimits } from './shapes/size-limits.ts';
import {
  shapeError,
  type ShapeContext,
  type ShapeRule,
  type ValueFacts,
} from './shapes/context.ts';
import { denseRules } from './shapes/dense.ts';
import { elementwiseRules } from './shapes/elementwise.ts';
import { layoutRules } from './shapes/layout.ts';
import { requiredInputs } from './shapes/required-inputs.ts';
import { spatialRules } from './shapes/spatial.ts';
import { DataType, tensorNumbers, type Tensor } from './tensor.ts';

const rules: Readonly<Record<string, ShapeRule>> = {
  ...spatialRules,
  ...elementwiseRules,
  ...denseRules,
  ...layoutRules,
};

/** Names of the operators that Roadgaze reads. */
export const knownOperators: readonly string[] = Object.keys(rules).sort();

/** Element type and shape of every value of the model. */
export interface Shapes {
  /** Throws MODEL_SHAPE for a name that is no value of the model. */
  of(value: string): Shape;
  type(value: string): number;
  /** The constant of that name: an initializer or the output of a Constant node. */
  constant(value: string): Tensor | null;
  /** Whole numbers known of a value: a short constant, or sizes computed from shapes. */
  sizes(value: string): readonly Dimension[] | null;
}

/**
 * Infers element type and shape of every value. Sizes that the model leaves free keep their names.
 * Throws MODEL_OPERATOR_UNSUPPORTED (naming operator, node, model) and MODEL_SHAPE.
 */
export function inferShapes(model: Model): Shapes {
  const [facts, constants] = given(model);
  for (const node of model.nodes) inferNode(model, node, facts, constants);
  const known = (value: string) => facts.get(value) ?? missing(model, value);
  return {
    of: (value) => known(value).shape,
    type: (value) => known(value).type,
    constant: (value) => constants.get(value) ?? null,
    sizes: (value) => sizesOf(value, facts, constants),
  };
}

/** As `Shapes`; null of what cannot be inferred. */
export interface KnownShapes {
  of(value: string): Shape | null;
  /** 0 of what cannot be inferred. */
  type(value: string): number;
  constant(value: string): Tensor | null;
}

/**
 * Of the values that are inferred without an operator that Roadgaze does not read: what explains a
 * network has some of those.
 */
export function inferKnownShapes(model: Model): KnownShapes {
  const [facts, constants] = given(model);
  for (const node of model.nodes) {
    if (!node.inputs.every((input) => input === '' || facts.has(input))) continue;
    try {
      inferNode(model, node, facts, constants);
    } catch (error) {
      if (!(error instanceof RoadgazeError)) throw error;
    }
  }
  return {
    of: (value) => facts.get(value)?.shape ?? null,
    type: (value) => facts.get(value)?.type ?? 0,
    constant: (value) => constants.get(value) ?? null,
  };
}

function given(model: Model): [facts: Map<string, ValueFacts>, constants: Map<string, Tensor>] {
  const facts = new Map<string, ValueFacts>();
  const beyond =
    (name: string) =>
    (reason: string): never => {
      throw beyondLimit(model.source, `has a value "${name}" that ${reason}`, SMALLER);
    };
  for (const [name, tensor] of model.initializers)
    facts.set(name, withinLimits({ type: tensor.type, shape: tensor.dims }, beyond(name)));
  for (const input of model.inputs) {
    if (!input.shape)
      throw new RoadgazeError(
        'MODEL_SHAPE',
        `${model.source} does not tell the shape of its input "${input.name}".`,
        'Export the network with a fixed image size.',
      );
    facts.set(
      input.name,
      withinLimits({ type: input.type, shape: input.shape }, beyond(input.name)),
    );
  }
  return [facts, new Map(model.initializers)];
}

function inferNode(
  model: Model,
  node: Node,
  facts: Map<string, ValueFacts>,
  constants: Map<string, Tensor>,
): void {
  const rule = node.domain === '' && Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
  if (!rule) {
    throw new RoadgazeError(
      'MODEL_OPERATOR_UNSUPPORTED',
      `Roadgaze does not know the operator ${describeNode(model, node)}.`,
      'Replace it when you export the network, or ask for it.',
    );
  }
  const context = contextOf(model, node, facts, constants);
  for (let index = 0; index < requiredInputs(node.op); index++) context.input(index);
  const tensor = constantOf(node);
  if (tensor) constants.set(node.outputs[0]!, tensor);
  const results = rule(context);
  const beyond = (reason: string): never => {
    throw beyondLimit(
      model.source,
      `gives at ${operatorAndName(node)} a value that ${reason}`,
      SMALLER,
    );
  };
  node.outputs.forEach((output, index) => {
    if (output && results[index]) facts.set(output, withinLimits(results[index], beyond));
  });
}

function missing(model: Model, value: string): never {
  throw new RoadgazeError(
    'MODEL_SHAPE',
    `${model.source} has no value called "${value}".`,
    'Check the name in the sidecar against the network, for example in Netron.',
  );
}

function contextOf(
  model: Model,
  node: Node,
  facts: ReadonlyMap<string, ValueFacts>,
  constants: ReadonlyMap<string, Tensor>,
): ShapeContext {
  const name = (index: number) => node.inputs[index] || null;
  const fail = (reason: string): never => {
    throw shapeError(model, node, reason);
  };
  const optionalInput = (index: number) => {
    const value = name(index);
    return value ? (facts.get(value) ?? null) : null;
  };
  const constant = (index: number) => {
    const value = name(index);
    return value ? (constants.get(value) ?? null) : null;
  };
  return {
    node,
    opset: model.opset,
    fail,
    optionalInput,
    constant,
    input: (index) => optionalInput(index) ?? fail(`input ${index} is left out`),
    sizes: (index) => {
      const value = name(index);
      return value ? sizesOf(value, facts, constants) : null;
    },
  };
}

function sizesOf(
  value: string,
  facts: ReadonlyMap<string, ValueFacts>,
  constants: ReadonlyMap<string, Tensor>,
): readonly Dimension[] | null {
  const tensor = constants.get(value);
  if (tensor)
    return (tensor.type === DataType.int64 || tensor.type === DataType.int32) &&
      tensor.data.length <= 64
      ? tensorNumbers(tensor)
      : null;
  return facts.get(value)?.sizes ?? null;
}
