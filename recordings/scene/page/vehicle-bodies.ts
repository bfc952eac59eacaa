import type { Rgb } from '../world/light.ts';
import { SolidBuilder, type Point } from './solid-builder.ts';

/** Marks of a body's faces, in place of an object's number. */
export const part = {
  paint: 0,
  glass: 1,
  black: 2,
  tailLight: 3,
  headLight: 4,
  plate: 5,
  metal: 6,
} as const;

interface Shape {
  length: number;
  width: number;
  /**
   * Outline of the body from the tail (x < 0) to the nose: [x, height of the waist, height of the
   * roof or bonnet].
   */
  waist: [number, number][];
  roof: [number, number][];
  clearance: number;
  wheels: [number, number];
  wheelRadius: number;
}

const saloon: Shape = {
  length: 4.6,
  width: 1.8,
  clearance: 0.22,
  waist: [
    [-2.3, 0.62],
    [-2.22, 0.95],
    [-1.5, 1.02],
    [1.0, 0.95],
    [2.1, 0.78],
    [2.3, 0.6],
  ],
  roof: [
    [-1.75, 1.02],
    [-1.05, 1.4],
    [-0.3, 1.45],
    [0.25, 1.4],
    [1.15, 0.96],
  ],
  wheels: [-1.38, 1.4],
  wheelRadius: 0.33,
};
const estate: Shape = {
  length: 4.5,
  width: 1.84,
  clearance: 0.24,
  waist: [
    [-2.2, 0.62],
    [-2.2, 1.0],
    [-1.5, 1.04],
    [1.0, 0.98],
    [2.05, 0.8],
    [2.25, 0.6],
  ],
  roof: [
    [-2.16, 1.04],
    [-1.85, 1.48],
    [-0.4, 1.54],
    [0.25, 1.48],
    [1.15, 0.98],
  ],
  wheels: [-1.35, 1.38],
  wheelRadius: 0.34,
};
const offRoader: Shape = {
  length: 4.7,
  width: 1.92,
  clearance: 0.32,
  waist: [
    [-2.35, 0.7],
    [-2.33, 1.12],
    [-1.5, 1.15],
    [1.0, 1.1],
    [2.15, 0.95],
    [2.35, 0.7],
  ],
  roof: [
    [-2.26, 1.15],
    [-2.0, 1.7],
    [-0.4, 1.76],
    [0.35, 1.7],
    [1.1, 1.1],
  ],
  wheels: [-1.42, 1.42],
  wheelRadius: 0.38,
};
const paint: Rgb = [1, 1, 1];

export function carBody(variant: number): SolidBuilder {
  const builder = new SolidBuilder();
  const shape = [saloon, estate, offRoader][variant] ?? saloon;
  const half = shape.width / 2;
  const mark = (kind: number) => (builder.number = kind);
  const floor = shape.clearance;
  // Lower body: sides lean in a little at sill and waist.
  const level = (x: number, y: number, z: number): Point => [x, y, z];
  for (let i = 0; i + 1 < shape.waist.length; i++) {
    const [x0, z0] = shape.waist[i] as [number, number];
    const [x1, z1] = shape.waist[i + 1] as [number, number];
    const taper = (x: number) => half * (1 - 0.1 * Math.max(0, Math.abs(x) - shape.length * 0.36));
    mark(part.paint);
    for (const side of [-1, 1]) {
      const y0 = side * taper(x0);
      const y1 = side * taper(x1);
      const sill = (x: number, y: number): Point => level(x, y * 0.94, floor);
      const hip = (x: number, y: number, z: number): Point =>
        level(x, y, floor + (z - floor) * 0.55);
      const waist = (x: number, y: number, z: number): Point => level(x, y * 0.93, z);
      const faces: [Point, Point, Point, Point][] = [
        [sill(x0, y0), sill(x1, y1), hip(x1, y1, z1), hip(x0, y0, z0)],
        [hip(x0, y0, z0), hip(x1, y1, z1), waist(x1, y1, z1), waist(x0, y0, z0)],
      ];
      for (const [a, b, c, d] of faces) {
        if (side < 0) builder.quad(a, b, c, d, paint);
        else builder.quad(b, a, d, c, paint);
      }
    }
    const a = taper(x0) * 0.93;
    const b = taper(x1) * 0.93;
    builder.quad(level(x0, -a, z0), level(x1, -b, z1), level(x1, b, z1), level(x0, a, z0), paint);
  }
  const [tail, tailTop] = shape.waist[0] as [number, number];
  const [nose, noseTop] = shape.waist.at(-1) as [number, number];
  builder.quad(
    level(tail, half * 0.9, floor),
    level(tail, -half * 0.9, floor),
    level(tail, -half * 0.93, tailTop),
    level(tail, half * 0.93, tailTop),
    paint,
  );
  builder.quad(
    level(nose, -half * 0.9, floor),
    level(nose, half * 0.9, floor),
    level(nose, half * 0.9, noseTop),
    level(nose, -half * 0.9, noseTop),
    paint,
  );
  buildCabin(builder, shape, half);
  buildDetails(builder, shape, half, tail, tailTop, nose, noseTop);
  return builder;
}

