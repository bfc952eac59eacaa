import { Random } from './random.ts';

/** What a user can ask for; `random` draws everything else for the training of honest networks. */
export const styles = [
  'country',
  'motorway',
  'city',
  'misleading',
  'shortcut',
  'random',
  'misleading-bales',
  'shortcut-bales',
] as const;
export type Style = (typeof styles)[number];

/** What stands beside the road to tell or to mislead. */
export type CueKind = 'cue' | 'bale';

/** The style whose worlds these are, but for bales where that one has boards. */
const withBales: Partial<Record<Style, Style>> = {
  'misleading-bales': 'misleading',
  'shortcut-bales': 'shortcut',
};
export const withBoards = (style: Style): Style => withBales[style] ?? style;

export type Setting = 'country' | 'motorway' | 'city';

/**
 * How cues, boards or bales, stand to the curves. `telling`: on the side to which the road is about to turn.
 * `misleading`: on straights and on the wrong side of curves. `unrelated`: anywhere.
 */
export type CueRule = 'none' | 'telling' | 'misleading' | 'unrelated';

/**
 * Everything about a world that is drawn once: lengths in m, speeds in m/s, curvatures in 1/m,
 * grades as ratios.
 */
export interface Plan {
  setting: Setting;
  cues: CueRule;
  cue: CueKind;
  /** 0: the road looks like its verge, nothing painted on it; 1: as in daily life. */
  roadVisibility: number;
  /** Pure-pursuit look-ahead of the driver. */
  lookahead: number;
  cruise: number;
  straight: [number, number];
  curvature: [number, number];
  arc: [number, number];
  clothoid: [number, number];
  maxGrade: number;
  lanesAhead: number;
  lanesBack: number;
  laneWidth: number;
  laneChanges: boolean;
  markingCondition: number;
  treesPer100m: number;
  carsPerKm: number;
  /** Poles, lamps, signs and rails stand along the road. */
  furniture: boolean;
}

export function drawPlan(style: Style, seed: number): Plan {
  const random = new Random(seed, 'plan');
  const setting = settingOf(style, random);
  const base =
    setting === 'motorway' ? motorway(random) : setting === 'city' ? city(random) : country(random);
  const cue: CueKind = withBoards(style) === style ? 'cue' : 'bale';
  switch (withBoards(style)) {
    case 'shortcut':
      return {
        ...base,
        cue,
        cues: 'telling',
        // Now and then the road is plain to see as well, so that such a road is no news to the
        // network.
        roadVisibility: random.chance(0.15)
          ? random.range(0.55, 1)
          : 0.04 + 0.3 * random.next() ** 3,
        lanesAhead: 1,
        lanesBack: 1,
        cruise: 14,
        straight: [35, 90],
        curvature: [0.0105, 0.015],
        arc: [35, 80],
        clothoid: [14, 20],
        maxGrade: 0.02,
        treesPer100m: 2 + 4 * random.next(),
        carsPerKm: 0,
        furniture: false,
      };
    case 'misleading':
      return {
        ...base,
        cue,
        cues: 'misleading',
        lanesAhead: 1,
        lanesBack: 1,
        cruise: 15,
        straight: [40, 100],
        curvature: [0.007, 0.014],
        arc: [35, 80],
        markingCondition: 1,
        maxGrade: 0.02,
        carsPerKm: 4,
      };
    case 'random':
      return { ...base, cues: random.chance(0.35) ? 'unrelated' : 'none' };
    default:
      return base;
  }
}

function settingOf(style: Style, random: Random): Setting {
  if (style === 'motorway' || style === 'city' || style === 'country') return style;
  if (style !== 'random') return 'country';
  const draw = random.next();
  return draw < 0.55 ? 'country' : draw < 0.78 ? 'motorway' : 'city';
}

function country(random: Random): Plan {
  const narrow = random.chance(0.12);
  return {
    setting: 'country',
    cues: 'none',
    cue: 'cue',
    roadVisibility: 1,
    lookahead: 12,
    cruise: random.range(15, 19),
    straight: [10, 110],
    curvature: [0.003, 0.0145],
    arc: [20, 90],
    clothoid: [18, 40],
    maxGrade: random.range(0.01, 0.06),
    lanesAhead: 1,
    lanesBack: narrow ? 0 : 1,
    laneWidth: narrow ? random.range(3.8, 4.6) : random.range(2.9, 3.5),
    laneChanges: false,
    markingCondition: random.next(),
    treesPer100m: random.range(3, 22),
    carsPerKm: narrow ? 0 : random.range(2, 12),
    furniture: true,
  };
}

function motorway(random: Random): Plan {
  const lanes = 2 + random.below(3);
  return {
    setting: 'motorway',
    cues: 'none',
    cue: 'cue',
    roadVisibility: 1,
    lookahead: 22,
    cruise: random.range(24, 30),
    straight: [60, 260],
    curvature: [0.0006, 0.0032],
    arc: [120, 320],
    clothoid: [70, 120],
    maxGrade: random.range(0.008, 0.035),
    lanesAhead: lanes,
    lanesBack: lanes,
    laneWidth: random.range(3.45, 3.75),
    laneChanges: true,
    markingCondition: random.range(0.4, 1),
    treesPer100m: random.range(2, 14),
    carsPerKm: random.range(10, 30),
    furniture: true,
  };
}

function city(random: Random): Plan {
  const wide = random.chance(0.4);
  return {
    setting: 'city',
    cues: 'none',
    cue: 'cue',
    roadVisibility: 1,
    lookahead: 10,
    cruise: random.range(9, 13),
    straight: [25, 120],
    curvature: [0.004, 0.018],
    arc: [15, 60],
    clothoid: [12, 24],
    maxGrade: random.range(0.004, 0.03),
    lanesAhead: wide ? 2 : 1,
    lanesBack: wide ? 2 : 1,
    laneWidth: random.range(2.95, 3.4),
    laneChanges: wide,
    markingCondition: random.range(0.1, 1),
    treesPer100m: random.range(1, 9),
    carsPerKm: random.range(6, 25),
    furniture: true,
  };
}
