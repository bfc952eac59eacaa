import type { Rgb } from './light.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';

/** Reflectances (linear RGB) of the land that this world's road runs through. */
export interface Palette {
  grass: Rgb;
  dryGrass: Rgb;
  /** Share of dry grass, 0..1. */
  dryness: number;
  leaf: [Rgb, Rgb];
  earth: Rgb;
  asphalt: Rgb;
  /** Snow, dust or mud that hides the road where the plan makes it hard to see. */
  cover: Rgb;
}

export function drawPalette(plan: Plan, seed: number): Palette {
  const random = new Random(seed, 'palette');
  const grey = random.range(0.06, 0.17);
  const warm = random.range(-0.06, 0.06);
  const autumn = random.chance(0.15);
  const leaf: [Rgb, Rgb] = autumn
    ? [
        [0.13, 0.11, 0.03],
        [0.3, 0.15, 0.04],
      ]
    : [
        [0.045, 0.08, 0.022],
        [0.12, 0.15, 0.045],
      ];
  const covers: Rgb[] = [
    [0.62, 0.66, 0.72],
    [0.33, 0.29, 0.23],
    [0.2, 0.17, 0.13],
  ];
  const cover = random.pick(covers);
  const dryness = random.chance(0.35) ? random.range(0.45, 1) : random.range(0, 0.4);
  return {
    grass: [random.range(0.1, 0.14), random.range(0.135, 0.175), random.range(0.05, 0.07)],
    dryGrass: [random.range(0.36, 0.46), random.range(0.28, 0.36), random.range(0.15, 0.2)],
    dryness,
    leaf,
    earth: [0.24 + warm, 0.2, 0.15 - warm / 2],
    asphalt: [grey * (1 + warm), grey, grey * (1 - warm)],
    cover: plan.roadVisibility < 1 ? cover : [0.3, 0.3, 0.3],
  };
}