function buildCabin(builder: SolidBuilder, shape: Shape, half: number) {
  const waistAt = (x: number) => {
    const i = Math.max(
      0,
      shape.waist.findLastIndex(([at]) => at <= x),
    );
    const [x0, z0] = shape.waist[i] as [number, number];
    const [x1, z1] = shape.waist[i + 1] ?? [x0 + 1, z0];
    return z0 + ((z1 - z0) * (x - x0)) / (x1 - x0);
  };
  const highest = Math.max(...shape.roof.map(([, z]) => z));
  const halfAt = (x: number, z: number) =>
    half * (0.9 - 0.2 * Math.max(0, (z - waistAt(x)) / (highest - waistAt(x))));
  for (let i = 0; i + 1 < shape.roof.length; i++) {
    const [x0, z0] = shape.roof[i] as [number, number];
    const [x1, z1] = shape.roof[i + 1] as [number, number];
    const top = (x: number, z: number, side: number): Point => [x, side * halfAt(x, z), z];
    const low = (x: number, side: number): Point => [x, side * half * 0.9, waistAt(x)];
    for (const side of [-1, 1]) {
      builder.number = part.glass;
      const [a, b, c, d] = [low(x0, side), low(x1, side), top(x1, z1, side), top(x0, z0, side)];
      if (side < 0) builder.quad(a, b, c, d, paint);
      else builder.quad(b, a, d, c, paint);
    }
    const steep = Math.abs(z1 - z0) / (x1 - x0) > 0.35;
    builder.number = steep ? part.glass : part.paint;
    builder.quad(top(x0, z0, -1), top(x1, z1, -1), top(x1, z1, 1), top(x0, z0, 1), paint);
    // Pillars and the roof's edge.
    builder.number = part.paint;
    for (const side of [-1, 1]) {
      const lift = 1.012;
      const edge = (x: number, z: number): Point => [x, side * halfAt(x, z) * lift, z + 0.01];
      const under = (x: number, z: number): Point => [
        x,
        side * (halfAt(x, z - 0.07) * lift),
        z - 0.07,
      ];
      builder.quad(edge(x0, z0), edge(x1, z1), under(x1, z1), under(x0, z0), paint);
    }
  }
}

