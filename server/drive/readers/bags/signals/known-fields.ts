import type { AngleOf } from '../../../../../shared/steering.ts';
import type { SteeringSeries } from '../../../log/series.ts';
import { COMMAND as CALLED_COMMAND, kindByName } from '../../../log/steering-names.ts';
import type { TwistFields } from './derived.ts';

/** A field of a type that is steering, and what it means there. */
export interface SteeringField extends Pick<SteeringSeries, 'kind' | 'unit' | 'positive'> {
  readonly type: RegExp;
  /** Name of the column, or those that a curvature comes from. */
  readonly field: string | TwistFields;
  /** Why it is taken before those further down. */
  readonly because: string;
  readonly isCommand: boolean;
}

/** What may be the steering of a bag. */
export interface Candidate {
  readonly series: SteeringSeries;
  /** Smaller is better. */
  readonly rank: number;
}

const MEASURED_TYRES = 'it is the measured angle of the tyres';
const MEASURED_WHEEL = 'it is the measured angle of the wheel';
const COMMAND = 'it is an angle that was steered for, and no measured angle is there';
const PATH = 'the turn of the car tells it, and no angle is there';

/** The best first. Angles in ROS are radians, positive to the left. */
export const STEERING_FIELDS: readonly SteeringField[] = [
  tyre(/^autoware(_auto)?_vehicle_msgs\/SteeringReport$/, 'steering_tire_angle', MEASURED_TYRES),
  wheel(/^(dbw_\w+|ds_dbw)_msgs\/SteeringReport$/, 'steering_wheel_angle', MEASURED_WHEEL),
  wheel(
    /^(automotive_platform|platform_comm)_msgs\/SteeringFeedback$/,
    'steering_wheel_angle',
    MEASURED_WHEEL,
  ),
  normalized(/^carla_msgs\/CarlaEgoVehicleStatus$/, 'control.steer'),
  tyre(/^ackermann_msgs\/AckermannDriveStamped$/, 'drive.steering_angle', COMMAND),
  tyre(/^ackermann_msgs\/AckermannDrive$/, 'steering_angle', COMMAND),
  tyre(
    /^autoware(_auto)?_control_msgs\/(Ackermann)?Control(Command)?$/,
    'lateral.steering_tire_angle',
    COMMAND,
  ),
  tyre(
    /^autoware(_auto)?_control_msgs\/(Ackermann)?Lateral(Command)?$/,
    'steering_tire_angle',
    COMMAND,
  ),
  wheel(/^dbw_\w+_msgs\/SteeringCmd$/, 'steering_wheel_angle_cmd', COMMAND),
  normalized(/^carla_msgs\/CarlaEgoVehicleControl$/, 'steer'),
  path(/^nav_msgs\/Odometry$/, 'twist.twist.'),
  path(/^geometry_msgs\/TwistWithCovarianceStamped$/, 'twist.twist.'),
  path(/^geometry_msgs\/TwistStamped$/, 'twist.'),
  path(/^geometry_msgs\/Twist$/, ''),
];

function tyre(type: RegExp, field: string, because: string): SteeringField {
  return angle('tyre', type, field, because);
}

function wheel(type: RegExp, field: string, because: string): SteeringField {
  return angle('wheel', type, field, because);
}

function angle(kind: AngleOf, type: RegExp, field: string, because: string): SteeringField {
  return {
    type,
    field,
    because,
    kind,
    unit: 'rad',
    positive: 'left',
    isCommand: because === COMMAND,
  };
}

function normalized(type: RegExp, field: string): SteeringField {
  const because = 'it is the share of full lock that was steered';
  const isCommand = /Control$/.test(type.source.replace('$', ''));
  return {
    type,
    field,
    because,
    kind: 'normalized',
    unit: 'normalized',
    positive: 'right',
    isCommand,
  };
}

function path(type: RegExp, prefix: string): SteeringField {
  const field = { turn: `${prefix}angular.z`, speed: `${prefix}linear.x` };
  return {
    type,
    field,
    because: PATH,
    kind: 'curvature',
    unit: '1/m',
    positive: 'left',
    isCommand: false,
  };
}

const STEERING_NAME =
  /^(?:steer|steering)(?:_?(?:wheel|tire|tyre))?(?:_?angle)?(?:_?(?:rad|radians|deg|degrees))?(?:_?(?:cmd|command))?$/i;

/** A field of a type that is not known, by its name; its unit as far as name or comment tell it. */
export function steeringByName(field: string, unit: string | null): SteeringField | null {
  const name = field.slice(field.lastIndexOf('.') + 1).replaceAll(/([a-z])([A-Z])/g, '$1_$2');
  if (!STEERING_NAME.test(name)) return null;
  const told =
    /deg/i.test(name) || unit === 'deg'
      ? 'deg'
      : /rad/i.test(name) || unit === 'rad'
        ? 'rad'
        : null;
  return {
    type: /^/,
    field,
    because: 'its name says so',
    kind: kindByName(name),
    unit: told,
    positive: 'left',
    isCommand: CALLED_COMMAND.test(name),
  };
}

/** Fields that are a speed, the best first; m/s throughout ROS. */
export const SPEED_FIELDS: readonly {
  readonly type: RegExp;
  readonly field: string;
  readonly unit: string;
}[] = [
  {
    type: /^autoware(_auto)?_vehicle_msgs\/VelocityReport$/,
    field: 'longitudinal_velocity',
    unit: 'm/s',
  },
  { type: /^dbw_\w+_msgs\/SteeringReport$/, field: 'speed', unit: 'm/s' },
  { type: /^carla_msgs\/CarlaEgoVehicleStatus$/, field: 'velocity', unit: 'm/s' },
  { type: /^nav_msgs\/Odometry$/, field: 'twist.twist.linear.x', unit: 'm/s' },
  {
    type: /^geometry_msgs\/TwistWithCovarianceStamped$/,
    field: 'twist.twist.linear.x',
    unit: 'm/s',
  },
  { type: /^geometry_msgs\/TwistStamped$/, field: 'twist.linear.x', unit: 'm/s' },
  { type: /^ackermann_msgs\/AckermannDriveStamped$/, field: 'drive.speed', unit: 'm/s' },
  { type: /^ackermann_msgs\/AckermannDrive$/, field: 'speed', unit: 'm/s' },
  { type: /^geometry_msgs\/Twist$/, field: 'linear.x', unit: 'm/s' },
];
