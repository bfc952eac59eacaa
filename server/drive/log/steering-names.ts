import type { SteeringKind } from '../../../shared/steering.ts';

/** What is told to do, not what is done. */
export const COMMAND = /cmd|command|target|desired|setpoint|request|reference|(^|\/)(ref|drive)$/i;

const STEERING = /(^|[^a-z])steer(ing)?([^a-z]|$)/;
/** Of the steering, but not how far it is turned. */
const NO_ANGLE =
  /rate|torque|speed|velocity|accel|offset|pressed|override|limit|ratio|mode|state|status|enable|valid|fault|timestamp|counter/;

/** What a signal is that is called steering, by its name. */
export function kindByName(name: string): SteeringKind {
  if (/norm/i.test(name)) return 'normalized';
  if (/curvature/i.test(name)) return 'curvature';
  if (/tyre|tire|(road|front)_?wheel/i.test(name)) return 'tyre';
  return /wheel/i.test(name) ? 'wheel' : 'angle';
}

/** Whether a column is called as what tells how far is steered; `name` in small letters. */
export function isCalledSteering(name: string): boolean {
  return STEERING.test(name) && !NO_ANGLE.test(name);
}
