import type { Series } from '../../../log/series.ts';
import type { TopicSignals } from './collect.ts';

/** Slower than this a turn on the spot has no curvature; m/s. */
const STANDING = 0.3;
const EARTH_RADIUS = 6_371_008.8;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** Names of the columns with the turn (rad/s, positive left) and the speed forwards (m/s). */
export interface TwistFields {
  readonly turn: string;
  readonly speed: string;
}

/** 1/m, positive left; NaN where it stands. null: the topic has no such columns. */
export function curvatureOf(
  { columns }: TopicSignals,
  { turn, speed }: TwistFields,
): Float64Array | null {
  const turns = columns.find(({ field }) => field === turn)?.values;
  const speeds = columns.find(({ field }) => field === speed)?.values;
  if (!turns || !speeds) return null;
  return turns.map((value, i) => (Math.abs(speeds[i]!) < STANDING ? NaN : value / speeds[i]!));
}

/** Speed from how far apart the fixes before and after lie; none where the topic has no fixes. */
export function speedOverGround({ topic, type, times, columns }: TopicSignals): Series[] {
  if (type !== 'sensor_msgs/NavSatFix') return [];
  const column = (name: string) => columns.find(({ field }) => field === name)?.values;
  const latitude = column('latitude');
  const longitude = column('longitude');
  if (!latitude || !longitude || times.length < 3) return [];
  const values = times.map((_, i) => {
    const before = Math.max(0, i - 1);
    const after = Math.min(times.length - 1, i + 1);
    const north = (latitude[after]! - latitude[before]!) * RADIANS_PER_DEGREE;
    const east =
      (longitude[after]! - longitude[before]!) *
      RADIANS_PER_DEGREE *
      Math.cos(latitude[i]! * RADIANS_PER_DEGREE);
    return (Math.hypot(north, east) * EARTH_RADIUS) / (times[after]! - times[before]!);
  });
  return values.some((value) => Number.isFinite(value))
    ? [{ name: `${topic}.speed`, unit: 'm/s', times, values }]
    : [];
}
