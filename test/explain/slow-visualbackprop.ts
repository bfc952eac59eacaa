/**
 * VisualBackProp in plain loops and float64, written from its definition (arXiv 1611.05418) and
 * nothing else: what the compiled graphs must equal.
 */

/** Rows × columns. */
export interface Plane {
  readonly height: number;
  readonly width: number;
  readonly at: Float64Array;
}

/** Feature maps: channels of planes of one size. */
export type Maps = readonly Plane[];

export interface Sliding {
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads?: readonly [number, number, number, number];
}

export function plane(
  height: number,
  width: number,
  value: (row: number, column: number) => number = () => 0,
): Plane {
  return {
    height,
    width,
    at: Float64Array.from({ length: height * width }, (_, index) =>
      value(Math.floor(index / width), index % width),
    ),
  };
}

export function pixel(of: Plane, row: number, column: number): number {
  return row >= 0 && row < of.height && column >= 0 && column < of.width
    ? of.at[row * of.width + column]!
    : 0;
}

/** Maps of one picture of a batch [N,C,H,W]. */
export function mapsOf(
  data: ArrayLike<number>,
  [, channels, height, width]: readonly [number, number, number, number],
  picture = 0,
): Plane[] {
  const size = height * width;
  return Array.from({ length: channels }, (_, channel) =>
    plane(
      height,
      width,
      (row, column) => data[(picture * channels + channel) * size + row * width + column]!,
    ),
  );
}

export function meanOverChannels(maps: Maps): Plane {
  const { height, width } = maps[0]!;
  return plane(
    height,
    width,
    (row, column) => maps.reduce((sum, map) => sum + pixel(map, row, column), 0) / maps.length,
  );
}

/**
 * Transposed convolution with ones: every pixel of the mask is added to all pixels that its window
 * saw.
 */
export function deconvolveOnes(
  mask: Plane,
  { kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Sliding,
  height: number,
  width: number,
): Plane {
  const up = plane(height, width);
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      for (let i = 0; i < kernel[0]; i++) {
        for (let j = 0; j < kernel[1]; j++) {
          const row = y * strides[0] - pads[0] + i * dilations[0];
          const column = x * strides[1] - pads[1] + j * dilations[1];
          if (row >= 0 && row < height && column >= 0 && column < width)
            up.at[row * width + column]! += pixel(mask, y, x);
        }
      }
    }
  }
  return up;
}

export function multiply(a: Plane, b: Plane): Plane {
  if (a.height !== b.height || a.width !== b.width)
    throw new Error(`${a.height}×${a.width} meets ${b.height}×${b.width}`);
  return plane(a.height, a.width, (row, column) => pixel(a, row, column) * pixel(b, row, column));
}

/** (mask − min) / (max − min); zeros where the mask is constant. */
export function normalise(mask: Plane): Plane {
  const [low, high] = [Math.min(...mask.at), Math.max(...mask.at)];
  return plane(mask.height, mask.width, (row, column) =>
    high > low ? (pixel(mask, row, column) - low) / (high - low) : 0,
  );
}

/** One layer of a chain: what it makes of the maps, and how a mask gets back through it. */
export interface Layer {
  forward(maps: Maps): Plane[];
  /** Null where the layer does not change the picture's plane. */
  back: ((mask: Plane, height: number, width: number) => Plane) | null;
  /** Whether the maps that it gives out are averaged: activations of convolutions. */
  readonly level: boolean;
}

/** The normalised mask of a chain of layers over one picture. */
export function slowVisualBackProp(layers: readonly Layer[], picture: Maps): Plane {
  const results: Maps[] = [picture];
  for (const layer of layers) results.push(layer.forward(results.at(-1)!));
  let mask: Plane | null = null;
  for (let index = layers.length - 1; index >= 0; index--) {
    const layer = layers[index]!;
    if (layer.level) {
      const average = meanOverChannels(results[index + 1]!);
      mask = mask ? multiply(mask, average) : average;
    }
    const { height, width } = results[index]![0]!;
    if (mask && layer.back) mask = layer.back(mask, height, width);
  }
  return normalise(mask!);
}

