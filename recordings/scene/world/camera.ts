import { smoothNoise } from './random.ts';

/** The dashcam. Frame coordinates are those of 960×540, whatever size is drawn. */
export const camera = {
  frame: [960, 540] as [number, number],
  /** Degrees. */
  hfov: 62,
  /** Of the lens above the road, m. */
  height: 1.3,
  /** Downwards, degrees: sets the horizon at 46 % of the height on a level road. */
  tilt: 1.4,
  /**
   * Barrel distortion k: the point seen at radius r (1 = half the frame's width) would be at r·(1 +
   * k·r²)/(1 + k·c²) in a pinhole camera; c is the corner's radius.
   */
  distortion: 0.035,
};

/**
 * Lens position and direction. Angles in radians: yaw counter-clockwise from x, pitch upwards, roll
 * to the right.
 */
export interface Pose {
  x: number;
  y: number;
  z: number;
  yaw: number;
  pitch: number;
  roll: number;
}

/**
 * Where the car's springs and the road's unevenness put the camera at time t (s), beside the car's
 * own pose.
 */
export function shake(
  seed: number,
  t: number,
  speed: number,
  roughness: number,
): { z: number; pitch: number; roll: number; yaw: number } {
  const size = roughness * Math.min(1, speed / 12);
  return {
    z: size * (0.012 * smoothNoise(seed + 51, t * 1.7) + 0.003 * smoothNoise(seed + 52, t * 9)),
    pitch:
      size * (0.0035 * smoothNoise(seed + 53, t * 1.9) + 0.0009 * smoothNoise(seed + 54, t * 11)),
    roll:
      size * (0.004 * smoothNoise(seed + 55, t * 1.3) + 0.0007 * smoothNoise(seed + 56, t * 10)),
    yaw: size * 0.0008 * smoothNoise(seed + 57, t * 8),
  };
}
