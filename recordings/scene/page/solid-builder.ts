import * as THREE from 'three';
import type { Rgb } from '../world/light.ts';

export type Point = [number, number, number];

/**
 * How a face is painted: one colour, a wall with windows (u, v in m), or a drawing of the sign
 * texture.
 */
export const surface = { plain: 0, wall: 1, drawing: 2 } as const;

/** Collects coloured faces with the number of the object to which they belong. */
export class SolidBuilder {
  readonly #position: number[] = [];
  readonly #normal: number[] = [];
  readonly #colour: number[] = [];
  readonly #at: number[] = [];
  readonly #mark: number[] = [];
  readonly #index: number[] = [];
  /** Number of the object that following faces belong to. */
  number = 0;

  /**
   * Four corners, counter-clockwise seen from outside; `uv` gives each corner's place on the
   * surface.
   */
  quad(
    a: Point,
    b: Point,
    c: Point,
    d: Point,
    colour: Rgb,
    kind: number = surface.plain,
    uv: [number, number][] = corners,
  ): void {
    const u = minus(b, a);
    const v = minus(d, a);
    const n: Point = [
      u[1] * v[2] - u[2] * v[1],
      u[2] * v[0] - u[0] * v[2],
      u[0] * v[1] - u[1] * v[0],
    ];
    const length = Math.hypot(...n) || 1;
    const first = this.#position.length / 3;
    [a, b, c, d].forEach((point, corner) => {
      this.#position.push(...point);
      this.#normal.push(n[0] / length, n[1] / length, n[2] / length);
      this.#colour.push(...colour);
      this.#at.push(...(uv[corner] as [number, number]));
      this.#mark.push(this.number, kind);
    });
    this.#index.push(first, first + 1, first + 2, first, first + 2, first + 3);
  }

  /** An upright box: `length` along the heading, `width` across it. */
  box(
    foot: Point,
    heading: number,
    length: number,
    width: number,
    height: number,
    colour: Rgb,
    walls: number = surface.plain,
    roof: Rgb = colour,
  ): void {
    const c = Math.cos(heading);
    const s = Math.sin(heading);
    const corner = (along: number, across: number, up: number): Point => [
      foot[0] + c * along * length * 0.5 - s * across * width * 0.5,
      foot[1] + s * along * length * 0.5 + c * across * width * 0.5,
      foot[2] + up * height,
    ];
    const ring: [number, number][] = [
      [1, 1],
      [-1, 1],
      [-1, -1],
      [1, -1],
    ];
    ring.forEach(([x0, y0], i) => {
      const [x1, y1] = ring[(i + 1) % 4] as [number, number];
      const run = x0 === x1 ? width : length;
      this.quad(
        corner(x0, y0, 0),
        corner(x1, y1, 0),
        corner(x1, y1, 1),
        corner(x0, y0, 1),
        colour,
        walls,
        [
          [0, 0],
          [run, 0],
          [run, height],
          [0, height],
        ],
      );
    });
    this.quad(corner(-1, -1, 1), corner(1, -1, 1), corner(1, 1, 1), corner(-1, 1, 1), roof);
  }

  build(): THREE.BufferGeometry {
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute('position', new THREE.Float32BufferAttribute(this.#position, 3));
    geometry.setAttribute('normal', new THREE.Float32BufferAttribute(this.#normal, 3));
    geometry.setAttribute('colour', new THREE.Float32BufferAttribute(this.#colour, 3));
    geometry.setAttribute('at', new THREE.Float32BufferAttribute(this.#at, 2));
    geometry.setAttribute('mark', new THREE.Float32BufferAttribute(this.#mark, 2));
    geometry.setIndex(this.#index);
    return geometry;
  }
}

const corners: [number, number][] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

function minus(a: Point, b: Point): Point {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}
