import { RoadgazeError } from '../../shared/errors.ts';
import {
  describeNode,
  onceFor,
  operatorAndName,
  type Dimension,
  type Model,
  type Node,
  type ValueInfo,
} from './graph.ts';
import { beyondLimit, isBeyondLimit, SMALLER } from './limits.ts';
import { constantOf } from './constant-node.ts';
import { withFoldedSizes } from './operators/folding.ts';
import { operatorOf, operators } from './operators/operators.ts';
import type { KnownShapes, Shapes } from './shapes/shapes.ts';
import { withinLimits } from './shapes/size-limits.ts';
import { shapeError, type ShapeContext, type ValueFacts } from './shapes/context.ts';
import { DataType, tensorNumbers, type Tensor } from './tensor.ts';

export type { KnownShapes, Shapes } from './shapes/shapes.ts';

/** Names of the operators that Roadgaze reads. */
export const knownOperators: readonly string[] = Object.keys(operators).sort();

/**
 * Infers element type and shape of every value. Sizes that the model leaves free keep their names.
 * Throws MODEL_OPERATOR_UNSUPPORTED (naming operator, node, model) and MODEL_SHAPE. Nothing is
 * inferred twice, not even of another model that has the same nodes in it.
 */
export function inferShapes(model: Model): Shapes {
  const inferred = inferredOf(model);
  if (inferred.firstError) throw inferred.firstError;
  return inferred.shapes;
}

/**
 * As `inferShapes`, but what cannot be inferred stops only who asks for it: `of` and `type` then
 * throw what stands in the way. Throws MODEL_SHAPE for inputs, and for what is beyond a limit.
 */
export function inferWhatIsKnown(model: Model): Shapes {
  const { shapes, beyond } = inferredOf(model);
  if (beyond) throw beyond;
  return shapes;
}

/**
 * Of the values that are inferred without an operator that Roadgaze does not read: what explains a
 * network has some of those.
 */
export function inferKnownShapes(model: Model): KnownShapes {
  const { facts, constants } = inferredOf(model);
  return {
    of: (value) => facts.get(value)?.shape ?? null,
    type: (value) => facts.get(value)?.type ?? 0,
    constant: (value) => constants.get(value) ?? null,
    sizes: (value) => sizesOf(value, facts, constants),
  };
}

interface Inferred {
  readonly facts: ReadonlyMap<string, ValueFacts>;
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly shapes: Shapes;
  readonly firstError: RoadgazeError | null;
  /** Of these the first that says that the model asks for too much. */
  readonly beyond: RoadgazeError | null;
}

const inferredOf = onceFor((model): Inferred => {
  const [facts, constants] = given(model);
  const errors = new Map<string, RoadgazeError>();
  let firstError: RoadgazeError | null = null;
  let beyond: RoadgazeError | null = null;
  for (const node of model.nodes) {
    let error = causeAmong(node, errors);
    if (!error) {
      try {
        inferNode(model, node, facts, constants);
        continue;
      } catch (cause) {
        if (!(cause instanceof RoadgazeError)) throw cause;
        error = cause;
        firstError ??= cause;
        if (isBeyondLimit(cause)) beyond ??= cause;
      }
    }
    for (const output of node.outputs) if (output) errors.set(output, error);
  }
  const known = (value: string) => {
    const found = facts.get(value);
    if (found) return found;
    throw errors.get(value) ?? missing(model, value);
  };
  return {
    facts,
    constants,
    firstError,
    beyond,
    shapes: {
      of: (value) => known(value).shape,
      known: (value) => facts.get(value)?.shape ?? null,
      type: (value) => known(value).type,
      constant: (value) => constants.get(value) ?? null,
      sizes: (value) => sizesOf(value, facts, constants),
    },
  };
});

