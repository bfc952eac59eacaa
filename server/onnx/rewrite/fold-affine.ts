import { intAttribute, intsAttribute } from '../attributes.ts';
import type { Model, Node } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { operatorOf } from '../operators/operators.ts';
import type { Tensor } from '../tensor.ts';
import { affineOf, type Affine } from './affine.ts';
import { foldedBehind, foldedInFront, type Folded } from './fold-into-layer.ts';
import { linearLayer, type LinearLayer } from './linear-layer.ts';
import { tidy } from './tidy.ts';

/**
 * Folds BatchNormalization, and scaling or shifting by constants, into the convolution or dense
 * layer behind or in front of it, wherever that gives the same result: behind a layer always; in
 * front of one unless a shift meets zero padding. What shifts or turns round the result of an
 * activation by one number (2σ(2x) − 1) stays: methods that show activations must see it.
 * Arithmetic on weights is done in float64. Computes the same outputs with fewer nodes.
 */
export function foldAffine(model: Model): Model {
  return tidy(new Folding(tidy(model)).folded());
}

/** A network while maps are folded. No fold changes the shape of a value that stays. */
class Folding {
  readonly #model: Model;
  readonly #shapes: Shapes;
  readonly #outputs: ReadonlySet<string>;
  readonly #initializers: Map<string, Tensor>;
  /** Null where a node was folded away. */
  readonly #nodes: (Node | null)[];
  readonly #madeAt = new Map<string, number>();
  readonly #readAt = new Map<string, Set<number>>();