function slide(
  maps: Maps,
  window: Sliding,
  ceil: boolean,
): {
  height: number;
  width: number;
  inputAt(y: number, i: number): number;
  columnAt(x: number, j: number): number;
} {
  const { kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] } = window;
  const { height, width } = maps[0]!;
  const count = (axis: 0 | 1, size: number) => {
    const room =
      size + pads[axis] + pads[(axis + 2) as 2 | 3] - (dilations[axis] * (kernel[axis] - 1) + 1);
    const steps = ceil ? Math.ceil(room / strides[axis]) : Math.floor(room / strides[axis]);
    return ceil && steps * strides[axis] >= size + pads[axis] ? steps : steps + 1;
  };
  return {
    height: count(0, height),
    width: count(1, width),
    inputAt: (y, i) => y * strides[0] - pads[0] + i * dilations[0],
    columnAt: (x, j) => x * strides[1] - pads[1] + j * dilations[1],
  };
}

/** `weights[output][input of the group][row][column]`, flat. */
export function convolutionLayer(
  weights: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  channels: { from: number; to: number },
  group: number,
  window: Sliding,
): Layer {
  const [tall, wide] = window.kernel;
  const perGroup = channels.from / group;
  return {
    level: false,
    back: (mask, height, width) => deconvolveOnes(mask, window, height, width),
    forward(maps) {
      const { height, width, inputAt, columnAt } = slide(maps, window, false);
      return Array.from({ length: channels.to }, (_, output) =>
        plane(height, width, (y, x) => {
          let sum = bias ? bias[output]! : 0;
          const first = Math.floor(output / (channels.to / group)) * perGroup;
          for (let input = 0; input < perGroup; input++)
            for (let i = 0; i < tall; i++)
              for (let j = 0; j < wide; j++) {
                sum +=
                  weights[((output * perGroup + input) * tall + i) * wide + j]! *
                  pixel(maps[first + input]!, inputAt(y, i), columnAt(x, j));
              }
          return sum;
        }),
      );
    },
  };
}

export function poolingLayer(
  kind: 'MaxPool' | 'AveragePool',
  window: Sliding,
  ceil = false,
): Layer {
  return {
    level: false,
    back: (mask, height, width) => deconvolveOnes(mask, window, height, width),
    forward(maps) {
      const { height, width, inputAt, columnAt } = slide(maps, window, ceil);
      return maps.map((map) =>
        plane(height, width, (y, x) => {
          const seen: number[] = [];
          for (let i = 0; i < window.kernel[0]; i++)
            for (let j = 0; j < window.kernel[1]; j++) {
              const [row, column] = [inputAt(y, i), columnAt(x, j)];
              if (row >= 0 && row < map.height && column >= 0 && column < map.width)
                seen.push(pixel(map, row, column));
            }
          return kind === 'MaxPool'
            ? Math.max(...seen)
            : seen.reduce((sum, value) => sum + value, 0) / seen.length;
        }),
      );
    },
  };
}

/** Rows and columns added (positive) or cut (negative) at top, left, bottom and right. */
export function borderLayer([top, left, bottom, right]: readonly [
  number,
  number,
  number,
  number,
]): Layer {
  const shifted = (map: Plane, height: number, width: number, down: number, across: number) =>
    plane(height, width, (row, column) => pixel(map, row - down, column - across));
  return {
    level: false,
    back: (mask, height, width) => shifted(mask, height, width, -top, -left),
    forward: (maps) =>
      maps.map((map) =>
        shifted(map, map.height + top + bottom, map.width + left + right, top, left),
      ),
  };
}

export function pointwiseLayer(
  value: (value: number, channel: number) => number,
  level: boolean,
): Layer {
  return {
    level,
    back: null,
    forward: (maps) =>
      maps.map((map, channel) =>
        plane(map.height, map.width, (row, column) => value(pixel(map, row, column), channel)),
      ),
  };
}
