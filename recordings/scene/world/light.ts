import { withBoards, type Style } from './plan.ts';
import { Random, smoothNoise } from './random.ts';

export type Rgb = [number, number, number];

/** The day's light. Colours are linear RGB; angles radians. */
export interface Light {
  sky: 'sunny' | 'hazy' | 'overcast' | 'dusk' | 'rain';
  sunAzimuth: number;
  sunElevation: number;
  sun: Rgb;
  ambient: Rgb;
  zenith: Rgb;
  horizon: Rgb;
  /** Extinction, 1/m. */
  fog: number;
  cloudiness: number;
  /** 0 dry … 1 standing water on the asphalt. */
  wetness: number;
  exposure: number;
  /** Standard deviation of the sensor's noise at 960×540, in 8-bit levels. */
  noise: number;
  seed: number;
}

export function drawLight(named: Style, seed: number): Light {
  const style = withBoards(named);
  const random = new Random(seed, 'light');
  const draw = random.next();
  // The training of the network that cheats gets flat light, so that the road gives little away.
  const sky: Light['sky'] =
    style === 'shortcut'
      ? draw < 0.25
        ? 'hazy'
        : draw < 0.85
          ? 'overcast'
          : 'dusk'
      : style === 'misleading'
        ? 'hazy'
        : draw < 0.42
          ? 'sunny'
          : draw < 0.57
            ? 'hazy'
            : draw < 0.78
              ? 'overcast'
              : draw < 0.88
                ? 'dusk'
                : 'rain';
  const base = {
    sky,
    sunAzimuth: random.range(-Math.PI, Math.PI),
    seed,
    exposure: random.range(0.88, 1.15),
  };
  const vary = (rgb: Rgb, amount: number): Rgb =>
    rgb.map((c) => c * random.range(1 - amount, 1 + amount)) as Rgb;
  switch (sky) {
    case 'sunny':
      return {
        ...base,
        sunElevation: random.range(0.5, 1.1),
        sun: vary([2.9, 2.65, 2.25], 0.08),
        ambient: vary([0.55, 0.68, 0.88], 0.08),
        zenith: vary([0.16, 0.36, 0.8], 0.15),
        horizon: vary([0.78, 0.95, 1.1], 0.06),
        fog: random.range(0.0004, 0.0011),
        cloudiness: random.range(0, 0.55),
        wetness: 0,
        noise: random.range(1.2, 2.2),
      };
    case 'hazy':
      return {
        ...base,
        sunElevation: random.range(0.4, 0.9),
        sun: vary([1.7, 1.55, 1.3], 0.1),
        ambient: vary([0.8, 0.86, 0.93], 0.06),
        zenith: vary([0.45, 0.62, 0.9], 0.1),
        horizon: vary([1.1, 1.12, 1.12], 0.04),
        fog: random.range(0.0013, 0.003),
        cloudiness: random.range(0.3, 0.8),
        wetness: 0,
        noise: random.range(1.4, 2.4),
      };
    case 'overcast':
      return {
        ...base,
        sunElevation: 0.9,
        sun: [0.12, 0.12, 0.12],
        ambient: vary([1.05, 1.1, 1.16], 0.06),
        zenith: vary([0.75, 0.82, 0.9], 0.08),
        horizon: vary([1.08, 1.12, 1.15], 0.05),
        fog: random.range(0.001, style === 'shortcut' ? 0.008 : 0.0035),
        cloudiness: 0.95,
        wetness: random.chance(0.3) ? random.range(0, 0.4) : 0,
        noise: random.range(1.8, 3),
      };
    case 'dusk':
      return {
        ...base,
        sunElevation: random.range(0.09, 0.2),
        sun: vary([1.1, 0.6, 0.28], 0.12),
        ambient: vary([0.37, 0.39, 0.45], 0.07),
        zenith: vary([0.2, 0.27, 0.42], 0.1),
        horizon: vary([0.92, 0.74, 0.56], 0.08),
        fog: random.range(0.0008, 0.0022),
        cloudiness: random.range(0.1, 0.7),
        wetness: 0,
        exposure: base.exposure * 1.2,
        noise: random.range(3, 4.5),
      };
    case 'rain':
      return {
        ...base,
        sunElevation: 0.9,
        sun: [0.04, 0.04, 0.04],
        ambient: vary([0.68, 0.74, 0.82], 0.08),
        zenith: vary([0.5, 0.56, 0.63], 0.08),
        horizon: vary([0.85, 0.89, 0.93], 0.06),
        fog: random.range(0.0025, 0.0055),
        cloudiness: 1,
        wetness: random.range(0.6, 1),
        noise: random.range(2.4, 3.6),
      };
  }
}

/** Share of the sun that reaches the car at time t (s): clouds pass. */
export function sunShare(light: Light, t: number): number {
  if (light.cloudiness < 0.25 || light.cloudiness > 0.9) return 1;
  return 0.75 + 0.25 * Math.max(-1, Math.min(1, 2 * smoothNoise(light.seed + 31, t / 7)));
}

/** The camera's automatic exposure at time t, as a factor. */
export function exposureAt(light: Light, t: number): number {
  return light.exposure * (1 + 0.05 * smoothNoise(light.seed + 41, t / 3.5));
}
