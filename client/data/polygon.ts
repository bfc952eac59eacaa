import type { Point } from '../../shared/geometry.ts';

/** A drawn road has 3 to 64 points. */
export const FEWEST_POINTS = 3;
export const MOST_POINTS = 64;

/** Where drawing begins when there is nothing to begin with. */
export const FIRST_ROAD: readonly Point[] = [
  [0.42, 0.55],
  [0.58, 0.55],
  [0.95, 0.98],
  [0.05, 0.98],
];

/**
 * Whether two edges that are no neighbours meet: inside and outside then change along the outline.
 */
export function crossesItself(points: readonly Point[]): boolean {
  const edges = points.map(
    (from, index) => [from, points[(index + 1) % points.length] as Point] as const,
  );
  return edges.some((edge, i) =>
    edges.some(
      (other, j) => j > i + 1 && !(i === 0 && j === edges.length - 1) && meet(edge, other),
    ),
  );
}

type Edge = readonly [from: Point, to: Point];

function meet([a, b]: Edge, [c, d]: Edge): boolean {
  const [sideC, sideD, sideA, sideB] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (sideC * sideD < 0 && sideA * sideB < 0) return true;
  return (
    (sideC === 0 && isBetween(a, b, c)) ||
    (sideD === 0 && isBetween(a, b, d)) ||
    (sideA === 0 && isBetween(c, d, a)) ||
    (sideB === 0 && isBetween(c, d, b))
  );
}

/** −1, 0 or 1: on which side of the line from `a` to `b` a point lies. */
function side(a: Point, b: Point, [x, y]: Point): number {
  return Math.sign((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]));
}

/** Of a point on the line through `a` and `b`. */
function isBetween(a: Point, b: Point, [x, y]: Point): boolean {
  return (
    x >= Math.min(a[0], b[0]) &&
    x <= Math.max(a[0], b[0]) &&
    y >= Math.min(a[1], b[1]) &&
    y <= Math.max(a[1], b[1])
  );
}

/** The part of a polygon inside the frame (Sutherland and Hodgman 1974); empty where none is. */
export function insideFrame(points: readonly Point[]): Point[] {
  let rest = [...points];
  for (const axis of [0, 1] as const) {
    for (const [limit, direction] of [
      [0, 1],
      [1, -1],
    ] as const) {
      const distance = (point: Point) => (point[axis] - limit) * direction;
      rest = rest.flatMap((point, index) => {
        const before = rest.at(index - 1) as Point;
        const crossing =
          distance(point) * distance(before) < 0
            ? [
                between(
                  before,
                  point,
                  distance(before) / (distance(before) - distance(point)),
                  axis,
                  limit,
                ),
              ]
            : [];
        return distance(point) >= 0 ? [...crossing, point] : crossing;
      });
    }
  }
  return rest;
}

/** Exactly on the limit, whatever rounding says. */
function between(
  [ax, ay]: Point,
  [bx, by]: Point,
  share: number,
  axis: 0 | 1,
  limit: number,
): Point {
  const point: [number, number] = [ax + (bx - ax) * share, ay + (by - ay) * share];
  point[axis] = limit;
  return point;
}

export function clampToFrame([x, y]: Point): Point {
  return [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
}
