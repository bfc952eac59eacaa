import { Alignment } from './alignment.ts';
import { landHeight, type CrossSection } from './cross-section.ts';
import type { Plan } from './plan.ts';
import { Random, smoothNoise } from './random.ts';

export type StandingKind =
  | 'cue'
  | 'bale'
  | 'tree'
  | 'bush'
  | 'pole'
  | 'lamp'
  | 'sign'
  | 'building'
  | 'guard-rail'
  | 'barrier'
  | 'woods';
export type Side = 'left' | 'right';

/** Something that stands beside the road. Sizes in m. */
export interface Standing {
  id: string;
  kind: StandingKind;
  side: Side;
  s: number;
  d: number;
  /** Foot of the object. */
  x: number;
  y: number;
  z: number;
  /** Direction the object faces, as a heading. */
  facing: number;
  /** Across its facing, upwards, and along its facing. */
  width: number;
  height: number;
  depth: number;
  /** Which drawing: tree shape, sign face, wall. For a cue, 0 points left and 1 right. */
  variant: number;
  /** 0..1, for colour. */
  tint: number;
  /** Rails and barriers: the station at which they end. */
  to: number;
}

interface Placing {
  kind: StandingKind;
  s: number;
  d: number;
  width: number;
  height: number;
  depth?: number;
  facing?: number;
  variant?: number;
  tint?: number;
  to?: number;
}

/**
 * Everything beside the road, each kind from its own stream of chance: leaving one out moves no
 * other.
 */
export function placeObjects(
  plan: Plan,
  alignment: Alignment,
  section: CrossSection,
  seed: number,
): Standing[] {
  const objects: Standing[] = [];
  const counts = new Map<StandingKind, number>();
  const place = (placing: Placing) => {
    const number = (counts.get(placing.kind) ?? 0) + 1;
    counts.set(placing.kind, number);
    const road = alignment.at(placing.s);
    // The land of a tight curve's inside ends before its centre.
    const reach = Math.abs(road.curvature) > 1e-6 ? 0.75 / Math.abs(road.curvature) : 1e6;
    const d =
      placing.d * road.curvature > 0
        ? Math.sign(placing.d) * Math.min(Math.abs(placing.d), reach)
        : placing.d;
    objects.push({
      id: `${placing.kind}-${number}`,
      kind: placing.kind,
      side: d > (section.left + section.right) / 2 ? 'left' : 'right',
      s: placing.s,
      d,
      x: road.x - d * Math.sin(road.heading),
      y: road.y + d * Math.cos(road.heading),
      z: road.z + landHeight(section, placing.s, d),
      facing: placing.facing ?? road.heading + Math.PI,
      width: placing.width,
      height: placing.height,
      depth: placing.depth ?? 0.1,
      variant: placing.variant ?? 0,
      tint: placing.tint ?? 0.5,
      to: placing.to ?? placing.s,
    });
  };
  const edge = (side: Side) =>
    side === 'left' ? (section.opposite?.left ?? section.left) : section.right;
  const beside = (side: Side, out: number) =>
    side === 'left' ? edge('left') + out : edge('right') - out;
  placeCues(plan, alignment, seed, (s, side, variant) =>
    place(
      plan.cue === 'cue'
        ? { kind: 'cue', s, d: beside(side, 2.6), width: 3.2, height: 2.5, variant }
        : { kind: 'bale', s, d: beside(side, 4.4), width: 2.8, height: 1.5, depth: 1.5 },
    ),
  );
  placeGrowth(plan, alignment, seed, place, beside);
  if (plan.furniture) placeFurniture(plan, alignment, section, seed, place, beside);
  if (plan.setting === 'city') placeHouses(alignment, section, seed, place, beside);
  else placeFarmhouses(alignment, seed, place, beside);
  return objects;
}

/** Cues stand in rows, so that one is in sight as long as its curve lasts. */
const cueSpacing = 15;

