import { mean } from './predict.ts';
import { spearman } from './ranks.ts';

/** Planes of one method on one picture: of the network, and with ever more of its layers random. */
export interface RandomisedPlanes {
  readonly original: Float32Array;
  /** From the last layer on; the last of them with all layers random. */
  readonly steps: readonly Float32Array[];
}

export interface Randomisation {
  /** Spearman's correlation with the original at each step; a map without any order counts as 0. */
  readonly similarity: readonly number[];
  /** How much the entropy rises from the network to one that is all random, as a part of it. */
  readonly entropyRise: number;
}

const BINS = 100;

/**
 * The model parameter randomisation test (Adebayo et al. 2018, arXiv 1810.03292), and its efficient
 * form by the entropy of the map (Hedström et al. 2024, arXiv 2405.02383).
 */
export function randomisation({ original, steps }: RandomisedPlanes): Randomisation {
  const before = histogramEntropy(original);
  return {
    similarity: steps.map((plane) => spearman(original, plane) || 0),
    entropyRise: (histogramEntropy(steps.at(-1)!) - before) / before,
  };
}

/** Entropy (natural) of the histogram of values, over bins of one width from the least to the largest. */
export function histogramEntropy(values: ArrayLike<number>, bins = BINS): number {
  let [low, high] = [Infinity, -Infinity];
  for (let index = 0; index < values.length; index++) {
    low = Math.min(low, values[index]!);
    high = Math.max(high, values[index]!);
  }
  if (!(high > low)) return 0;
  const counts = new Float64Array(bins);
  for (let index = 0; index < values.length; index++)
    counts[Math.min(bins - 1, Math.floor(((values[index]! - low) / (high - low)) * bins))]!++;
  let entropy = 0;
  for (const count of counts)
    if (count > 0) entropy -= (count / values.length) * Math.log(count / values.length);
  return entropy;
}

/** Over pictures, step by step. */
export function meanRandomisation(found: readonly Randomisation[]): Randomisation {
  return {
    similarity: found[0]!.similarity.map((_, step) =>
      mean(found.map(({ similarity }) => similarity[step]!)),
    ),
    entropyRise: mean(found.map(({ entropyRise }) => entropyRise).filter(Number.isFinite)),
  };
}
