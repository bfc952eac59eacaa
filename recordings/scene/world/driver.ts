import type { Alignment } from './alignment.ts';
import type { CrossSection } from './cross-section.ts';
import type { Plan } from './plan.ts';
import { Random, clamp, smoothNoise, smoothstep } from './random.ts';

/** From curvature to the steering wheel: steering = atan(wheelbase × curvature) × ratio. */
export const wheel = { ratio: 15, wheelbase: 2.7 } as const;

export function steeringFromCurvature(curvature: number): number {
  return Math.atan(wheel.wheelbase * curvature) * wheel.ratio;
}

/** The car (middle of its rear axle, above ground level 0) at one moment. Left is positive. */
export interface CarState {
  t: number;
  s: number;
  d: number;
  x: number;
  y: number;
  heading: number;
  speed: number;
  /** What the driver steers now, 1/m. */
  curvature: number;
  lane: number;
  changingLane: boolean;
}

/** Time step of the simulation; frames are drawn from it by interpolation. */
const step = 0.02;

/** A kinematic car driven by pure pursuit (Coulter 1992) of the middle of its lane. */
export class Driver {
  readonly #states: CarState[] = [];
  readonly #alignment: Alignment;
  readonly #path: (s: number) => number;
  readonly #lookahead: number;

  constructor(
    plan: Plan,
    alignment: Alignment,
    section: CrossSection,
    seed: number,
    seconds: number,
  ) {
    this.#alignment = alignment;
    this.#lookahead = plan.lookahead;
    const changes = drawLaneChanges(plan, section, seed, alignment.length);
    this.#path = (s) => pathOffset(changes, s);
    let s = 0;
    let speed = comfortableSpeed(plan, alignment, 0);
    let d = this.#path(0);
    const start = alignment.at(0);
    let x = start.x - d * Math.sin(start.heading);
    let y = start.y + d * Math.cos(start.heading);
    let heading = start.heading;
    const count = Math.ceil(seconds / step) + 2;
    for (let i = 0; i < count; i++) {
      const t = i * step;
      const curvature = this.pursue(x, y, heading, s);
      const change = changes.find((c) => s > c.from - 12 && s < c.to + 4);
      this.#states.push({
        t,
        s,
        d,
        x,
        y,
        heading,
        speed,
        curvature,
        lane: laneAt(section, d),
        changingLane: change !== undefined,
      });
      // Gusts and camber push the car off its line a little; the same law brings it back.
      const gust = (0.16 * smoothNoise(seed + 101, t / 2.1)) / speed / this.#lookahead;
      const turned = heading + speed * step * (curvature + gust);
      x += speed * step * Math.cos((heading + turned) / 2);
      y += speed * step * Math.sin((heading + turned) / 2);
      heading = turned;
      s = alignment.project(x, y, s + speed * step);
      const road = alignment.at(s);
      d = (y - road.y) * Math.cos(road.heading) - (x - road.x) * Math.sin(road.heading);
      speed += step * clamp(1.2 * (comfortableSpeed(plan, alignment, s) - speed), -2.2, 1.4);
    }
  }

  /**
   * Curvature of the arc from a pose to the lane's middle at the look-ahead distance: also the way
   * back for a displaced pose.
   */
  pursue(x: number, y: number, heading: number, s: number): number {
    const station = s + this.#lookahead;
    const road = this.#alignment.at(station);
    const d = this.#path(station);
    const dx = road.x - d * Math.sin(road.heading) - x;
    const dy = road.y + d * Math.cos(road.heading) - y;
    const left = dy * Math.cos(heading) - dx * Math.sin(heading);
    return (2 * left) / (dx * dx + dy * dy);
  }

  at(t: number): CarState {
    const index = clamp(Math.floor(t / step), 0, this.#states.length - 2);
    const a = this.#states[index] as CarState;
    const b = this.#states[index + 1] as CarState;
    const u = clamp(t / step - index, 0, 1);
    const mix = (from: number, to: number) => from + (to - from) * u;
    return {
      t,
      s: mix(a.s, b.s),
      d: mix(a.d, b.d),
      x: mix(a.x, b.x),
      y: mix(a.y, b.y),
      heading: mix(a.heading, b.heading),
      speed: mix(a.speed, b.speed),
      curvature: mix(a.curvature, b.curvature),
      lane: a.lane,
      changingLane: a.changingLane,
    };
  }
}

interface LaneChange {
  from: number;
  to: number;
  startD: number;
  endD: number;
}

function drawLaneChanges(
  plan: Plan,
  section: CrossSection,
  seed: number,
  length: number,
): LaneChange[] {
  const random = new Random(seed, 'lane changes');
  const own = section.lanes.filter((lane) => lane.direction === 1);
  const middle = (index: number) => {
    const lane = own[index];
    return lane === undefined ? 0 : (lane.left + lane.right) / 2;
  };
  let lane = random.below(own.length);
  const changes: LaneChange[] = [
    { from: -1000, to: -999, startD: middle(lane), endD: middle(lane) },
  ];
  if (!plan.laneChanges || own.length < 2) return changes;
  for (let s = random.range(80, 260); s < length; s += random.range(220, 520)) {
    const next = lane === 0 ? 1 : lane === own.length - 1 ? lane - 1 : lane + random.sign();
    changes.push({
      from: s,
      to: s + plan.cruise * random.range(3.6, 4.6),
      startD: middle(lane),
      endD: middle(next),
    });
    lane = next;
  }
  return changes;
}

function pathOffset(changes: LaneChange[], s: number): number {
  let offset = 0;
  for (const change of changes) {
    if (s < change.from) break;
    offset = change.startD + (change.endD - change.startD) * smoothstep(change.from, change.to, s);
  }
  return offset;
}

/** Index into the cross-section's lanes; the nearest one where the car is on none. */
function laneAt(section: CrossSection, d: number): number {
  let best = 0;
  let distance = Infinity;
  section.lanes.forEach((lane, index) => {
    const off = Math.abs(d - (lane.left + lane.right) / 2);
    if (lane.direction === 1 && off < distance) {
      distance = off;
      best = index;
    }
  });
  return best;
}

/** Cruising speed, less where the road just ahead bends: at most about 2.6 m/s² sideways. */
function comfortableSpeed(plan: Plan, alignment: Alignment, s: number): number {
  let sharpest = 1e-4;
  for (let ahead = 0; ahead <= 40; ahead += 5)
    sharpest = Math.max(sharpest, Math.abs(alignment.at(s + ahead).curvature));
  return Math.min(plan.cruise, Math.sqrt(2.6 / sharpest));
}
