import { grabCut } from './grabcut.ts';
import { interleavedColors, type PictureGrid } from './picture-grid.ts';

export interface RegionRequest {
  readonly picture: Float32Array;
  /** Of the explained output, shaped like the picture. */
  readonly gradient: Float32Array;
  readonly grid: PictureGrid;
  /**
   * Percentiles of the saliency: above the first lie foreground seeds, up to the second background
   * seeds.
   */
  readonly foreground: number;
  readonly background: number;
  readonly iterations: number;
  readonly seed: number;
}

export interface FoundRegion {
  /** [H,W], 1 inside. */
  readonly region: Float32Array;
  readonly note: string;
}

/**
 * GrabCut from seeds of saliency, max over channels of |gradient|, and the largest part that hangs
 * together.
 */
export function salientRegion({
  picture,
  gradient,
  grid,
  foreground,
  background,
  iterations,
  seed,
}: RegionRequest): FoundRegion {
  const { channels, height, width } = grid;
  const saliency = strongest(gradient, grid);
  const seeds = seedsOf(saliency, foreground, background);
  if (!seeds)
    return {
      region: new Float32Array(height * width),
      note: 'The saliency is the same everywhere: there is no region to find.',
    };
  const labels = grabCut({
    colors: interleavedColors(picture, grid),
    channels,
    height,
    width,
    seeds,
    iterations,
    seed,
  });
  const region = largestComponent(labels, height, width);
  const size = region.reduce((sum, value) => sum + value, 0);
  if (size === 0) return { region, note: 'No region stands out by its colour.' };
  const percent = (share: number) => (100 * share).toPrecision(3);
  return {
    region,
    note: `The region is ${percent(size / region.length)} % of the picture and holds ${percent(massInside(saliency, region) / massInside(saliency, null))} % of the saliency.`,
  };
}

function strongest(
  gradient: Float32Array,
  { channels, height, width, plane, step }: PictureGrid,
): Float32Array {
  return Float32Array.from({ length: height * width }, (_, position) => {
    let most = 0;
    for (let channel = 0; channel < channels; channel++)
      most = Math.max(most, Math.abs(gradient[channel * plane + position * step]!));
    return most;
  });
}

/**
 * 1, 0, or 2 where a pixel is no seed; null where all saliency is equal. Pixels that equal the
 * upper percentile are foreground where nothing lies above it.
 */
function seedsOf(
  saliency: Float32Array,
  foreground: number,
  background: number,
): Uint8Array | null {
  const sorted = saliency.toSorted();
  const at = (percent: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))]!;
  const [low, most] = [at(background), sorted.at(-1)!];
  if (sorted[0] === most) return null;
  const high = Math.min(at(foreground), most);
  const isForeground = (value: number) => (high < most ? value > high : value === most);
  return Uint8Array.from(saliency, (value) => (isForeground(value) ? 1 : value <= low ? 0 : 2));
}

/** Of the pixels that are 1, those of the largest part that hangs together by edges. */
export function largestComponent(labels: Uint8Array, height: number, width: number): Float32Array {
  const part = new Int32Array(labels.length);
  const queue = new Int32Array(labels.length);
  let [count, best, most] = [0, 0, 0];
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] !== 1 || part[start] !== 0) continue;
    count++;
    let [read, filled] = [0, 1];
    queue[0] = start;
    part[start] = count;
    while (read < filled) {
      const position = queue[read++]!;
      const x = position % width;
      for (const next of [
        x > 0 ? position - 1 : -1,
        x < width - 1 ? position + 1 : -1,
        position - width,
        position + width,
      ]) {
        if (next < 0 || next >= height * width || labels[next] !== 1 || part[next] !== 0) continue;
        part[next] = count;
        queue[filled++] = next;
      }
    }
    if (filled > most) [best, most] = [count, filled];
  }
  return Float32Array.from(part, (each) => (best > 0 && each === best ? 1 : 0));
}

function massInside(saliency: Float32Array, region: Float32Array | null): number {
  return saliency.reduce(
    (sum, value, position) => sum + value * (region ? region[position]! : 1),
    0,
  );
}