function buildDetails(
  builder: SolidBuilder,
  shape: Shape,
  half: number,
  tail: number,
  tailTop: number,
  nose: number,
  noseTop: number,
) {
  const face = (x: number, y0: number, y1: number, z0: number, z1: number, kind: number) => {
    builder.number = kind;
    if (x < 0) builder.quad([x, y1, z0], [x, y0, z0], [x, y0, z1], [x, y1, z1], paint);
    else builder.quad([x, y0, z0], [x, y1, z0], [x, y1, z1], [x, y0, z1], paint);
  };
  const back = tail - 0.015;
  const front = nose + 0.015;
  const lampTop = tailTop + 0.22;
  for (const side of [-1, 1]) {
    const outer = side * half * 0.9;
    const inner = side * half * 0.56;
    face(
      back,
      Math.min(inner, outer),
      Math.max(inner, outer),
      lampTop - 0.3,
      lampTop - 0.1,
      part.tailLight,
    );
    face(
      front,
      Math.min(inner, outer),
      Math.max(inner, outer),
      noseTop - 0.12,
      noseTop + 0.04,
      part.headLight,
    );
  }
  face(back, -half * 0.9, half * 0.9, shape.clearance, shape.clearance + 0.17, part.black);
  face(back - 0.01, -0.26, 0.26, tailTop - 0.12, tailTop - 0.01, part.plate);
  face(front, -half * 0.62, half * 0.62, noseTop - 0.26, noseTop - 0.1, part.black);
  face(
    front,
    -half * 0.85,
    half * 0.85,
    shape.clearance - 0.02,
    shape.clearance + 0.12,
    part.black,
  );
  for (const x of shape.wheels)
    for (const side of [-1, 1]) wheel(builder, x, side * (half - 0.08), shape.wheelRadius);
  builder.number = part.black;
  builder.box(
    [0, 0, shape.clearance - 0.06],
    0,
    shape.length * 0.9,
    shape.width * 0.86,
    0.12,
    paint,
  );
}

function wheel(builder: SolidBuilder, x: number, y: number, radius: number) {
  const sides = 10;
  const half = 0.1;
  const at = (i: number, r: number, dy: number): Point => {
    const angle = (i / sides) * 2 * Math.PI;
    return [x + r * Math.cos(angle), y + dy, radius + r * Math.sin(angle)];
  };
  for (let i = 0; i < sides; i++) {
    builder.number = part.black;
    builder.quad(
      at(i, radius, half),
      at(i + 1, radius, half),
      at(i + 1, radius, -half),
      at(i, radius, -half),
      paint,
    );
    for (const dy of [-half, half]) {
      builder.number = part.black;
      builder.quad(
        at(i, radius, dy),
        at(i + 1, radius, dy),
        at(i + 1, radius * 0.56, dy),
        at(i, radius * 0.56, dy),
        paint,
      );
      builder.number = part.metal;
      builder.quad(
        at(i, radius * 0.56, dy),
        at(i + 1, radius * 0.56, dy),
        [x, y + dy, radius],
        [x, y + dy, radius],
        paint,
      );
    }
  }
}

export function truckBody(): SolidBuilder {
  const builder = new SolidBuilder();
  builder.number = part.paint;
  builder.box([-1.2, 0, 1.05], 0, 7.4, 2.5, 2.7, paint);
  builder.number = part.metal;
  builder.box([3.6, 0, 0.6], 0, 1.9, 2.35, 2.2, paint);
  builder.number = part.glass;
  builder.quad([4.57, -1.05, 1.75], [4.57, 1.05, 1.75], [4.5, 1.0, 2.6], [4.5, -1.0, 2.6], paint);
  builder.number = part.black;
  builder.box([-0.3, 0, 0.5], 0, 9, 2.2, 0.5, paint);
  builder.number = part.tailLight;
  for (const side of [-1, 1])
    builder.quad(
      [-4.92, side * 1.1 + 0.12, 0.72],
      [-4.92, side * 1.1 - 0.12, 0.72],
      [-4.92, side * 1.1 - 0.12, 0.92],
      [-4.92, side * 1.1 + 0.12, 0.92],
      paint,
    );
  builder.number = part.headLight;
  for (const side of [-1, 1])
    builder.quad(
      [4.57, side * 0.9 - 0.2, 0.8],
      [4.57, side * 0.9 + 0.2, 0.8],
      [4.57, side * 0.9 + 0.2, 1.0],
      [4.57, side * 0.9 - 0.2, 1.0],
      paint,
    );
  for (const x of [-3.6, -2.5, 3.4])
    for (const side of [-1, 1]) wheel(builder, x, side * 1.05, 0.5);
  return builder;
}
