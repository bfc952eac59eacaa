/**
 * Segments of similar colour: `labels` [H,W] with 0…count−1, every segment connected (by edges).
 */
export interface Superpixels {
  readonly labels: Int32Array;
  readonly count: number;
}

export interface SuperpixelRequest {
  /** [H,W,C], values about 0…100. */
  readonly colors: Float32Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Wished for; what comes out is near it. */
  readonly segments: number;
}

/** Weight of distance against colour, `m` in the paper, for colours of 0…100. */
const COMPACTNESS = 10;
const ITERATIONS = 10;

/**
 * SLIC (Achanta et al. 2012): k-means over colour and place, each centre searching only 2S × 2S
 * pixels around it, S being the distance between centres. Here in the network's own colours. Parts
 * that were cut off, and segments below S²/4, join a neighbour.
 */
export function superpixels(request: SuperpixelRequest): Superpixels {
  const { colors, channels, height, width } = request;
  const spacing = Math.max(1, Math.sqrt((height * width) / request.segments));
  const centres = startingCentres(request, spacing);
  const size = channels + 2;
  const count = centres.length / size;
  const labels = new Int32Array(height * width).fill(-1);
  const nearest = new Float64Array(height * width);
  const placeWeight = (COMPACTNESS / spacing) ** 2;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    nearest.fill(Infinity);
    for (let centre = 0; centre < count; centre++) {
      const [cy, cx] = [centres[centre * size + channels]!, centres[centre * size + channels + 1]!];
      for (
        let y = Math.max(0, Math.floor(cy - spacing));
        y <= Math.min(height - 1, Math.ceil(cy + spacing));
        y++
      ) {
        for (
          let x = Math.max(0, Math.floor(cx - spacing));
          x <= Math.min(width - 1, Math.ceil(cx + spacing));
          x++
        ) {
          const position = y * width + x;
          let distance = placeWeight * ((y - cy) ** 2 + (x - cx) ** 2);
          for (let channel = 0; channel < channels; channel++)
            distance +=
              (colors[position * channels + channel]! - centres[centre * size + channel]!) ** 2;
          if (distance < nearest[position]!) {
            nearest[position] = distance;
            labels[position] = centre;
          }
        }
      }
    }
    moveCentres(centres, labels, request);
  }
  return connected(labels, height, width, (spacing * spacing) / 4);
}

/**
 * On a regular grid, each moved to the place of the smallest gradient in its 3 × 3 neighbourhood.
 * Rows of C colours, y, x.
 */
function startingCentres(
  { colors, channels, height, width }: SuperpixelRequest,
  spacing: number,
): Float64Array {
  const [rows, columns] = [height, width].map((length) =>
    Math.max(1, Math.round(length / spacing)),
  ) as [number, number];
  const size = channels + 2;
  const centres = new Float64Array(rows * columns * size);
  const clamp = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));
  const gradientAt = (y: number, x: number) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      const at = (dy: number, dx: number) =>
        colors[(clamp(y + dy, height) * width + clamp(x + dx, width)) * channels + channel]!;
      sum += (at(0, 1) - at(0, -1)) ** 2 + (at(1, 0) - at(-1, 0)) ** 2;
    }
    return sum;
  };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [middleY, middleX] = [
        Math.floor(((row + 0.5) * height) / rows),
        Math.floor(((column + 0.5) * width) / columns),
      ];
      let best = { y: middleY, x: middleX, gradient: gradientAt(middleY, middleX) };
      for (const [dy, dx] of [
        [-1, -1],
        [-1, 0],
        [-1, 1],
        [0, -1],
        [0, 1],
        [1, -1],
        [1, 0],
        [1, 1],
      ] as const) {
        const [y, x] = [clamp(middleY + dy, height), clamp(middleX + dx, width)];
        const gradient = gradientAt(y, x);
        if (gradient < best.gradient) best = { y, x, gradient };
      }
      const offset = (row * columns + column) * size;
      for (let channel = 0; channel < channels; channel++)
        centres[offset + channel] = colors[(best.y * width + best.x) * channels + channel]!;
      centres[offset + channels] = best.y;
      centres[offset + channels + 1] = best.x;
    }
  }
  return centres;
}

function moveCentres(
  centres: Float64Array,
  labels: Int32Array,
  { colors, channels, width }: SuperpixelRequest,
): void {
  const size = channels + 2;
  const sums = new Float64Array(centres.length);
  const members = new Float64Array(centres.length / size);
  for (let position = 0; position < labels.length; position++) {
    const label = labels[position]!;
    if (label < 0) continue;
    for (let channel = 0; channel < channels; channel++)
      sums[label * size + channel]! += colors[position * channels + channel]!;
    sums[label * size + channels]! += Math.floor(position / width);
    sums[label * size + channels + 1]! += position % width;
    members[label]!++;
  }
  for (let index = 0; index < centres.length; index++) {
    const count = members[Math.floor(index / size)]!;
    if (count > 0) centres[index] = sums[index]! / count;
  }
}

/**
 * Gives every connected part a label of its own; parts below `least` pixels take that of a part
 * next to them.
 */
function connected(labels: Int32Array, height: number, width: number, least: number): Superpixels {
  const parts = new Int32Array(labels.length).fill(-1);
  const queue = new Int32Array(labels.length);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (parts[start] !== -1) continue;
    let [read, filled, neighbour] = [0, 1, -1];
    queue[0] = start;
    parts[start] = count;
    while (read < filled) {
      const position = queue[read++]!;
      const x = position % width;
      const visit = (next: number) => {
        if (parts[next] === -1 && labels[next] === labels[start]) {
          parts[next] = count;
          queue[filled++] = next;
        } else if (parts[next] !== -1 && parts[next] !== count) neighbour = parts[next]!;
      };
      if (x > 0) visit(position - 1);
      if (x < width - 1) visit(position + 1);
      if (position >= width) visit(position - width);
      if (position < (height - 1) * width) visit(position + width);
    }
    if (filled < least && neighbour !== -1)
      for (let index = 0; index < filled; index++) parts[queue[index]!] = neighbour;
    else count++;
  }
  return { labels: parts, count };
}
