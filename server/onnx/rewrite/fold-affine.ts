import { intAttribute, intsAttribute } from '../attributes.ts';
import { consumers, producers, type Model, type Node } from '../graph.ts';
import { inferShapes, type Shapes } from '../infer-shapes.ts';
import { floatTensor, tensorNumbers, type Tensor } from '../tensor.ts';
import { affineOf, type Affine } from './affine.ts';
import { linearLayer, type LinearLayer } from './linear-layer.ts';
import { tidy } from './tidy.ts';

/**
 * Folds BatchNormalization, and scaling or shifting by constants, into the convolution or dense layer behind or in front
 * of it, wherever that gives the same result: behind a layer always; in front of one unless a shift meets zero padding.
 * Arithmetic on weights is done in float64. Computes the same outputs with fewer nodes.
 */
export function foldAffine(model: Model): Model {
  let current = tidy(model);
  for (;;) {
    const next = foldOne(current);
    if (!next) return tidy(current);
    current = next;
  }
}

function foldOne(model: Model): Model | null {
  const shapes = inferShapes(model);
  const made = producers(model.nodes);
  const used = consumers(model.nodes);
  const outputs = new Set(model.outputs.map((output) => output.name));
  const alone = (value: string) => (used.get(value)?.length === 1 && !outputs.has(value) ? used.get(value)![0]! : null);
  for (const node of model.nodes) {
    const affine = affineOf(model, shapes, node);
    if (!affine) continue;
    const before = made.get(affine.input);
    const layer = before && alone(affine.input) === node ? linearLayer(model, before) : null;
    if (layer && fitsOutputs(layer, affine)) return replace(model, layer, behind(layer, affine), { drop: node, from: node.outputs[0]!, to: affine.input });
    const next = layerAhead(model, shapes, node, affine, alone);
    if (next) return replace(model, next.layer, next.folded, { drop: node, from: node.outputs[0]!, to: affine.input });
  }
  return null;
}

function fitsOutputs(layer: LinearLayer, affine: Affine): boolean {
  return affine.axis === null || (affine.axis === 1 && affine.scale.length === layer.outputs);
}

interface Folded {
  readonly weights: Tensor;
  readonly bias: Tensor;
}

/** y = s·(Wx + b) + t = (sW)x + (sb + t). */
function behind(layer: LinearLayer, affine: Affine): Folded {
  const weights = tensorNumbers(layer.weights);
  const bias = layer.bias ? tensorNumbers(layer.bias) : new Array<number>(layer.outputs).fill(0);
  const at = (values: readonly number[], index: number) => values[affine.axis === null ? 0 : index]!;
  forEachWeight(layer, (index, output) => { weights[index]! *= at(affine.scale, output); });
  return folded(layer, weights, bias.map((value, output) => value * at(affine.scale, output) + at(affine.shift, output)));
}

/** y = W(s·x + t) + b = (Ws)x + (Wt + b); `scale` and `shift` per input of the layer. */
function inFront(layer: LinearLayer, scale: (input: number) => number, shift: (input: number) => number): Folded {
  const weights = tensorNumbers(layer.weights);
  const bias = layer.bias ? tensorNumbers(layer.bias) : new Array<number>(layer.outputs).fill(0);
  forEachWeight(layer, (index, output, input) => {
    bias[output]! += weights[index]! * shift(input);
    weights[index]! *= scale(input);
  });
  return folded(layer, weights, bias);
}

function forEachWeight(layer: LinearLayer, visit: (index: number, output: number, input: number) => void): void {
  const perGroup = layer.outputs / layer.groups;
  for (let output = 0; output < layer.outputs; output++) {
    const firstInput = Math.floor(output / perGroup) * layer.inputs;
    for (let input = 0; input < layer.inputs; input++) {
      const start = output * layer.outputStride + input * layer.inputStride;
      for (let position = 0; position < layer.positions; position++) visit(start + position, output, firstInput + input);
    }
  }
}

function folded(layer: LinearLayer, weights: readonly number[], bias: readonly number[]): Folded {
  return { weights: floatTensor(layer.weights.dims, weights), bias: floatTensor([layer.outputs], bias) };
}

/** Follows the affine map's only reader through Transposes and flattening to the next layer, where folding into it is exact. */
function layerAhead(model: Model, shapes: Shapes, start: Node, affine: Affine, alone: (value: string) => Node | null): { layer: LinearLayer; folded: Folded } | null {
  let value = start.outputs[0]!;
  let axis = affine.axis;
  /** Index along `axis` of the entry `input` of the layer's input channels. */
  let indexOf = (input: number) => input;
  for (;;) {
    const reader = alone(value);
    if (!reader || reader.domain !== '' || reader.inputs[0] !== value) return null;
    const shape = shapes.of(value);
    if (reader.op === 'Transpose') {
      const order = intsAttribute(reader, 'perm') ?? shape.map((_, position) => shape.length - 1 - position);
      if (axis !== null) axis = order.indexOf(axis);
    } else if (flattensRows(reader, shapes, shape.length)) {
      if (axis === 0) return null;
      if (axis !== null) {
        const inner = shape.slice(axis + 1).reduce<number>((product, dim) => product * Number(dim), 1);
        const length = Number(shape[axis]);
        indexOf = (input) => Math.floor(input / inner) % length;
        axis = 1;
      }
    } else {
      const layer = linearLayer(model, reader);
      const shifts = affine.shift.some((shift) => shift !== 0);
      if (!layer || (axis !== null && axis !== 1) || (shifts && !layer.unpadded)) return null;
      const at = (values: readonly number[]) => (input: number) => values[affine.axis === null ? 0 : indexOf(input)]!;
      return { layer, folded: inFront(layer, at(affine.scale), at(affine.shift)) };
    }
    value = reader.outputs[0]!;
  }
}

/** Flatten, or a Reshape, from [N, …] to [N, features]. */
function flattensRows(node: Node, shapes: Shapes, rank: number): boolean {
  const out = shapes.of(node.outputs[0]!);
  const from = shapes.of(node.inputs[0]!);
  const flattens = node.op === 'Reshape' || (node.op === 'Flatten' && intAttribute(node, 'axis', 1) === 1);
  return flattens && rank > 2 && out.length === 2 && out[0] === from[0] && from.slice(1).every((dim) => typeof dim === 'number');
}

function replace(model: Model, layer: LinearLayer, folded: Folded, cut: { drop: Node; from: string; to: string }): Model {
  const weightsName = unused(model, `${layer.node.inputs[1]}/folded`);
  const biasName = unused(model, `${layer.node.inputs[2] || layer.node.outputs[0]}/bias`);
  const initializers = new Map(model.initializers).set(weightsName, folded.weights).set(biasName, folded.bias);
  const isOutput = model.outputs.some((output) => output.name === cut.from);
  const nodes = model.nodes.flatMap((node): Node[] => {
    if (node === cut.drop) return [];
    let result = node;
    if (node === layer.node) {
      result = { ...node, inputs: [node.inputs[0]!, weightsName, biasName] };
      // The layer itself gives the name that the rest of the network, or the user, knows.
      if (isOutput && node.outputs[0] === cut.to) return [{ ...result, outputs: [cut.from] }];
    }
    return [{ ...result, inputs: result.inputs.map((input) => (input === cut.from && !isOutput ? cut.to : input)) }];
  });
  return { ...model, nodes, initializers };
}

function unused(model: Model, name: string): string {
  let candidate = name;
  for (let count = 2; model.initializers.has(candidate); count++) candidate = `${name}${count}`;
  return candidate;
}