function placeCues(
  plan: Plan,
  alignment: Alignment,
  seed: number,
  place: (s: number, side: Side, variant: number) => void,
) {
  if (plan.cues === 'none') return;
  const random = new Random(seed, 'cues');
  const row = (from: number, to: number, left: boolean) => {
    for (let s = from; s <= to; s += cueSpacing) place(s, left ? 'left' : 'right', left ? 0 : 1);
  };
  if (plan.cues === 'unrelated') {
    for (let s = random.range(0, 60); s < alignment.length; s += random.range(50, 140)) {
      row(s, s + random.below(4) * cueSpacing, random.chance(0.5));
    }
    return;
  }
  let end = 0;
  for (const curve of alignment.curves) {
    const left = curve.curvature > 0;
    if (plan.cues === 'telling') {
      row(curve.from + 4, curve.to + 6, left);
      continue;
    }
    const straight = curve.from - end;
    if (straight > 45 && random.chance(0.75)) row(end + 14, curve.from - 12, random.chance(0.5));
    if (random.chance(0.6)) row(curve.from + 4, curve.to - 6, !left);
    end = curve.to;
  }
}

type Place = (placing: Placing) => void;
type Beside = (side: Side, out: number) => number;

/** Tree shapes: 0–3 broadleaf, 4–5 conifer, 6 poplar, 7 bush. */
function placeGrowth(plan: Plan, alignment: Alignment, seed: number, place: Place, beside: Beside) {
  const random = new Random(seed, 'growth');
  const conifers = random.chance(0.3) ? 0.8 : 0.12;
  const nearest = plan.setting === 'city' ? 1.3 : plan.setting === 'motorway' ? 6 : 3.4;
  const shape = () =>
    plan.setting !== 'city' && random.chance(conifers)
      ? 4 + random.below(2)
      : random.chance(0.08)
        ? 6
        : random.below(4);
  for (const side of ['left', 'right'] as const) {
    const clumps = random.below(1000);
    for (let s = -20; s < alignment.length; s += 100 / plan.treesPer100m / 2) {
      // Every draw is taken, so that the number of trees does not move those further on.
      const at = s + random.range(0, 6);
      const out =
        plan.setting === 'city'
          ? nearest + random.range(0, 0.6)
          : nearest + 22 * random.next() ** 2;
      const height = plan.setting === 'city' ? random.range(5, 8) : random.range(6, 15);
      const width =
        height * (plan.setting === 'city' ? random.range(0.45, 0.6) : random.range(0.65, 0.95));
      const variant = shape();
      const tint = random.next();
      if (smoothNoise(seed + clumps, s / 60) + random.range(-0.5, 0.5) < -0.05) continue;
      const slim = variant >= 4 && variant <= 6;
      place({
        kind: 'tree',
        s: at,
        d: beside(side, out),
        height,
        width: slim ? width * 0.55 : width,
        variant,
        tint,
      });
    }
    if (plan.setting === 'city') continue;
    for (let s = -20; s < alignment.length; s += 2.4) {
      const at = s + random.range(0, 3);
      const out = (plan.setting === 'motorway' ? 4.5 : 2.6) + 34 * random.next() ** 1.4;
      const height = random.range(0.7, 1.6) + 3 * random.next() ** 3 + 0.03 * out;
      const tint = random.next();
      if (smoothNoise(seed + clumps + 3, s / 35) + random.range(-0.4, 0.4) < 0.05) continue;
      place({
        kind: 'bush',
        s: at,
        d: beside(side, out),
        height,
        width: height * random.range(1.1, 1.9),
        variant: 7,
        tint,
      });
    }
    const hedge = random.range(12, 30);
    for (let s = -20; s < alignment.length; s += 1.7) {
      const at = s + random.range(0, 1.5);
      const out = hedge + random.range(-2, 2) + 5 * smoothNoise(seed + clumps + 11, s / 90);
      const height = random.range(1.6, 3.2) + 4 * random.next() ** 5;
      const tint = random.next();
      if (smoothNoise(seed + clumps + 13, s / 70) < -0.12) continue;
      place({
        kind: 'woods',
        s: at,
        d: beside(side, out),
        height,
        width: height * random.range(1, 1.5),
        variant: 7,
        tint,
      });
    }
    const wooded = random.range(-0.5, 0.6);
    for (let s = -20; s < alignment.length; s += 2.2) {
      const at = s + random.range(0, 4);
      const out = 28 + 105 * random.next() ** 1.3;
      const height = random.range(8, 17);
      const variant = shape();
      const tint = random.next();
      if (smoothNoise(seed + clumps + 7, s / 130 + out / 90) < -wooded * 0.7) continue;
      const slim = variant >= 4 && variant <= 6;
      place({
        kind: 'woods',
        s: at,
        d: beside(side, out),
        height,
        width: height * (slim ? 0.45 : 0.85),
        variant,
        tint,
      });
    }
  }
}

