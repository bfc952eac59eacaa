import { intAttribute } from '../attributes.ts';
import { constantOf } from '../constant-node.ts';
import { keepOnly, onceFor, type Dimension, type Model, type Node } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { tensorOf, valuesOf, type Values } from '../operators/fold.ts';
import { operatorOf } from '../operators/operators.ts';
import { elementCount, int64Tensor, type Tensor } from '../tensor.ts';
import { unusedName } from './unused-name.ts';

/** Numbers in one value that are computed beforehand, at most: a matrix of 2000 × 2000. */
const MOST_NUMBERS = 4_000_000;
/** In all of them together. */
const MOST_TOGETHER = 40_000_000;

/**
 * The same network with what does not depend on its inputs' values computed beforehand: exporters
 * write the arithmetic of shapes and constants out as nodes. What depends on a free size, such as
 * the batch, stays. Names of nodes, inputs and outputs stay; what no output depends on is left
 * away. Gives the model itself where there is nothing to compute.
 */
export const foldConstants = onceFor((model): Model => new Constants(model).folded());

class Constants {
  readonly #model: Model;
  readonly #shapes: Shapes;
  readonly #initializers: Map<string, Tensor>;
  readonly #values = new Map<string, Values | null>();
  #together = 0;

  constructor(model: Model) {
    this.#model = model;
    this.#shapes = inferWhatIsKnown(model);
    this.#initializers = new Map(model.initializers);
  }

  folded(): Model {
    const outputs = new Set(this.#model.outputs.map(({ name }) => name));
    let changed = false;
    const nodes = this.#model.nodes.flatMap((node) => {
      const isGiven = node.outputs.some((output) => outputs.has(output));
      const tensors = isGiven || constantOf(node) ? null : this.#tensorsOf(node);
      if (tensors) {
        tensors.forEach((tensor, index) => {
          if (node.outputs[index]) this.#initializers.set(node.outputs[index], tensor);
        });
        changed = true;
        return [];
      }
      const kept = this.#withConstantShape(node);
      changed ||= kept !== node;
      return [kept];
    });
    if (!changed) return this.#model;
    const model = { ...this.#model, nodes, initializers: this.#initializers };
    return { ...model, ...keepOnly(model, [...outputs]) };
  }

  /** Of all outputs; null where one cannot be told. */
  #tensorsOf(node: Node): readonly Tensor[] | null {
    if (!operatorOf(node)) return null;
    const named = node.outputs.filter((output) => output !== '');
    if (named.length !== node.outputs.length) return null;
    const known = node.outputs.map((output) => this.#knownSizes(output));
    if (known.every((tensor) => tensor !== null)) return known;
    return this.#computed(node);
  }

  #knownSizes(value: string): Tensor | null {
    const data = this.#shapes.sizes(value);
    const dims = data && knownDims(this.#shapes.of(value));
    return dims ? tensorOf({ type: this.#shapes.type(value), dims, data }) : null;
  }

  #computed(node: Node): readonly Tensor[] | null {
    const { fold } = operatorOf(node)!;
    if (!fold || node.inputs.length === 0 || !node.inputs.every((input) => this.#isConstant(input)))
      return null;
    const outputs = this.#factsOf(node);
    if (!outputs) return null;
    const inputs = node.inputs.map((input) => (input === '' ? null : this.#valuesOf(input)));
    if (inputs.some((values, index) => values === null && node.inputs[index] !== '')) return null;
    const data = fold({ node, opset: this.#model.opset, inputs, outputs });
    const tensors = data?.map((numbers, index) => tensorOf({ ...outputs[index]!, data: numbers }));
    return tensors?.every((tensor) => tensor !== null) ? tensors : null;
  }

  #isConstant(value: string): boolean {
    const tensor = this.#tensorOf(value);
    return value === '' || (tensor !== null && tensor.data.length <= MOST_NUMBERS);
  }

  #tensorOf(value: string): Tensor | null {
    return this.#initializers.get(value) ?? this.#shapes.constant(value);
  }

  #valuesOf(value: string): Values | null {
    const before = this.#values.get(value);
    if (before !== undefined) return before;
    const values = valuesOf(this.#tensorOf(value)!);
    this.#values.set(value, values);
    return values;
  }

  /** Null where a size is open, or there are too many numbers. */
  #factsOf(node: Node): { type: number; dims: readonly number[] }[] | null {
    const facts: { type: number; dims: readonly number[] }[] = [];
    for (const output of node.outputs) {
      const dims = isKnown(this.#shapes, output) ? knownDims(this.#shapes.of(output)) : null;
      const count = dims ? elementCount(dims) : Infinity;
      if (!dims || count > MOST_NUMBERS || this.#together + count > MOST_TOGETHER) return null;
      this.#together += count;
      facts.push({ type: this.#shapes.type(output), dims });
    }
    return facts;
  }

  /**
   * A Reshape to sizes that are computed of the batch, with those sizes as a constant: the batch is
   * copied, or what is left over.
   */
  #withConstantShape(node: Node): Node {
    const [value = '', shape = ''] = node.inputs;
    if (
      node.op !== 'Reshape' ||
      node.domain !== '' ||
      this.#tensorOf(shape) ||
      intAttribute(node, 'allowzero', 0) !== 0 ||
      !isKnown(this.#shapes, value)
    )
      return node;
    const sizes = this.#shapes.sizes(shape);
    const target = sizes && constantTarget(sizes, this.#shapes.of(value));
    if (!target) return node;
    const name = unusedName(
      { ...this.#model, initializers: this.#initializers },
      `${node.outputs[0]}/sizes`,
    );
    this.#initializers.set(name, int64Tensor(target));
    return { ...node, inputs: [value, name] };
  }
}

function constantTarget(
  sizes: readonly Dimension[],
  from: readonly Dimension[],
): readonly number[] | null {
  if (sizes.includes(0)) return null;
  const target = sizes.map((size, axis) => {
    if (typeof size === 'number') return size;
    return size === from[axis] ? 0 : -1;
  });
  return target.indexOf(-1) === target.lastIndexOf(-1) ? target : null;
}

function knownDims(shape: readonly Dimension[]): readonly number[] | null {
  return shape.every((dim) => typeof dim === 'number') ? shape : null;
}

function isKnown(shapes: Shapes, value: string): boolean {
  return shapes.known(value) !== null;
}
