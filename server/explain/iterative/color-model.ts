/** Colours of pixels, [N,C]. */
export interface Colors {
  readonly values: Float32Array;
  readonly channels: number;
}

interface Component {
  readonly share: number;
  readonly mean: Float64Array;
  /** Lower triangle of the covariance's Cholesky factor, row by row. */
  readonly factor: Float64Array;
  readonly logNormaliser: number;
}

/**
 * Added to each variance (colours are 0…100): a component of one single colour would else be
 * infinitely sure.
 */
const LEAST_VARIANCE = 0.5;
const ROUNDS = 8;

/**
 * A mixture of Gaussians with full covariances, each fitted to one group of k-means (Rother et al.
 * 2004, section 3.2).
 */
export class ColorModel {
  readonly #channels: number;
  readonly #components: readonly Component[];

  private constructor(channels: number, components: readonly Component[]) {
    this.#channels = channels;
    this.#components = components;
  }

  /** From the pixels named by `members`, of which there is at least one. */
  static fit(
    colors: Colors,
    members: Int32Array,
    components: number,
    random: () => number,
  ): ColorModel {
    const { group, count } = groups(colors, members, components, random);
    const found = Array.from({ length: count }, (_, index) =>
      component(
        colors,
        members.filter((_, position) => group[position] === index),
        members.length,
      ),
    );
    return new ColorModel(
      colors.channels,
      found.filter((each) => each !== null),
    );
  }

  /** −log of the density of pixel `pixel`'s colour. */
  cost({ values }: Colors, pixel: number): number {
    let [most, sum] = [-Infinity, 0];
    for (const { share, mean, factor, logNormaliser } of this.#components) {
      const logDensity =
        Math.log(share) +
        logNormaliser -
        mahalanobis(values, pixel * this.#channels, mean, factor) / 2;
      if (logDensity > most) {
        sum = sum * Math.exp(most - logDensity) + 1;
        most = logDensity;
      } else sum += Math.exp(logDensity - most);
    }
    return -(most + Math.log(sum));
  }
}

/**
 * k-means, its first centres far from each other at random (k-means++, Arthur and Vassilvitskii
 * 2007).
 */
function groups(
  { values, channels }: Colors,
  members: Int32Array,
  most: number,
  random: () => number,
): { group: Uint8Array; count: number } {
  const group = new Uint8Array(members.length);
  const nearest = new Float64Array(members.length).fill(Infinity);
  const centres: Float64Array[] = [];
  const distance = (position: number, centre: Float64Array) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++)
      sum += (values[members[position]! * channels + channel]! - centre[channel]!) ** 2;
    return sum;
  };
  const addCentre = (position: number) => {
    const centre = Float64Array.from(
      { length: channels },
      (_, channel) => values[members[position]! * channels + channel]!,
    );
    centres.push(centre);
    for (let index = 0; index < members.length; index++)
      nearest[index] = Math.min(nearest[index]!, distance(index, centre));
  };
  addCentre(Math.floor(random() * members.length));
  while (centres.length < most) {
    const total = nearest.reduce((sum, value) => sum + value, 0);
    if (total === 0) break;
    let left = random() * total;
    let chosen = nearest.findIndex((value) => (left -= value) < 0);
    if (chosen === -1) chosen = nearest.findLastIndex((value) => value > 0);
    addCentre(chosen);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const sums = centres.map(() => new Float64Array(channels + 1));
    for (let position = 0; position < members.length; position++) {
      let best = 0;
      for (
        let index = 1, least = distance(position, centres[0]!);
        index < centres.length;
        index++
      ) {
        const other = distance(position, centres[index]!);
        if (other < least) [best, least] = [index, other];
      }
      group[position] = best;
      const sum = sums[best]!;
      for (let channel = 0; channel < channels; channel++)
        sum[channel]! += values[members[position]! * channels + channel]!;
      sum[channels]!++;
    }
    sums.forEach((sum, index) => {
      if (sum[channels]! > 0)
        for (let channel = 0; channel < channels; channel++)
          centres[index]![channel] = sum[channel]! / sum[channels]!;
    });
  }
  return { group, count: centres.length };
}

function component(
  { values, channels }: Colors,
  members: Int32Array,
  total: number,
): Component | null {
  if (members.length === 0) return null;
  const mean = new Float64Array(channels);
  const factor = new Float64Array(channels * channels);
  for (const pixel of members)
    for (let channel = 0; channel < channels; channel++)
      mean[channel]! += values[pixel * channels + channel]! / members.length;
  for (const pixel of members) {
    for (let i = 0; i < channels; i++) {
      for (let j = 0; j <= i; j++)
        factor[i * channels + j]! +=
          ((values[pixel * channels + i]! - mean[i]!) *
            (values[pixel * channels + j]! - mean[j]!)) /
          members.length;
    }
  }
  let logNormaliser = (-channels / 2) * Math.log(2 * Math.PI);
  for (let i = 0; i < channels; i++) {
    factor[i * channels + i]! += LEAST_VARIANCE;
    for (let j = 0; j <= i; j++) {
      let sum = factor[i * channels + j]!;
      for (let k = 0; k < j; k++) sum -= factor[i * channels + k]! * factor[j * channels + k]!;
      factor[i * channels + j] =
        i === j ? Math.sqrt(Math.max(sum, LEAST_VARIANCE / 10)) : sum / factor[j * channels + j]!;
    }
    logNormaliser -= Math.log(factor[i * channels + i]!);
  }
  return { share: members.length / total, mean, factor, logNormaliser };
}

/** (z − mean)ᵀ Σ⁻¹ (z − mean) by forward substitution. */
function mahalanobis(
  values: Float32Array,
  offset: number,
  mean: Float64Array,
  factor: Float64Array,
): number {
  const channels = mean.length;
  const solved = new Array<number>(channels);
  let sum = 0;
  for (let i = 0; i < channels; i++) {
    let value = values[offset + i]! - mean[i]!;
    for (let k = 0; k < i; k++) value -= factor[i * channels + k]! * solved[k]!;
    solved[i] = value / factor[i * channels + i]!;
    sum += solved[i]! ** 2;
  }
  return sum;
}
