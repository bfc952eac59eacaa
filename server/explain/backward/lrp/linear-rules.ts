import { LARGEST_FLOAT } from '../../../onnx/tensor.ts';
import { linearMap, type LinearMap, type WeightedSignal } from '../linear-map.ts';
import type { Weights } from '../weights.ts';
import type { BackwardRule, BackwardStep } from '../rule.ts';
import { constant, floatValue } from '../values.ts';
import { bilinear } from './shared-out.ts';
import { perOutput, rectifierOf, stabilised, stabilisedPositive } from './stabilised.ts';

/**
 * Rules of layer-wise relevance propagation for layers with weights (Bach et al. 2015; Montavon et
 * al. 2019), in the conventions of zennit: x⁺ = max(x, 0), x⁻ = min(x, 0), likewise for weights and
 * biases; st(z) = z + ε·sign(z).
 */
interface Layer extends LinearMap {
  readonly step: BackwardStep;
  readonly x: string;
  /** Whether x is known to be ≥ 0 everywhere. */
  readonly nonNegative: boolean;
}

function rule(epsilon: number, give: (layer: Layer) => string): BackwardRule {
  return (step) => {
    const map = linearMap(step);
    if (!map) return bilinear(step, epsilon);
    const index = step.wanted(0) ? 0 : 1;
    const x = step.node.inputs[index]!;
    const layer = { ...map, step, x: floatValue(step, x), nonNegative: step.nonNegative(x) };
    return step.node.inputs.map((_, each) => (each === index ? give(layer) : null));
  };
}

const positive = (values: Float32Array) => values.map((value) => Math.max(value, 0));
const negated = (values: Float32Array) => values.map((value) => -value);

const positiveInput = ({ step, x }: Layer) => step.builder.node('Relu', [x]);
const negativeInput = ({ step, x }: Layer) => step.builder.clip(x, -LARGEST_FLOAT, 0);

const times = ({ step }: Layer, a: string, b: string) => step.builder.node('Mul', [a, b]);
const plus = ({ step }: Layer, a: string, b: string) => step.builder.node('Add', [a, b]);
const minus = ({ step }: Layer, a: string, b: string) => step.builder.node('Sub', [a, b]);
const shares = ({ step }: Layer, relevance: string, divisor: string) =>
  step.builder.node('Div', [relevance, divisor]);

/** R = x · Wᵀ(R / st(z)), z = W·x + b. */
export const epsilonRule = (epsilon: number): BackwardRule =>
  rule(epsilon, (layer) =>
    times(
      layer,
      layer.x,
      layer.backward({ signal: perOutput(layer.step, epsilon), weights: layer.weights }),
    ),
  );

/** One way of splitting the products x·w: what meets x⁺, what meets x⁻, and the bias. */
interface Split {
  readonly withPositive: Weights;
  readonly withNegative: Weights;
  readonly bias: Float32Array | null;
}

/** Σ(x⁺·a + x⁻·b) + bias. */
function sums(layer: Layer, { withPositive, withNegative, bias }: Split): string {
  if (layer.nonNegative) return layer.forward(layer.x, withPositive, bias);
  return plus(
    layer,
    layer.forward(positiveInput(layer), withPositive, bias),
    layer.forward(negativeInput(layer), withNegative, null),
  );
}

type SharedOut = readonly [split: Split, signal: string];

/** x⁺·Σaᵀs + x⁻·Σbᵀs, over all ways of splitting, each with its signal. */
function handedBack(layer: Layer, ...ways: readonly [SharedOut, ...SharedOut[]]): string {
  const meeting = (part: 'withPositive' | 'withNegative') =>
    layer.backward(
      ...(ways.map(([split, signal]) => ({ signal, weights: split[part] })) as unknown as [
        WeightedSignal,
      ]),
    );
  if (layer.nonNegative) return times(layer, layer.x, meeting('withPositive'));
  return plus(
    layer,
    times(layer, positiveInput(layer), meeting('withPositive')),
    times(layer, negativeInput(layer), meeting('withNegative')),
  );
}

