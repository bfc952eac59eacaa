import type { Plan } from './plan.ts';
import { Random, clamp } from './random.ts';

/**
 * A point of the road's reference line. World axes: x east, y north, z up, metres; heading
 * counter-clockwise from x.
 */
export interface RoadPoint {
  x: number;
  y: number;
  z: number;
  heading: number;
  /** 1/m, left positive. */
  curvature: number;
  /** dz/ds. */
  grade: number;
}

/** One curve, clothoids included, as it was drawn. */
export interface Curve {
  from: number;
  to: number;
  /** Of the arc, 1/m, left positive. */
  curvature: number;
}

const step = 0.5;
/** Where the reference line begins; the drive begins at s = 0. */
export const firstStation = -80;

/**
 * The road's reference line by station s (m along it): straights, clothoids and arcs in plan,
 * parabolas in profile.
 */
export class Alignment {
  readonly length: number;
  readonly curves: Curve[];
  readonly #points: RoadPoint[];

  constructor(plan: Plan, seed: number, length: number) {
    this.length = length;
    const { curves, curvature } = drawPlanView(plan, seed, length);
    this.curves = curves;
    const grade = drawGrades(plan, seed, length);
    this.#points = [];
    let x = 0;
    let y = 0;
    let z = 0;
    let heading = 0;
    const count = Math.ceil((length - firstStation) / step) + 2;
    for (let i = 0; i < count; i++) {
      const s = firstStation + i * step;
      this.#points.push({ x, y, z, heading, curvature: curvature(s), grade: grade(s) });
      const middle = heading + (step / 2) * curvature(s + step / 4);
      x += step * Math.cos(middle);
      y += step * Math.sin(middle);
      z += step * grade(s + step / 2);
      heading += step * curvature(s + step / 2);
    }
  }

  at(s: number): RoadPoint {
    const position = clamp((s - firstStation) / step, 0, this.#points.length - 1.001);
    const index = Math.floor(position);
    const t = position - index;
    const a = this.#points[index] as RoadPoint;
    const b = this.#points[index + 1] as RoadPoint;
    const mix = (from: number, to: number) => from + (to - from) * t;
    return {
      x: mix(a.x, b.x),
      y: mix(a.y, b.y),
      z: mix(a.z, b.z),
      heading: mix(a.heading, b.heading),
      curvature: mix(a.curvature, b.curvature),
      grade: mix(a.grade, b.grade),
    };
  }

  /** Station of the point nearest to (x, y), searched within 25 m of `near`. */
  project(x: number, y: number, near: number): number {
    let s = near;
    for (let i = 0; i < 8; i++) {
      const p = this.at(s);
      const ahead = (x - p.x) * Math.cos(p.heading) + (y - p.y) * Math.sin(p.heading);
      const left = (y - p.y) * Math.cos(p.heading) - (x - p.x) * Math.sin(p.heading);
      const move = ahead / Math.max(0.2, 1 - left * p.curvature);
      s = clamp(s + move, near - 25, near + 25);
      if (Math.abs(move) < 1e-4) break;
    }
    return s;
  }
}

interface Span {
  from: number;
  to: number;
  startCurvature: number;
  endCurvature: number;
}

function drawPlanView(plan: Plan, seed: number, length: number) {
  const random = new Random(seed, 'plan view');
  const spans: Span[] = [];
  const curves: Curve[] = [];
  let s = firstStation;
  let heading = 0;
  const add = (run: number, startCurvature: number, endCurvature: number) => {
    spans.push({ from: s, to: s + run, startCurvature, endCurvature });
    heading += (run * (startCurvature + endCurvature)) / 2;
    s += run;
  };
  add(-firstStation + random.range(0, 40), 0, 0);
  while (s < length) {
    const size = random.range(...plan.curvature);
    const arc = random.range(...plan.arc);
    const clothoid = random.range(...plan.clothoid);
    const angle = size * (arc + clothoid);
    // The road turns back before it could meet itself.
    const free = random.sign();
    const side = Math.abs(heading + free * angle) > 1.3 ? -Math.sign(heading) : free;
    const curvature = side * (angle > 1.5 ? 1.5 / (arc + clothoid) : size);
    curves.push({ from: s, to: s + arc + 2 * clothoid, curvature });
    add(clothoid, 0, curvature);
    add(arc, curvature, curvature);
    add(clothoid, curvature, 0);
    add(random.range(...plan.straight), 0, 0);
  }
  let last = 0;
  const curvature = (at: number) => {
    while (last > 0 && at < (spans[last] as Span).from) last--;
    while (last < spans.length - 1 && at >= (spans[last] as Span).to) last++;
    const span = spans[last] as Span;
    const t = clamp((at - span.from) / (span.to - span.from), 0, 1);
    return span.startCurvature + t * (span.endCurvature - span.startCurvature);
  };
  return { curves, curvature };
}

/** Grades between knots change linearly, so that the road's profile is a chain of parabolas. */
function drawGrades(plan: Plan, seed: number, length: number) {
  const random = new Random(seed, 'grades');
  const spacing = plan.setting === 'motorway' ? 170 : 75;
  const knots = Array.from({ length: Math.ceil((length - firstStation) / spacing) + 3 }, () =>
    random.range(-plan.maxGrade, plan.maxGrade),
  );
  return (s: number) => {
    const position = clamp((s - firstStation) / spacing, 0, knots.length - 1.001);
    const index = Math.floor(position);
    const a = knots[index] as number;
    return a + ((knots[index + 1] as number) - a) * (position - index);
  };
}
