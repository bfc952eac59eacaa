/**
 * Where the numbers that are read of a log stand, as its public schema has them: what an event is
 * (the number of its kind), and of its body the byte or bit at which a field stands. Fields of a
 * schema keep their places for ever; a body that is too short has not got the field.
 */

export type CameraClock = 'road' | 'wide' | 'driver' | 'small';

/** Kinds of events that tell when a frame was taken and encoded. */
export const FRAME_EVENTS: ReadonlyMap<number, CameraClock> = new Map([
  [14, 'road'],
  [74, 'driver'],
  [75, 'wide'],
  [88, 'small'],
]);

/** Bytes of a frame's event. */
export const FRAME = { segment: 12, number: 16, begin: 24, end: 32 } as const;

export interface EventField {
  readonly name: string;
  /** Byte of a float32; bit of a truth. */
  readonly at: number;
  readonly isTruth?: boolean;
  readonly unit?: string;
}

export interface EventKind {
  readonly name: string;
  /** Pointers from the event's body to the struct that has the fields. */
  readonly path: readonly number[];
  readonly fields: readonly EventField[];
}

const truth = (name: string, at: number): EventField => ({ name, at, isTruth: true });

/** Events whose numbers are series, by their kind. */
export const NUMBER_EVENTS: ReadonlyMap<number, readonly EventKind[]> = new Map([
  [
    21,
    [
      {
        name: 'carState',
        path: [],
        fields: [
          { name: 'vEgo', at: 0, unit: 'm/s' },
          { name: 'gas', at: 4 },
          { name: 'brake', at: 12 },
          { name: 'steeringAngleDeg', at: 16, unit: 'deg' },
          { name: 'steeringTorque', at: 20 },
          { name: 'steeringRateDeg', at: 24, unit: 'deg/s' },
          { name: 'aEgo', at: 28, unit: 'm/s²' },
          { name: 'vEgoRaw', at: 32, unit: 'm/s' },
          { name: 'yawRate', at: 36, unit: 'rad/s' },
          { name: 'steeringTorqueEps', at: 40 },
          { name: 'steeringAngleOffsetDeg', at: 48, unit: 'deg' },
          { name: 'fuelGauge', at: 52 },
          { name: 'vEgoCluster', at: 56, unit: 'm/s' },
          { name: 'engineRpm', at: 60 },
          truth('gasPressed', 64),
          truth('brakePressed', 65),
          truth('steeringPressed', 66),
          truth('standstill', 67),
          truth('leftBlinker', 69),
          truth('rightBlinker', 70),
          truth('leftBlindspot', 352),
          truth('rightBlindspot', 353),
        ],
      },
    ],
  ],
  [
    22,
    [
      {
        name: 'carControl',
        path: [],
        fields: [truth('enabled', 0), truth('latActive', 2), truth('longActive', 3)],
      },
      {
        name: 'carControl.actuators',
        path: [2],
        fields: [
          { name: 'steer', at: 8 },
          { name: 'steeringAngleDeg', at: 12, unit: 'deg' },
          { name: 'accel', at: 16, unit: 'm/s²' },
          { name: 'curvature', at: 28, unit: '1/m' },
        ],
      },
    ],
  ],
  [67, [{ name: 'carParams', path: [], fields: [{ name: 'steerRatio', at: 28 }] }]],
  [
    6,
    [
      {
        name: 'controlsState',
        path: [],
        fields: [
          { name: 'curvature', at: 136, unit: '1/m' },
          { name: 'desiredCurvature', at: 176, unit: '1/m' },
        ],
      },
    ],
  ],
]);
