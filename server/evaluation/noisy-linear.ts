import type { Size } from '../../shared/geometry.ts';
import type { PictureGrid } from '../explain/iterative/picture-grid.ts';
import { normalNumbers, randomNumbers } from '../explain/iterative/random.ts';

export interface ImputationRequest {
  readonly picture: Float32Array;
  readonly grid: PictureGrid;
  /** 1 where a pixel is to be filled; all its channels are. At least one pixel is 0. */
  readonly missing: Uint8Array;
  /** Standard deviation of what is added, as a part of that of each channel; ROAD has 0.01. */
  readonly noise?: number;
  readonly seed?: number;
  /** Where the equations count as solved, as a part of each channel's standard deviation. */
  readonly tolerance?: number;
}

/** Of the four neighbours beside, and of the four across. */
const [BESIDE, ACROSS] = [1 / 6, 1 / 12];
const NOISE = 0.01;
const TOLERANCE = 1e-3;
const MOST_STEPS = 500;

/**
 * ROAD's noisy linear imputation (Rong et al. 2022, arXiv 2202.00449): each missing pixel is the
 * weighted mean of its neighbours, 1/6 beside and 1/12 across, those outside the picture left out;
 * all of them together are one set of linear equations. Then noise is added, so that what was filled
 * does not tell the shape of what was there.
 */
export function noisyLinear({
  picture,
  grid,
  missing,
  noise = NOISE,
  seed = 1,
  tolerance = TOLERANCE,
}: ImputationRequest): Float32Array {
  const filled = picture.slice();
  const places = indicesOf(missing);
  if (places.length === 0) return filled;
  const system = new NeighbourSystem(grid, places);
  const normal = normalNumbers(randomNumbers(seed));
  for (let channel = 0; channel < grid.channels; channel++) {
    const at = (place: number) => channel * grid.plane + place * grid.step;
    const values = Float64Array.from({ length: missing.length }, (_, place) => picture[at(place)]!);
    const deviation = deviationOf(values);
    const solved = system.solve(guess(values, missing, grid), tolerance * deviation);
    places.forEach((place, index) => {
      filled[at(place)] = solved[index]! + noise * deviation * normal();
    });
  }
  return filled;
}

function indicesOf(missing: Uint8Array): Int32Array {
  let count = 0;
  for (const each of missing) count += each;
  const places = new Int32Array(count);
  let next = 0;
  missing.forEach((each, place) => {
    if (each === 1) places[next++] = place;
  });
  return places;
}

export function deviationOf(values: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    sum += values[index]!;
    squares += values[index]! ** 2;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
}

/**
 * The equations Σ w·(x − its neighbour) = 0 of the missing pixels, solved by conjugate gradients on
 * a picture with a border, whose pixels have no weight.
 */
class NeighbourSystem {
  readonly #width: number;
  readonly #height: number;
  readonly #stride: number;
  /** Of the missing pixels, in the picture with a border. */
  readonly #at: Int32Array;
  /** Weights of the neighbours that are inside. */
  readonly #diagonal: Float64Array;

  constructor({ width, height }: Size, places: Int32Array) {
    this.#width = width;
    this.#height = height;
    this.#stride = width + 2;
    this.#at = places.map(
      (place) => (Math.floor(place / width) + 1) * this.#stride + (place % width) + 1,
    );
    const inside = this.#bordered(new Float64Array(width * height).fill(1));
    this.#diagonal = Float64Array.from(this.#at, (at) => this.#neighbours(inside, at));
  }

  /** `values`: known ones, and a guess of the missing ones. */
  solve(values: Float64Array, tolerance: number): Float64Array {
    const [at, diagonal] = [this.#at, this.#diagonal];
    const whole = this.#bordered(values);
    const count = at.length;
    const solution = new Float64Array(count);
    const residual = new Float64Array(count);
    const step = new Float64Array(count);
    // Zero where nothing is missing: a step changes missing pixels only.
    const direction = new Float64Array(whole.length);
    let energy = 0;
    for (let index = 0; index < count; index++) {
      const place = at[index]!;
      solution[index] = whole[place]!;
      residual[index] = this.#neighbours(whole, place) - diagonal[index]! * whole[place]!;
      const scaled = residual[index]! / diagonal[index]!;
      direction[place] = scaled;
      energy += residual[index]! * scaled;
    }
    for (let turn = 0; turn < MOST_STEPS && largest(residual) > tolerance; turn++) {
      let along = 0;
      for (let index = 0; index < count; index++) {
        const place = at[index]!;
        step[index] = diagonal[index]! * direction[place]! - this.#neighbours(direction, place);
        along += direction[place]! * step[index]!;
      }
      if (!(along > 0)) break;
      const length = energy / along;
      let next = 0;
      for (let index = 0; index < count; index++) {
        solution[index]! += length * direction[at[index]!]!;
        residual[index]! -= length * step[index]!;
        next += residual[index]! ** 2 / diagonal[index]!;
      }
      for (let index = 0; index < count; index++) {
        const place = at[index]!;
        direction[place] =
          residual[index]! / diagonal[index]! + (next / energy) * direction[place]!;
      }
      energy = next;
    }
    return solution;
  }

  #neighbours(values: Float64Array, at: number): number {
    const [above, below] = [at - this.#stride, at + this.#stride];
    return (
      BESIDE * (values[at - 1]! + values[at + 1]! + values[above]! + values[below]!) +
      ACROSS * (values[above - 1]! + values[above + 1]! + values[below - 1]! + values[below + 1]!)
    );
  }

  #bordered(values: Float64Array): Float64Array {
    const bordered = new Float64Array(this.#stride * (this.#height + 2));
    for (let y = 0; y < this.#height; y++)
      bordered.set(
        values.subarray(y * this.#width, (y + 1) * this.#width),
        (y + 1) * this.#stride + 1,
      );
    return bordered;
  }
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

/**
 * Missing pixels from means of ever larger squares: large holes are near their solution before the
 * first step.
 */
function guess(values: Float64Array, missing: Uint8Array, { width, height }: Size): Float64Array {
  const known = Float64Array.from(missing, (each) => 1 - each);
  return pulled(
    values.map((value, place) => value * known[place]!),
    known,
    { width, height },
  );
}

function pulled(sums: Float64Array, weights: Float64Array, { width, height }: Size): Float64Array {
  const filled = sums.map((sum, place) => (weights[place]! > 0 ? sum / weights[place]! : 0));
  if (weights.every((weight) => weight > 0) || (width === 1 && height === 1)) return filled;
  const coarse = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const below = (place: number) =>
    Math.floor(Math.floor(place / width) / 2) * coarse.width + Math.floor((place % width) / 2);
  const [sum, weight] = [0, 0].map(() => new Float64Array(coarse.width * coarse.height)) as [
    Float64Array,
    Float64Array,
  ];
  sums.forEach((value, place) => {
    sum[below(place)]! += value;
    weight[below(place)]! += weights[place]!;
  });
  const wide = pulled(sum, weight, coarse);
  return filled.map((value, place) => (weights[place]! > 0 ? value : wide[below(place)]!));
}
