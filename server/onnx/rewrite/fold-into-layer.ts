import { floatTensor, tensorNumbers, type Tensor } from '../tensor.ts';
import type { Affine } from './affine.ts';
import type { LinearLayer } from './linear-layer.ts';

/** Weights and bias of a layer that has taken an affine map in. Computed in float64. */
export interface Folded {
  readonly weights: Tensor;
  readonly bias: Tensor;
}

/** The map behind the layer: y = s·(Wx + b) + t = (sW)x + (sb + t). */
export function foldedBehind(
  layer: LinearLayer,
  affine: Pick<Affine, 'axis' | 'scale' | 'shift'>,
): Folded {
  const weights = tensorNumbers(layer.weights);
  const at = (values: readonly number[], index: number) =>
    values[affine.axis === null ? 0 : index]!;
  forEachWeight(layer, (index, output) => {
    weights[index]! *= at(affine.scale, output);
  });
  return folded(
    layer,
    weights,
    biasOf(layer).map(
      (value, output) => value * at(affine.scale, output) + at(affine.shift, output),
    ),
  );
}

/**
 * The map in front of the layer: y = W(s·x + t) + b = (Ws)x + (Wt + b); `scale` and `shift` per
 * input of the layer.
 */
export function foldedInFront(
  layer: LinearLayer,
  scale: (input: number) => number,
  shift: (input: number) => number,
): Folded {
  const weights = tensorNumbers(layer.weights);
  const bias = biasOf(layer);
  forEachWeight(layer, (index, output, input) => {
    bias[output]! += weights[index]! * shift(input);
    weights[index]! *= scale(input);
  });
  return folded(layer, weights, bias);
}

function biasOf(layer: LinearLayer): number[] {
  return layer.bias ? tensorNumbers(layer.bias) : new Array<number>(layer.outputs).fill(0);
}

function forEachWeight(
  layer: LinearLayer,
  visit: (index: number, output: number, input: number) => void,
): void {
  const perGroup = layer.outputs / layer.groups;
  for (let output = 0; output < layer.outputs; output++) {
    const firstInput = Math.floor(output / perGroup) * layer.inputs;
    for (let input = 0; input < layer.inputs; input++) {
      const start = output * layer.outputStride + input * layer.inputStride;
      for (let position = 0; position < layer.positions; position++)
        visit(start + position, output, firstInput + input);
    }
  }
}

function folded(layer: LinearLayer, weights: readonly number[], bias: readonly number[]): Folded {
  return {
    weights: floatTensor(layer.weights.dims, weights),
    bias: floatTensor([layer.outputs], bias),
  };
}
