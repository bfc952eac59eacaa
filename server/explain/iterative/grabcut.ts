import { ColorModel, type Colors } from './color-model.ts';
import { DIRECTIONS, minimumCut } from './max-flow.ts';
import { randomNumbers } from './random.ts';

export interface GrabCutRequest {
  /** [H,W,C], values about 0…100. */
  readonly colors: Float32Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** [H,W]: 1 foreground, 0 background, 2 not known. */
  readonly seeds: Uint8Array;
  readonly iterations: number;
  readonly seed: number;
}

const COMPONENTS = 5;
/** Weight of smooth borders, γ in the paper. */
const GAMMA = 50;

/**
 * GrabCut (Rother, Kolmogorov and Blake 2004): colour models of foreground and background, a
 * minimum cut, and both again from what the cut gave. Gives [H,W] 1 or 0. The first models come
 * from the seeds, which are not binding: a seed stays what it was only where colour and neighbours
 * agree. A pixel's cost is that of the whole mixture, not of its likeliest component.
 */
export function grabCut(request: GrabCutRequest): Uint8Array {
  const { height, width, seeds, iterations } = request;
  const colors: Colors = { values: request.colors, channels: request.channels };
  const random = randomNumbers(request.seed);
  const neighbours = smoothness(colors, height, width);
  let labels = seeds;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const [inside, outside] = [pixelsWith(labels, 1), pixelsWith(labels, 0)];
    // With one side empty there is nothing left to separate.
    if (inside.length === 0 || outside.length === 0) break;
    const [foreground, background] = [inside, outside].map((members) =>
      ColorModel.fit(colors, members, COMPONENTS, random),
    ) as [ColorModel, ColorModel];
    const source = new Float64Array(height * width);
    const sink = new Float64Array(height * width);
    for (let pixel = 0; pixel < source.length; pixel++) {
      const preference = background.cost(colors, pixel) - foreground.cost(colors, pixel);
      if (preference > 0) source[pixel] = preference;
      else sink[pixel] = -preference;
    }
    const cut = minimumCut({ height, width, source, sink, neighbours });
    if (cut.every((label, pixel) => label === labels[pixel])) break;
    labels = cut;
  }
  return labels.map((label) => (label === 1 ? 1 : 0));
}

function pixelsWith(labels: Uint8Array, wanted: number): Int32Array {
  const pixels: number[] = [];
  labels.forEach((label, pixel) => {
    if (label === wanted) pixels.push(pixel);
  });
  return Int32Array.from(pixels);
}

/**
 * γ · exp(−β‖Δz‖²) ÷ distance between neighbours, β = 1 ÷ (2 · mean of ‖Δz‖²): equation 11 of the
 * paper, with the distance as in its implementation.
 */
export function smoothness(
  { values, channels }: Colors,
  height: number,
  width: number,
): Float64Array {
  const capacities = new Float64Array(height * width * 8).fill(-1);
  let [sum, count] = [0, 0];
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    DIRECTIONS.forEach(([dy, dx], direction) => {
      if (y + dy < 0 || y + dy >= height || x + dx < 0 || x + dx >= width) return;
      const other = pixel + dy * width + dx;
      let difference = 0;
      for (let channel = 0; channel < channels; channel++)
        difference +=
          (values[pixel * channels + channel]! - values[other * channels + channel]!) ** 2;
      capacities[pixel * 8 + direction] = difference;
      sum += difference;
      count++;
    });
  }
  const beta = sum > 0 ? count / (2 * sum) : 0;
  return capacities.map((difference, arc) => {
    if (difference < 0) return 0;
    const [dy, dx] = DIRECTIONS[arc & 7]!;
    return (GAMMA * Math.exp(-beta * difference)) / Math.hypot(dy, dx);
  });
}
