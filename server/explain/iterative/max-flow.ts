/**
 * Capacities over the pixels of a picture and two terminals. Between neighbours they are the same
 * both ways.
 */
export interface GridCapacities {
  readonly height: number;
  readonly width: number;
  /** From the source to each pixel, and from each pixel to the sink; ≥ 0. */
  readonly source: Float64Array;
  readonly sink: Float64Array;
  /**
   * From pixel p to its neighbour in direction d of DIRECTIONS, at [8p + d]; ≥ 0, and 0 where it
   * would leave the picture.
   */
  readonly neighbours: Float64Array;
}

/** Rows and columns to the eight neighbours; the opposite of direction d is 7 − d. */
export const DIRECTIONS = [
  [-1, -1],
  [-1, 0],
  [-1, 1],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 0],
  [1, 1],
] as const;

const FREE = 0;
const SOURCE = 1;
const SINK = 2;
/** Instead of the arc to a parent. */
const NONE = -1;
const TERMINAL = -2;
const ORPHAN = -3;

/**
 * The minimum cut: 1 for pixels on the source's side, 0 for the others. Maximum flow by two search
 * trees that are kept from one augmentation to the next (Boykov and Kolmogorov 2004), with the
 * distance and time marks of their section 3.
 */
export function minimumCut(capacities: GridCapacities): Uint8Array {
  const flow = new GridFlow(capacities);
  flow.run();
  return flow.sourceSide();
}

class GridFlow {
  readonly #count: number;
  /** What an arc can still carry: 8 arcs a pixel. */
  readonly #residual: Float64Array;
  /** What can still come from the source (> 0) or go to the sink (< 0). */
  readonly #terminal: Float64Array;
  readonly #tree: Uint8Array;
  /** The arc from a pixel to its parent, or NONE, TERMINAL, ORPHAN. */
  readonly #parent: Int32Array;
  readonly #distance: Int32Array;
  readonly #mark: Int32Array;
  readonly #steps: readonly number[];
  /** One bit per direction: whether it leads to a pixel of the picture. */
  readonly #inside: Uint8Array;
  #time = 0;
  readonly #active: Int32Array;
  readonly #isActive: Uint8Array;
  #activeHead = 0;
  #activeCount = 0;
  #orphans: number[] = [];