  constructor(model: Model) {
    this.#initializers = new Map(model.initializers);
    this.#model = { ...model, initializers: this.#initializers };
    this.#shapes = inferWhatIsKnown(model);
    this.#outputs = new Set(model.outputs.map((output) => output.name));
    this.#nodes = [...model.nodes];
    model.nodes.forEach((_, index) => this.#link(index));
  }

  folded(): Model {
    for (let index = 0; index < this.#nodes.length;) {
      const input = this.#fold(index);
      // Maps that stood behind one another in front of the same layer are taken in from the last to
      // the first.
      index = input === null ? index + 1 : this.#startOfChain(input, index);
    }
    return { ...this.#model, nodes: this.#nodes.filter((node) => node !== null) };
  }

  /** Folds the node away where that is possible, and tells what it read; else null. */
  #fold(index: number): string | null {
    const node = this.#nodes[index];
    const affine = node && affineOf(this.#model, this.#shapes, node);
    if (!affine) return null;
    const before = this.#madeAt.get(affine.input);
    const layer =
      before !== undefined && this.#onlyReader(affine.input) === index
        ? linearLayer(this.#model, this.#nodes[before]!)
        : null;
    if (layer && fitsOutputs(layer, affine))
      this.#takeIn(before!, layer, foldedBehind(layer, affine));
    else {
      if (this.#belongsToBend(affine)) return null;
      const ahead = this.#layerAhead(node, affine);
      if (!ahead) return null;
      this.#takeIn(ahead.index, ahead.layer, ahead.folded);
    }
    this.#cut(index, affine.input);
    return affine.input;
  }

  /** Whether the map is the last part of an activation in several nodes. */
  #belongsToBend({ axis, scale, shift, input }: Affine): boolean {
    if (axis !== null || (scale[0]! > 0 && shift[0] === 0)) return false;
    for (let value = input; ;) {
      const node = this.#nodes[this.#madeAt.get(value) ?? -1];
      if (!node) return false;
      const inner = affineOf(this.#model, this.#shapes, node);
      if (inner?.axis !== null) return operatorOf(node)?.bends === true && !inner;
      value = inner.input;
    }
  }

  /**
   * Follows the affine map's only reader through Transposes and flattening to the next layer, where
   * folding into it is exact.
   */
  #layerAhead(
    start: Node,
    affine: Affine,
  ): { index: number; layer: LinearLayer; folded: Folded } | null {
    let value = start.outputs[0]!;
    let axis = affine.axis;
    /** Index along `axis` of the entry `input` of the layer's input channels. */
    let indexOf = (input: number) => input;
    for (;;) {
      const index = this.#onlyReader(value);
      const reader = index === null ? null : this.#nodes[index]!;
      if (!reader || reader.domain !== '' || reader.inputs[0] !== value) return null;
      const shape = this.#shapes.known(value);
      if (!shape) return null;
      if (reader.op === 'Transpose') {
        const order =
          intsAttribute(reader, 'perm') ?? shape.map((_, position) => shape.length - 1 - position);
        if (axis !== null) axis = order.indexOf(axis);
      } else if (flattensRows(reader, this.#shapes, shape.length)) {
        if (axis === 0) return null;
        if (axis !== null) {
          const inner = shape
            .slice(axis + 1)
            .reduce<number>((product, dim) => product * Number(dim), 1);
          const length = Number(shape[axis]);
          indexOf = (input) => Math.floor(input / inner) % length;
          axis = 1;
        }
      } else {
        const layer = linearLayer(this.#model, reader);
        const shifts = affine.shift.some((shift) => shift !== 0);
        if (!layer || (axis !== null && axis !== 1) || (shifts && !layer.unpadded)) return null;
        const at = (values: readonly number[]) => (input: number) =>
          values[affine.axis === null ? 0 : indexOf(input)]!;
        return {
          index: index!,
          layer,
          folded: foldedInFront(layer, at(affine.scale), at(affine.shift)),
        };
      }
      value = reader.outputs[0]!;
    }
  }

  /**
   * The first of the nodes in front of `value` that a fold behind it may have opened a way for;
   * `otherwise` where there is none.
   */
  #startOfChain(value: string, otherwise: number): number {
    let start = otherwise;
    for (
      let at = this.#madeAt.get(value);
      at !== undefined && operatorOf(this.#nodes[at]!)?.passesMaps;
    ) {
      start = at;
      const { inputs } = this.#nodes[at]!;
      at = inputs.map((input) => this.#madeAt.get(input)).find((index) => index !== undefined);
    }
    return start;
  }

  #takeIn(index: number, layer: LinearLayer, { weights, bias }: Folded): void {
    const weightsName = this.#constant(`${layer.node.inputs[1]}/folded`, weights);
    const biasName = this.#constant(`${layer.node.inputs[2] || layer.node.outputs[0]}/bias`, bias);
    this.#replace(index, { ...layer.node, inputs: [layer.node.inputs[0]!, weightsName, biasName] });
  }

  /** Takes the node out; who read its output reads `input`. */
  #cut(index: number, input: string): void {
    const output = this.#nodes[index]!.outputs[0]!;
    this.#replace(index, null);
    if (this.#outputs.has(output)) {
      // The layer itself gives the name that the rest of the network, or the user, knows.
      const layer = this.#madeAt.get(input)!;
      this.#replace(layer, { ...this.#nodes[layer]!, outputs: [output] });
      return;
    }
    for (const reader of [...(this.#readAt.get(output) ?? [])]) {
      const node = this.#nodes[reader]!;
      this.#replace(reader, {
        ...node,
        inputs: node.inputs.map((name) => (name === output ? input : name)),
      });
    }
  }

  #replace(index: number, node: Node | null): void {
    const old = this.#nodes[index]!;
    for (const output of old.outputs) this.#madeAt.delete(output);
    for (const input of old.inputs) this.#readAt.get(input)?.delete(index);
    this.#nodes[index] = node;
    if (node) this.#link(index);
  }

  #link(index: number): void {
    const { inputs, outputs } = this.#nodes[index]!;
    for (const output of outputs) if (output) this.#madeAt.set(output, index);
    for (const input of inputs) {
      if (!input) continue;
      const readers = this.#readAt.get(input);
      if (readers) readers.add(index);
      else this.#readAt.set(input, new Set([index]));
    }
  }

  /**
   * Where the node stands that alone reads the value; null where there are more, or the value is an
   * output.
   */
  #onlyReader(value: string): number | null {
    const readers = this.#readAt.get(value);
    return readers?.size === 1 && !this.#outputs.has(value) ? [...readers][0]! : null;
  }

  #constant(name: string, tensor: Tensor): string {
    let free = name;
    for (let count = 2; this.#initializers.has(free); count++) free = `${name}${count}`;
    this.#initializers.set(free, tensor);
    return free;
  }
}

function fitsOutputs(layer: LinearLayer, affine: Affine): boolean {
  return affine.axis === null || (affine.axis === 1 && affine.scale.length === layer.outputs);
}

/** Flatten, or a Reshape, from [N, …] to [N, features]. */
function flattensRows(node: Node, shapes: Shapes, rank: number): boolean {
  const out = shapes.known(node.outputs[0]!);
  const from = shapes.known(node.inputs[0]!);
  if (!out || !from) return false;
  const flattens =
    node.op === 'Reshape' || (node.op === 'Flatten' && intAttribute(node, 'axis', 1) === 1);
  return (
    flattens &&
    rank > 2 &&
    out.length === 2 &&
    out[0] === from[0] &&
    from.slice(1).every((dim) => typeof dim === 'number')
  );
}