/** Why one of the node's inputs is not known. */
function causeAmong(
  { inputs }: Node,
  errors: ReadonlyMap<string, RoadgazeError>,
): RoadgazeError | undefined {
  if (errors.size === 0) return undefined;
  const unknown = inputs.find((input) => errors.has(input));
  return unknown === undefined ? undefined : errors.get(unknown);
}

function given(model: Model): [facts: Map<string, ValueFacts>, constants: Map<string, Tensor>] {
  const facts = new Map<string, ValueFacts>();
  const beyond =
    (name: string) =>
    (reason: string): never => {
      throw beyondLimit(model.source, `has a value "${name}" that ${reason}`, SMALLER);
    };
  for (const [name, tensor] of model.initializers) {
    let known = factsOf.get(tensor);
    if (!known) {
      known = withinLimits({ type: tensor.type, shape: tensor.dims }, beyond(name));
      factsOf.set(tensor, known);
    }
    facts.set(name, known);
  }
  for (const input of model.inputs) {
    if (!input.shape)
      throw new RoadgazeError(
        'MODEL_SHAPE',
        `${model.source} does not tell the shape of its input "${input.name}".`,
        'Export the network with a fixed image size.',
      );
    let known = factsOf.get(input);
    if (!known) {
      known = withinLimits({ type: input.type, shape: input.shape }, beyond(input.name));
      factsOf.set(input, known);
    }
    facts.set(input.name, known);
  }
  return [facts, new Map(model.initializers)];
}

/** Of initializers and inputs, so that the same one has the same facts in every model. */
const factsOf = new WeakMap<Tensor | ValueInfo, ValueFacts>();

/** What was inferred of a node, and from what: of the same, the same is inferred again. */
interface Remembered {
  readonly opset: number;
  readonly inputs: readonly (ValueFacts | undefined)[];
  readonly tensors: readonly (Tensor | undefined)[];
  readonly tensor: Tensor | null;
  readonly results: readonly (ValueFacts | undefined)[];
}

const remembered = new WeakMap<Node, Remembered>();

function inferNode(
  model: Model,
  node: Node,
  facts: Map<string, ValueFacts>,
  constants: Map<string, Tensor>,
): void {
  const before = remembered.get(node);
  const known =
    before?.opset === model.opset &&
    node.inputs.every(
      (input, index) =>
        facts.get(input) === before.inputs[index] && constants.get(input) === before.tensors[index],
    )
      ? before
      : inferAnew(model, node, facts, constants);
  if (known.tensor) constants.set(node.outputs[0]!, known.tensor);
  node.outputs.forEach((output, index) => {
    if (output && known.results[index]) facts.set(output, known.results[index]);
  });
}

function inferAnew(
  model: Model,
  node: Node,
  facts: ReadonlyMap<string, ValueFacts>,
  constants: ReadonlyMap<string, Tensor>,
): Remembered {
  const operator = operatorOf(node);
  if (!operator) {
    throw new RoadgazeError(
      'MODEL_OPERATOR_UNSUPPORTED',
      `Roadgaze does not know the operator ${describeNode(model, node)}.`,
      'Replace it when you export the network, or ask for it.',
    );
  }
  const context = contextOf(model, node, facts, constants);
  for (let index = 0; index < operator.inputs; index++) context.input(index);
  const beyond = (reason: string): never => {
    throw beyondLimit(
      model.source,
      `gives at ${operatorAndName(node)} a value that ${reason}`,
      SMALLER,
    );
  };
  const results = withFoldedSizes(operator, context, operator.shape(context));
  const found: Remembered = {
    opset: model.opset,
    inputs: node.inputs.map((input) => facts.get(input)),
    tensors: node.inputs.map((input) => constants.get(input)),
    tensor: constantOf(node),
    results: node.outputs.map((output, index) =>
      output && results[index] ? withinLimits(results[index], beyond) : undefined,
    ),
  };
  remembered.set(node, found);
  return found;
}

function missing(model: Model, value: string): RoadgazeError {
  return new RoadgazeError(
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
