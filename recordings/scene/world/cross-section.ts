import type { Plan } from './plan.ts';
import { Random, smoothNoise, smoothstep } from './random.ts';

/**
 * Lateral positions d are metres from the reference line, left positive. Traffic keeps to the
 * right.
 */
export interface Lane {
  left: number;
  right: number;
  /** 1: with the drive, −1: against it. */
  direction: 1 | -1;
}

export type LineKind = 'none' | 'solid' | 'dashed' | 'double';

export interface Line {
  d: number;
  width: number;
  /** Length of a dash and of dash plus gap. */
  dash: number;
  period: number;
  yellow: boolean;
  /** What is painted from each station up to the next entry's. */
  spans: { from: number; kind: LineKind }[];
}

export interface CrossSection {
  /** Edges of the paved surface on which the drive may go. */
  left: number;
  right: number;
  lanes: Lane[];
  lines: Line[];
  kerb: boolean;
  /** Pavement behind the kerb. */
  pavement: number;
  /** Strip of gravel or worn earth beside the paved surface. */
  gravel: number;
  /** Carriageway of the other direction, where a median parts it from this one. */
  opposite: { left: number; right: number } | null;
  /** Side heights of the land (m at 60 m from the edge), as the land's own seeds. */
  landSeed: number;
  /** Depth of the ditch beside the road. */
  ditch: number;
  landHeight: { left: number; right: number };
}

export function drawCrossSection(plan: Plan, seed: number, length: number): CrossSection {
  const random = new Random(seed, 'cross-section');
  const width = plan.laneWidth;
  const motorway = plan.setting === 'motorway';
  const lanes: Lane[] = [];
  if (plan.lanesBack === 0) {
    lanes.push({ left: width / 2, right: -width / 2, direction: 1 });
  } else {
    const middle = motorway ? -2.6 : 0;
    for (let i = 0; i < plan.lanesAhead; i++) {
      lanes.push({ left: middle - i * width, right: middle - (i + 1) * width, direction: 1 });
    }
    if (!motorway) {
      for (let i = 0; i < plan.lanesBack; i++) {
        lanes.push({ left: (i + 1) * width, right: i * width, direction: -1 });
      }
    }
  }
  const outer = motorway
    ? random.range(1.4, 3.2)
    : plan.setting === 'city'
      ? random.range(0.2, 0.5)
      : random.range(0.15, 0.55);
  const inner = motorway ? 0.7 : outer;
  const lowest = Math.min(...lanes.map((lane) => lane.right));
  const highest = Math.max(...lanes.map((lane) => lane.left));
  const left = highest + inner;
  const right = lowest - outer;
  return {
    left,
    right,
    lanes,
    lines: plan.roadVisibility < 0.5 ? [] : drawLines(plan, random, lanes, length),
    kerb: plan.setting === 'city',
    pavement: plan.setting === 'city' ? random.range(2, 4) : 0,
    gravel: plan.setting === 'city' ? 0 : random.range(0.3, 1.4),
    opposite: motorway ? { left: -right, right: -left } : null,
    landSeed: seed,
    ditch: plan.roadVisibility < 0.5 ? 0.05 : 0.35,
    landHeight:
      plan.roadVisibility < 0.5
        ? { left: 1, right: 1 }
        : { left: random.range(-5, 9), right: random.range(-5, 9) },
  };
}

function drawLines(plan: Plan, random: Random, lanes: Lane[], length: number): Line[] {
  const lines: Line[] = [];
  const motorway = plan.setting === 'motorway';
  const dash = motorway ? random.range(3, 6) : random.range(2.5, 4);
  const period = motorway ? dash * random.range(2.4, 3.2) : dash * random.range(2, 3);
  const paintWidth = random.range(0.11, 0.17);
  const yellowMiddle = random.chance(0.3);
  const edgesPainted =
    motorway || random.chance(plan.setting === 'city' ? 0.25 : 0.35 + 0.5 * plan.markingCondition);
  const middlePainted = motorway || random.chance(0.55 + 0.45 * plan.markingCondition);
  const positions = [...new Set(lanes.flatMap((lane) => [lane.left, lane.right]))].sort(
    (a, b) => a - b,
  );
  positions.forEach((d, index) => {
    const edge = index === 0 || index === positions.length - 1;
    const middle = !edge && !motorway && Math.abs(d) < 0.01;
    if (edge ? !edgesPainted : middle && !middlePainted) return;
    const usual: LineKind = edge ? 'solid' : middle && plan.lanesAhead > 1 ? 'double' : 'dashed';
    const spans: Line['spans'] = [{ from: -1000, kind: usual }];
    // Paint changes along the way: no-overtaking lines at places, worn-off stretches where the road
    // is in poor condition.
    for (let s = random.range(60, 160); s < length; s += random.range(60, 200)) {
      const worn = !motorway && random.chance(0.25 * (1 - plan.markingCondition));
      const solid = middle && random.chance(0.4);
      spans.push({
        from: s,
        kind: worn ? 'none' : solid ? random.pick(['solid', 'double']) : usual,
      });
    }
    lines.push({ d, width: paintWidth, dash, period, yellow: middle && yellowMiddle, spans });
  });
  return lines;
}

/**
 * Height of the land above the reference line (m) at lateral position d: the road, its verges, and
 * what lies beyond.
 */
export function landHeight(section: CrossSection, s: number, d: number): number {
  const left = section.opposite === null ? section.left : section.opposite.left;
  const side = d > 0 ? 'left' : 'right';
  const out = d > 0 ? d - left : section.right - d;
  const camber = -0.012 * Math.abs(d);
  if (out <= 0) return camber;
  if (section.kerb) {
    const pavement = camber + 0.13 * smoothstep(0, 0.06, out);
    return (
      pavement +
      0.3 * smoothstep(section.pavement + 4, section.pavement + 30, out) * section.landHeight[side]
    );
  }
  const seed = section.landSeed + (d > 0 ? 1 : 2);
  const ditch =
    -section.ditch *
    smoothstep(section.gravel, section.gravel + 2, out) *
    (1 - 0.6 * smoothstep(3, 6, out));
  const waves = smoothNoise(seed, s / 45) * 0.6 + smoothNoise(seed + 5, s / 17 + d / 13) * 0.18;
  const bank = section.landHeight[side] * (0.55 + 0.45 * smoothNoise(seed + 9, s / 120));
  const rise = smoothstep(2.5, 60, out);
  const hill = smoothstep(50, 220, out) * (6 + 9 * smoothNoise(seed + 13, s / 260));
  return camber + ditch + waves * smoothstep(2, 9, out) + bank * rise + hill;
}
