/** A polyline in mask pixels (pixel centres at .5): x0, y0, x1, y1, … */
export type Polyline = Float32Array;

const SMOOTHING_PASSES = 4;

/**
 * Linked list of boundary points of one mask; kept between frames, because a new one per frame is
 * garbage.
 */
let links = new Int32Array(0);

/**
 * The border of a road region (uint8, ≥ 128 is road) as polylines, by marching squares between
 * pixel centres. Borders end at the mask's edge instead of running along it: there the road goes
 * on. Corners of the pixel grid are smoothed away, by less than half a mask pixel.
 */
export function traceOutline(road: Uint8Array, width: number, height: number): Polyline[] {
  link(road, width, height);
  const lines: Polyline[] = [];
  const edges = width * height * 2;
  // Open lines first, from their ends; what is left after that are closed ones.
  for (const closed of [false, true]) {
    for (let edge = 0; edge < edges; edge++) {
      const first = links[edge * 2] ?? -1;
      const second = links[edge * 2 + 1] ?? -1;
      if (first >= 0 && (closed || second < 0)) lines.push(smooth(follow(edge, width), closed));
    }
  }
  return lines;
}

/**
 * For every edge between two neighbouring pixel centres that the border crosses: the (at most two)
 * edges where it goes on. Edge 2·(y·width + x) joins a pixel to its right neighbour, the next one
 * to its lower neighbour.
 */
function link(road: Uint8Array, width: number, height: number): void {
  const needed = width * height * 4;
  if (links.length !== needed) links = new Int32Array(needed);
  links.fill(-1);
  for (let y = 0; y + 1 < height; y++) {
    const row = y * width;
    for (let x = 0; x + 1 < width; x++) {
      const at = row + x;
      const nw = (road[at] ?? 0) >> 7;
      const ne = (road[at + 1] ?? 0) >> 7;
      const sw = (road[at + width] ?? 0) >> 7;
      const se = (road[at + width + 1] ?? 0) >> 7;
      const sum = nw + ne + sw + se;
      if (sum === 0 || sum === 4) continue;
      const north = at * 2;
      const west = at * 2 + 1;
      const south = (at + width) * 2;
      const east = (at + 1) * 2 + 1;
      if (nw === se && ne === sw) {
        // Two regions touch at a corner: keep them apart.
        join(north, nw ? west : east);
        join(south, nw ? east : west);
        continue;
      }
      const crossed: number[] = [];
      if (nw !== ne) crossed.push(north);
      if (nw !== sw) crossed.push(west);
      if (sw !== se) crossed.push(south);
      if (ne !== se) crossed.push(east);
      join(crossed[0] ?? 0, crossed[1] ?? 0);
    }
  }
}

function join(a: number, b: number): void {
  links[(links[a * 2] ?? -1) < 0 ? a * 2 : a * 2 + 1] = b;
  links[(links[b * 2] ?? -1) < 0 ? b * 2 : b * 2 + 1] = a;
}

/** Walks a line from one edge to its end (or around), unlinking what it passes. */
function follow(start: number, width: number): number[] {
  const points: number[] = [];
  let edge = start;
  let previous = -1;
  for (;;) {
    const pixel = edge >> 1;
    const x = pixel % width;
    const y = (pixel - x) / width;
    points.push(x + (edge & 1 ? 0.5 : 1), y + (edge & 1 ? 1 : 0.5));
    const first = links[edge * 2] ?? -1;
    const second = links[edge * 2 + 1] ?? -1;
    links[edge * 2] = -1;
    links[edge * 2 + 1] = -1;
    const next = first !== previous && first >= 0 ? first : second;
    if (next < 0 || next === previous) return points;
    if (next === start) {
      points.push(points[0] ?? 0, points[1] ?? 0);
      return points;
    }
    previous = edge;
    edge = next;
  }
}

/** Repeated averaging with both neighbours (weights 1 2 1); the ends of open lines stay. */
function smooth(points: number[], closed: boolean): Polyline {
  let from = Float32Array.from(points);
  const count = from.length / 2;
  if (count < 3) return from;
  let to = new Float32Array(from.length);
  for (let pass = 0; pass < SMOOTHING_PASSES; pass++) {
    to.set(from);
    for (let i = closed ? 0 : 1; i < count - 1; i++) {
      const before = i === 0 ? count - 2 : i - 1;
      for (const axis of [0, 1]) {
        to[i * 2 + axis] =
          ((from[before * 2 + axis] ?? 0) +
            2 * (from[i * 2 + axis] ?? 0) +
            (from[(i + 1) * 2 + axis] ?? 0)) /
          4;
      }
    }
    if (closed) to.copyWithin(to.length - 2, 0, 2);
    [from, to] = [to, from];
  }
  return from;
}