/** The products that are ≥ 0. */
function speakingFor({ weights, bias }: LinearMap): Split {
  return {
    withPositive: weights.positive,
    withNegative: weights.negative,
    bias: bias && positive(bias),
  };
}

/** The sizes of the products that are ≤ 0. */
function speakingAgainst({ weights, bias }: LinearMap): Split {
  const opposite = weights.times(-1);
  return {
    withPositive: opposite.positive,
    withNegative: opposite.negative,
    bias: bias && positive(negated(bias)),
  };
}

/** A bias of every output, from none or some. */
function biases({ bias, outputs }: LinearMap, change: (value: number) => number): Float32Array {
  return (bias ?? new Float32Array(outputs)).map(change);
}

/**
 * st of a sum that is never negative: ε goes into the bias. Where a Relu follows on the layer's own
 * sum, one follows on this, too: two convolutions that are alike in this can be computed as one.
 */
function stabilisedSum(layer: Layer, split: Split, epsilon: number): string {
  const sum = sums(layer, {
    ...split,
    bias: biases({ ...layer, bias: split.bias }, (value) => value + epsilon),
  });
  return layer.kind === 'convolution' && layer.nonNegative && rectifierOf(layer.step) !== null
    ? layer.step.builder.node('Relu', [sum])
    : sum;
}

/**
 * From so many products on, what speaks for a result and what speaks against it are hardly ever so
 * unequal that their difference drowns one of them.
 */
const MANY_PRODUCTS = 32;
/** What float32 may lose of a sum, as a part of all that was added. */
const ROUNDING = 1e-6;

/**
 * Σ|x|·|w| + |b| of a layer of many products of both signs. With z = Σxw + b, which is there
 * already, it gives twice what speaks for z and twice what speaks against it (their sum, their
 * difference): one sum instead of four. It is a little too large, so that what is nothing does not
 * come out as less than nothing.
 */
function sizeOfAll(layer: Layer, more = 0): string | null {
  const { weights } = layer;
  if (layer.nonNegative || weights.length / layer.outputs < MANY_PRODUCTS) return null;
  const size = minus(layer, positiveInput(layer), negativeInput(layer));
  return layer.forward(
    size,
    weights.sizes.times(1 + ROUNDING),
    biases(layer, (value) => Math.abs(value) + more),
  );
}

const result = ({ step }: Layer) => floatValue(step, step.node.outputs[0]!);

/** The products on one side, and what they are divided by. */
interface Side {
  readonly split: Split;
  readonly divisor: string;
}

/** The side that speaks for z, and the one against it, each by its own st(Σ). */
function sides(
  layer: Layer,
  epsilon: number,
): { readonly favour: () => Side; readonly against: () => Side } {
  const all = sizeOfAll(layer, 2 * epsilon);
  const side = (split: Split, combine: typeof plus): Side =>
    all === null
      ? { split, divisor: stabilisedSum(layer, split, epsilon) }
      : {
          split: {
            ...split,
            withPositive: split.withPositive.times(2),
            withNegative: split.withNegative.times(2),
          },
          divisor: layer.step.builder.clip(
            combine(layer, all, result(layer)),
            2 * epsilon,
            LARGEST_FLOAT,
          ),
        };
  return {
    favour: () => side(speakingFor(layer), plus),
    against: () => side(speakingAgainst(layer), minus),
  };
}

/** Only products that are positive count. */
export const zPlusRule = (epsilon: number): BackwardRule =>
  rule(epsilon, (layer) => {
    const { split, divisor } = sides(layer, epsilon).favour();
    return handedBack(layer, [split, shares(layer, layer.step.arriving(0)!, divisor)]);
  });

/**
 * α times what speaks for the result less β times what speaks against it, each shared out by
 * itself.
 */
