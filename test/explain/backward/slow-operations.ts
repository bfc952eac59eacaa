/**
 * Layers in plain loops and float64, forward and backward by every rule: what the compiled graphs
 * must equal. Written from the definitions: gradients; deconvnet (Zeiler & Fergus 2013) and guided
 * backpropagation (Springenberg et al. 2014) at rectifiers; relevance (Bach et al. 2015; Montavon
 * et al. 2019) in the conventions of zennit. Values are rows of numbers; what they mean is the
 * network's affair.
 */
type Row = Float64Array;

/** Everything that reaches one output: input numbers and their weights. */
export interface Sum {
  readonly inputs: readonly number[];
  readonly weights: readonly number[];
  readonly bias: number;
}

export type Kind = 'convolution' | 'dense' | 'no weights';

/** How one method treats the layers that the methods treat differently. */
export interface SlowMethod {
  readonly isRelevance: boolean;
  /** What a layer y = Wx + b hands back. `bounds` are those of the inputs of a first layer. */
  weighted(
    layer: {
      readonly sums: readonly Sum[];
      readonly kind: Kind;
      readonly bounds: { readonly low: Row; readonly high: Row } | null;
    },
    x: Row,
    signal: Row,
  ): Row;
  /** What a rectifier hands back, given its input, slope and signal. */
  rectifier(x: number, slope: number, signal: number): number;
}

export interface Operation {
  forward(inputs: readonly Row[]): Row;
  back(
    method: SlowMethod,
    inputs: readonly Row[],
    signal: Row,
    bounds: { readonly low: Row; readonly high: Row } | null,
  ): Row[];
  /** Of what moves values and does nothing else: bounds of its inputs are bounds of its output. */
  readonly moves: boolean;
  readonly hasWeights: boolean;
}

const positive = (value: number) => (value > 0 ? value : 0);
const negative = (value: number) => (value < 0 ? value : 0);
const steady = (value: number, epsilon: number) => (value >= 0 ? value + epsilon : value - epsilon);

/** Σ_k share(x_i, w_ij)·R_j / divisor_j. */
function shared(
  sums: readonly Sum[],
  x: Row,
  signal: Row,
  share: (x: number, w: number, input: number) => number,
  divisor: (sum: Sum, output: number) => number,
): Row {
  const result = new Float64Array(x.length);
  sums.forEach((sum, output) => {
    const by = divisor(sum, output);
    if (signal[output] === 0 || Number.isNaN(by)) return;
    sum.inputs.forEach((input, at) => {
      result[input]! += (share(x[input]!, sum.weights[at]!, input) * signal[output]!) / by;
    });
  });
  return result;
}

function total(
  sum: Sum,
  x: Row,
  share: (x: number, w: number, input: number) => number,
  bias: (value: number) => number,
): number {
  return sum.inputs.reduce(
    (all, input, at) => all + share(x[input]!, sum.weights[at]!, input),
    bias(sum.bias),
  );
}

type Share = (x: number, w: number, input: number) => number;

/** One rule: shares of products in a divisor made of the same shares. */
function sharing(
  sums: readonly Sum[],
  x: Row,
  signal: Row,
  epsilon: number,
  share: Share,
  bias: (value: number) => number,
): Row {
  return shared(sums, x, signal, share, (sum) => steady(total(sum, x, share, bias), epsilon));
}

type Rule = (sums: readonly Sum[], x: Row, signal: Row) => Row;

const product: Share = (x, w) => x * w;
const speakingFor: Share = (x, w) => positive(x) * positive(w) + negative(x) * negative(w);
const speakingAgainst: Share = (x, w) => positive(x) * negative(w) + negative(x) * positive(w);

const epsilonRule =
  (epsilon: number): Rule =>
  (sums, x, signal) =>
    sharing(sums, x, signal, epsilon, product, (bias) => bias);

const zPlusRule =
  (epsilon: number): Rule =>
  (sums, x, signal) =>
    sharing(sums, x, signal, epsilon, speakingFor, positive);

const alphaBetaRule =
  (alpha: number, beta: number, epsilon: number): Rule =>
  (sums, x, signal) => {
    const up = sharing(sums, x, signal, epsilon, speakingFor, positive);
    const down = sharing(sums, x, signal, epsilon, speakingAgainst, negative);
    return up.map((value, input) => alpha * value - beta * down[input]!);
  };

const gammaRule =
  (gamma: number, epsilon: number): Rule =>
  (sums, x, signal) => {
    const rising: Share = (value, w) =>
      positive(value) * (w + gamma * positive(w)) + negative(value) * (w + gamma * negative(w));
    const falling: Share = (value, w) =>
      positive(value) * (w + gamma * negative(w)) + negative(value) * (w + gamma * positive(w));
    const z = sums.map((sum) => total(sum, x, product, (bias) => bias));
    const where = (applies: (z: number) => boolean) =>
      signal.map((value, output) => (applies(z[output]!) ? value : 0));
    const up = sharing(
      sums,
      x,
      where((value) => value > 0),
      epsilon,
      rising,
      (bias) => bias + gamma * positive(bias),
    );
    const down = sharing(
      sums,
      x,
      where((value) => value < 0),
      epsilon,
      falling,
      (bias) => bias + gamma * negative(bias),
    );
    return up.map((value, input) => value + down[input]!);
  };