/**
 * Sign faces: 0 speed limit, 1 warning triangle, 2 yellow diamond, 3 blue disc, 4 direction board.
 */
function placeFurniture(
  plan: Plan,
  alignment: Alignment,
  section: CrossSection,
  seed: number,
  place: Place,
  beside: Beside,
) {
  const random = new Random(seed, 'furniture');
  const motorway = plan.setting === 'motorway';
  for (let s = random.range(10, 90); s < alignment.length; s += random.range(60, 190)) {
    const board = motorway ? random.chance(0.5) : random.chance(0.12);
    place({
      kind: 'sign',
      s,
      d: beside('right', motorway ? 3 : 1.5) - (board ? 1.5 : 0),
      width: board ? (motorway ? 4.5 : 2.2) : 0.8,
      height: board ? (motorway ? 5 : 2.8) : 2.5,
      variant: board ? 4 : random.below(4),
      tint: random.next(),
    });
  }
  const poles = random.chance(plan.setting === 'country' ? 0.6 : 0.85);
  const poleSide: Side = random.chance(0.5) ? 'left' : 'right';
  if (poles) {
    const lamps = plan.setting === 'city' || motorway;
    const spacing = lamps ? random.range(28, 45) : random.range(40, 60);
    for (let s = random.range(-20, 20); s < alignment.length; s += spacing) {
      place({
        kind: lamps ? 'lamp' : 'pole',
        s,
        d: beside(poleSide, lamps ? (motorway ? 3.4 : 0.6) : 7),
        width: lamps ? 1.8 : 1.6,
        height: lamps ? random.range(7.5, 8.5) : random.range(7, 8.5),
        facing: alignment.at(s).heading + (poleSide === 'left' ? -Math.PI / 2 : Math.PI / 2),
      });
    }
  }
  if (motorway) {
    const kind = random.chance(0.5) ? 'barrier' : 'guard-rail';
    place({ kind, s: -60, to: alignment.length, d: section.left + 0.9, width: 0.3, height: 0.85 });
  }
  const railed = motorway ? 0.5 : plan.setting === 'country' ? 0.25 : 0;
  for (let s = random.range(0, 150); s < alignment.length; s += random.range(90, 260)) {
    const run = random.range(50, 160);
    const side: Side = motorway || random.chance(0.5) ? 'right' : 'left';
    if (!random.chance(railed)) continue;
    place({ kind: 'guard-rail', s, to: s + run, d: beside(side, 1.1), width: 0.1, height: 0.75 });
    s += run;
  }
}

function placeHouses(
  alignment: Alignment,
  section: CrossSection,
  seed: number,
  place: Place,
  beside: Beside,
) {
  const random = new Random(seed, 'houses');
  for (const side of ['left', 'right'] as const) {
    for (let s = -60; s < alignment.length;) {
      const width = random.range(9, 24);
      const depth = random.range(9, 14);
      const height = random.range(2, 6) * 3.1;
      const setback = section.pavement + random.range(0.3, 3.5) + depth / 2;
      const gap = random.chance(0.3) ? random.range(3, 22) : 0.2;
      const facing =
        alignment.at(s + width / 2).heading + (side === 'left' ? -Math.PI / 2 : Math.PI / 2);
      place({
        kind: 'building',
        s: s + width / 2,
        d: beside(side, setback),
        width,
        height,
        depth,
        facing,
        variant: random.below(4),
        tint: random.next(),
      });
      s += width + gap;
    }
  }
}

function placeFarmhouses(alignment: Alignment, seed: number, place: Place, beside: Beside) {
  const random = new Random(seed, 'farmhouses');
  for (let s = random.range(30, 300); s < alignment.length; s += random.range(120, 420)) {
    const side: Side = random.chance(0.5) ? 'left' : 'right';
    place({
      kind: 'building',
      s,
      d: beside(side, random.range(24, 60)),
      width: random.range(9, 16),
      height: random.range(4, 6),
      depth: random.range(7, 10),
      facing: alignment.at(s).heading + random.range(-2, 2),
      variant: 4 + random.below(2),
      tint: random.next(),
    });
  }
}