export const alphaBetaRule = (alpha: number, beta: number, epsilon: number): BackwardRule =>
  rule(epsilon, (layer) => {
    const relevance = layer.step.arriving(0)!;
    const { favour, against } = sides(layer, epsilon);
    const share = ({ split, divisor }: Side, factor: number): SharedOut => [
      split,
      shares(layer, layer.step.builder.scale(relevance, factor), divisor),
    ];
    return beta === 0
      ? handedBack(layer, share(favour(), alpha))
      : handedBack(layer, share(favour(), alpha), share(against(), -beta));
  });

/**
 * Where z > 0 what speaks for it weighs 1 + γ, where z < 0 what speaks against it. For inputs of
 * both signs the generalised rule: products are weighted by their own sign.
 */
export const gammaRule = (gamma: number, epsilon: number): BackwardRule =>
  rule(epsilon, (layer) => {
    const { step, weights, bias } = layer;
    const relevance = step.arriving(0)!;
    const [up, down] = [weights.weighted('+', 1 + gamma), weights.weighted('-', 1 + gamma)];
    const biased = (favour: (value: number) => boolean) =>
      bias && bias.map((value) => (favour(value) ? (1 + gamma) * value : value));
    const rising: Split = {
      withPositive: up,
      withNegative: down,
      bias: biased((value) => value > 0),
    };
    const falling: Split = {
      withPositive: down,
      withNegative: up,
      bias: biased((value) => value < 0),
    };
    const all = sizeOfAll(layer);
    // z and γ times what speaks for it, or against it.
    const sum = (split: Split, favour: boolean) => {
      if (all === null) return sums(layer, split);
      return plus(
        layer,
        result(layer),
        step.builder.scale(
          favour ? plus(layer, result(layer), all) : minus(layer, result(layer), all),
          gamma / 2,
        ),
      );
    };
    if (rectifierOf(step) !== null) {
      // No relevance arrives where z ≤ 0; a sum that came out below 0 there must not meet its
      // divisor's zero.
      return handedBack(layer, [
        rising,
        shares(
          layer,
          relevance,
          stabilisedPositive(step, step.builder.node('Relu', [sum(rising, true)]), epsilon),
        ),
      ]);
    }
    const applies = (operator: 'Greater' | 'Less') =>
      step.builder.node('Cast', [step.builder.node(operator, [result(layer), constant(step, 0)])], {
        to: 1,
      });
    const half = (split: Split, favour: boolean): SharedOut => [
      split,
      shares(
        layer,
        times(layer, relevance, applies(favour ? 'Greater' : 'Less')),
        stabilised(step, sum(split, favour), epsilon),
      ),
    ];
    return handedBack(layer, half(rising, true), half(falling, false));
  });

/**
 * For a layer that the picture enters: R = Σ (x·w − l·w⁺ − h·w⁻)·R / st(d), inputs lying in l…h.
 * `low` and `high` are values shaped [1, …input].
 */
export const boxRule = (
  epsilon: number,
  bounds: (step: BackwardStep, value: string) => { low: string; high: string },
): BackwardRule =>
  rule(epsilon, (layer) => {
    const { step, x, weights, bias } = layer;
    const { low, high } = bounds(step, step.node.inputs[0]!);
    const { positive: plusWeights, negative: minusWeights } = weights;
    // The bounds are constant, and so is their part of the divisor: ONNX Runtime computes it once.
    // The rest is z without its bias, or what a rectifier left of z.
    const offset = plus(
      layer,
      layer.forward(low, plusWeights, bias),
      layer.forward(high, minusWeights, null),
    );
    const divisor = stabilised(
      step,
      minus(layer, floatValue(step, rectifierOf(step) ?? step.node.outputs[0]!), offset),
      epsilon,
    );
    const signal = shares(layer, step.arriving(0)!, divisor);
    // xw − lw⁺ − hw⁻ = (x − l)w⁺ + (x − h)w⁻: neither is less than nothing, and at its bound either
    // is nothing.
    const back = (value: string, values: Weights) =>
      times(layer, value, layer.backward({ signal, weights: values }));
    return plus(
      layer,
      back(minus(layer, x, low), plusWeights),
      back(minus(layer, x, high), minusWeights),
    );
  });