const boxRule =
  (epsilon: number, { low, high }: { readonly low: Row; readonly high: Row }): Rule =>
  (sums, x, signal) =>
    sharing(
      sums,
      x,
      signal,
      epsilon,
      (value, w, input) => value * w - low[input]! * positive(w) - high[input]! * negative(w),
      (bias) => bias - positive(bias) - negative(bias),
    );

const gradientRule: Rule = (sums, x, signal) =>
  shared(
    sums,
    x,
    signal,
    (_, w) => w,
    () => 1,
  );

function gradientMethod(rectifier: SlowMethod['rectifier']): SlowMethod {
  return {
    isRelevance: false,
    weighted: ({ sums }, x, signal) => gradientRule(sums, x, signal),
    rectifier,
  };
}

function relevanceMethod(
  epsilon: number,
  rules: {
    readonly convolution: Rule;
    readonly first?: (bounds: { readonly low: Row; readonly high: Row }) => Rule;
  },
): SlowMethod {
  return {
    isRelevance: true,
    weighted({ sums, kind, bounds }, x, signal) {
      const rule =
        bounds && rules.first
          ? rules.first(bounds)
          : kind === 'convolution'
            ? rules.convolution
            : epsilonRule(epsilon);
      return rule(sums, x, signal);
    },
    rectifier: (_, __, signal) => signal,
  };
}

/** By the ids of the compiled methods. */
export function slowMethod(
  id: string,
  { epsilon = 1e-6, gamma = 0.25 }: { readonly epsilon?: number; readonly gamma?: number } = {},
): SlowMethod {
  switch (id) {
    case 'gradient':
      return gradientMethod((_, slope, signal) => slope * signal);
    case 'deconvnet':
      return gradientMethod((_, __, signal) => positive(signal));
    case 'guidedbackprop':
      return gradientMethod((x, _, signal) => (x > 0 ? positive(signal) : 0));
    case 'lrp-epsilon':
      return relevanceMethod(epsilon, { convolution: epsilonRule(epsilon) });
    case 'lrp-epsilon-plus':
      return relevanceMethod(epsilon, { convolution: zPlusRule(epsilon) });
    case 'lrp-alpha2-beta1':
      return relevanceMethod(epsilon, { convolution: alphaBetaRule(2, 1, epsilon) });
    case 'lrp-epsilon-gamma-box':
      return relevanceMethod(epsilon, {
        convolution: gammaRule(gamma, epsilon),
        first: (bounds) => boxRule(epsilon, bounds),
      });
    default:
      throw new Error(`no slow ${id}`);
  }
}

/**
 * y = Wx + b. What has no weights of its own (averages, a normalisation that stands alone) shares
 * relevance out by ε.
 */
export function weightedSum(sums: readonly Sum[], kind: Kind, epsilon = 1e-6): Operation {
  return {
    moves: false,
    hasWeights: kind !== 'no weights',
    forward: ([x]) => Float64Array.from(sums, (sum) => total(sum, x!, product, (bias) => bias)),
    back(method, [x], signal, bounds) {
      if (kind === 'no weights')
        return [(method.isRelevance ? epsilonRule(epsilon) : gradientRule)(sums, x!, signal)];
      return [method.weighted({ sums, kind, bounds }, x!, signal)];
    },
  };
}

/** y = f(x), number by number; relevance passes. */
export function pointwise(
  f: (x: number, at: number) => number,
  slope: (x: number, at: number) => number,
  isRectifier: boolean,
): Operation {
  return {
    moves: false,
    hasWeights: false,
    forward: ([x]) => x!.map(f),
    back: (method, [x], signal) => [
      signal.map((value, at) =>
        method.isRelevance
          ? value
          : isRectifier
            ? method.rectifier(x![at]!, slope(x![at]!, at), value)
            : slope(x![at]!, at) * value,
      ),
    ],
  };
}

/** The largest of each group of inputs; the first of equal ones takes the signal. */
export function largest(groups: readonly (readonly number[])[]): Operation {
  const winner = (x: Row, group: readonly number[]) =>
    group.reduce((best, input) => (x[input]! > x[best]! ? input : best));
  return {
    moves: false,
    hasWeights: false,
    forward: ([x]) => Float64Array.from(groups, (group) => x![winner(x!, group)]!),
    back(_, [x], signal) {
      const result = new Float64Array(x!.length);
      groups.forEach((group, output) => {
        result[winner(x!, group)]! += signal[output]!;
      });
      return [result];
    },
  };
}

/** Output i is number `at` of input `input`. */
export function moved(
  sources: readonly { readonly input: number; readonly at: number }[],
): Operation {
  return {
    moves: true,
    hasWeights: false,
    forward: (inputs) => Float64Array.from(sources, ({ input, at }) => inputs[input]![at]!),
    back(_, inputs, signal) {
      const results = inputs.map((input) => new Float64Array(input.length));
      sources.forEach(({ input, at }, output) => {
        results[input]![at]! += signal[output]!;
      });
      return results;
    },
  };
}

/** a + b, number by number; relevance goes in proportion. */
export function added(epsilon = 1e-6): Operation {
  return {
    moves: false,
    hasWeights: false,
    forward: ([a, b]) => a!.map((value, at) => value + b![at]!),
    back: (method, inputs, signal) =>
      inputs.map((input) =>
        signal.map((value, at) =>
          method.isRelevance
            ? (input[at]! * value) / steady(inputs[0]![at]! + inputs[1]![at]!, epsilon)
            : value,
        ),
      ),
  };
}