  constructor({ height, width, source, sink, neighbours }: GridCapacities) {
    this.#count = height * width;
    this.#residual = neighbours.slice();
    this.#terminal = Float64Array.from(source, (capacity, pixel) => capacity - sink[pixel]!);
    this.#tree = new Uint8Array(this.#count);
    this.#parent = new Int32Array(this.#count).fill(NONE);
    this.#distance = new Int32Array(this.#count);
    this.#mark = new Int32Array(this.#count);
    this.#active = new Int32Array(this.#count);
    this.#isActive = new Uint8Array(this.#count);
    this.#steps = DIRECTIONS.map(([dy, dx]) => dy * width + dx);
    this.#inside = Uint8Array.from({ length: this.#count }, (_, pixel) => {
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      return DIRECTIONS.reduce(
        (bits, [dy, dx], direction) =>
          y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width
            ? bits | (1 << direction)
            : bits,
        0,
      );
    });
    for (let pixel = 0; pixel < this.#count; pixel++) {
      if (this.#terminal[pixel] === 0) continue;
      this.#tree[pixel] = this.#terminal[pixel]! > 0 ? SOURCE : SINK;
      this.#parent[pixel] = TERMINAL;
      this.#distance[pixel] = 1;
      this.#activate(pixel);
    }
  }

  run(): void {
    let current = NONE;
    for (;;) {
      if (current === NONE || this.#tree[current] === FREE) current = this.#nextActive();
      if (current === NONE) return;
      const bridge = this.#grow(current);
      this.#time++;
      if (bridge === NONE) {
        current = NONE;
        continue;
      }
      this.#augment(bridge);
      this.#adopt();
    }
  }

  sourceSide(): Uint8Array {
    return this.#tree.map((tree) => (tree === SOURCE ? 1 : 0));
  }

  #head(arc: number): number {
    return (arc >> 3) + this.#steps[arc & 7]!;
  }

  /** The same way back. */
  #sister(arc: number): number {
    return this.#head(arc) * 8 + 7 - (arc & 7);
  }

  #isInside(pixel: number, direction: number): boolean {
    return (this.#inside[pixel]! & (1 << direction)) !== 0;
  }

  #activate(pixel: number): void {
    if (this.#isActive[pixel]) return;
    this.#isActive[pixel] = 1;
    this.#active[(this.#activeHead + this.#activeCount++) % this.#count] = pixel;
  }

  #nextActive(): number {
    while (this.#activeCount > 0) {
      const pixel = this.#active[this.#activeHead]!;
      this.#activeHead = (this.#activeHead + 1) % this.#count;
      this.#activeCount--;
      this.#isActive[pixel] = 0;
      if (this.#tree[pixel] !== FREE) return pixel;
    }
    return NONE;
  }

  /**
   * Takes free neighbours into the pixel's tree. The arc from the source's tree to the sink's,
   * where they meet; else NONE.
   */
  #grow(pixel: number): number {
    const tree = this.#tree[pixel]!;
    for (let direction = 0; direction < 8; direction++) {
      if (!this.#isInside(pixel, direction)) continue;
      const arc = pixel * 8 + direction;
      const sister = this.#sister(arc);
      if (!(this.#residual[tree === SOURCE ? arc : sister]! > 0)) continue;
      const neighbour = this.#head(arc);
      if (this.#tree[neighbour] === FREE) {
        this.#tree[neighbour] = tree;
        this.#join(neighbour, sister, this.#distance[pixel]! + 1, this.#mark[pixel]!);
        this.#activate(neighbour);
      } else if (this.#tree[neighbour] !== tree) {
        return tree === SOURCE ? arc : sister;
      } else if (
        this.#mark[neighbour]! <= this.#mark[pixel]! &&
        this.#distance[neighbour]! > this.#distance[pixel]! + 1
      ) {
        this.#join(neighbour, sister, this.#distance[pixel]! + 1, this.#mark[pixel]!);
      }
    }
    return NONE;
  }

  #join(pixel: number, parent: number, distance: number, mark: number): void {
    this.#parent[pixel] = parent;
    this.#distance[pixel] = distance;
    this.#mark[pixel] = mark;
  }

  #augment(bridge: number): void {
    const [from, to] = [bridge >> 3, this.#head(bridge)];
    let least = this.#residual[bridge]!;
    const rootOf = (start: number, arcOf: (toParent: number) => number): number => {
      let pixel = start;
      for (let arc = this.#parent[pixel]!; arc !== TERMINAL; arc = this.#parent[pixel]!) {
        least = Math.min(least, this.#residual[arcOf(arc)]!);
        pixel = this.#head(arc);
      }
      least = Math.min(least, Math.abs(this.#terminal[pixel]!));
      return pixel;
    };
    rootOf(from, (arc) => this.#sister(arc));
    rootOf(to, (arc) => arc);
    this.#push(bridge, least);
    this.#pushToRoot(from, least, SOURCE);
    this.#pushToRoot(to, least, SINK);
  }

  #push(arc: number, amount: number): void {
    this.#residual[arc]! -= amount;
    this.#residual[this.#sister(arc)]! += amount;
  }

  #pushToRoot(start: number, amount: number, tree: number): void {
    let pixel = start;
    for (let arc = this.#parent[pixel]!; arc !== TERMINAL; arc = this.#parent[pixel]!) {
      const parent = this.#head(arc);
      const used = tree === SOURCE ? this.#sister(arc) : arc;
      this.#push(used, amount);
      if (!(this.#residual[used]! > 0)) this.#orphan(pixel);
      pixel = parent;
    }
    this.#terminal[pixel]! -= tree === SOURCE ? amount : -amount;
    if (this.#terminal[pixel] === 0) this.#orphan(pixel);
  }

  #orphan(pixel: number): void {
    this.#parent[pixel] = ORPHAN;
    this.#orphans.push(pixel);
  }

  #adopt(): void {
    // Children of an orphan without a new parent are appended while the list is read.
    for (let index = 0; index < this.#orphans.length; index++)
      this.#findParent(this.#orphans[index]!);
    this.#orphans = [];
  }

  #findParent(pixel: number): void {
    const tree = this.#tree[pixel]!;
    let [best, nearest] = [NONE, Infinity];
    for (let direction = 0; direction < 8; direction++) {
      if (!this.#isInside(pixel, direction)) continue;
      const arc = pixel * 8 + direction;
      const neighbour = this.#head(arc);
      if (
        this.#tree[neighbour] !== tree ||
        !(this.#residual[tree === SOURCE ? this.#sister(arc) : arc]! > 0)
      )
        continue;
      const distance = this.#distanceToRoot(neighbour);
      if (distance < nearest) [best, nearest] = [arc, distance];
    }
    if (best !== NONE) return this.#join(pixel, best, nearest + 1, this.#time);
    this.#parent[pixel] = NONE;
    this.#tree[pixel] = FREE;
    for (let direction = 0; direction < 8; direction++) {
      if (!this.#isInside(pixel, direction)) continue;
      const arc = pixel * 8 + direction;
      const neighbour = this.#head(arc);
      if (this.#tree[neighbour] !== tree) continue;
      if (this.#residual[tree === SOURCE ? this.#sister(arc) : arc]! > 0) this.#activate(neighbour);
      const parent = this.#parent[neighbour]!;
      if (parent >= 0 && this.#head(parent) === pixel) this.#orphan(neighbour);
    }
  }

  /**
   * Arcs to the terminal, Infinity where the way ends at an orphan. Marks the way, so that the next
   * one is shorter.
   */
  #distanceToRoot(start: number): number {
    let distance = 0;
    let pixel = start;
    for (;;) {
      if (this.#mark[pixel] === this.#time && this.#parent[pixel] !== ORPHAN) {
        distance += this.#distance[pixel]!;
        break;
      }
      const arc = this.#parent[pixel]!;
      if (arc === ORPHAN || arc === NONE) return Infinity;
      distance++;
      if (arc === TERMINAL) {
        this.#mark[pixel] = this.#time;
        this.#distance[pixel] = 1;
        break;
      }
      pixel = this.#head(arc);
    }
    let left = distance;
    for (
      pixel = start;
      this.#mark[pixel] !== this.#time;
      pixel = this.#head(this.#parent[pixel]!)
    ) {
      this.#mark[pixel] = this.#time;
      this.#distance[pixel] = left--;
    }
    return distance;
  }
}
