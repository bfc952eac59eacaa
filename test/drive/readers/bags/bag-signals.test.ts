import assert from 'node:assert/strict';
import test from 'node:test';
import { logFromSeries } from '../../../../server/drive/log/series.ts';
import { decoderOf } from '../../../../server/drive/readers/bags/messages/decoder.ts';
import { pictureClock } from '../../../../server/drive/readers/bags/pictures/picture-clock.ts';
import { driveSeries } from '../../../../server/drive/readers/bags/signals/drive-series.ts';
import { fieldUnits } from '../../../../server/drive/readers/bags/signals/field-units.ts';
import { onPictureClock } from '../../../../server/drive/readers/bags/signals/signal-clock.ts';
import type { TopicSignals } from '../../../../server/drive/readers/bags/signals/collect.ts';

const TIMES = Float64Array.from({ length: 5 }, (_, i) => i / 10);

function topic(
  name: string,
  type: string,
  columns: Readonly<Record<string, readonly number[]>>,
  unit: string | null = null,
): TopicSignals {
  return {
    topic: name,
    type,
    metadata: new Map(),
    times: TIMES,
    columns: Object.entries(columns).map(([field, values]) => ({
      field,
      unit,
      values: Float64Array.from(values),
    })),
  };
}

const ones = (value: number) => Array<number>(5).fill(value);
const TYRES = topic('/status', 'autoware_vehicle_msgs/SteeringReport', {
  steering_tire_angle: ones(0.1),
});
const WHEEL = topic('/report', 'dbw_fca_msgs/SteeringReport', {
  steering_wheel_angle: ones(1.6),
  speed: ones(9),
});
const WISH = topic('/cmd', 'ackermann_msgs/AckermannDriveStamped', {
  'drive.steering_angle': ones(0.2),
  'drive.speed': ones(7),
});
const PATH = topic('/odom', 'nav_msgs/Odometry', {
  'twist.twist.linear.x': ones(8),
  'twist.twist.angular.z': ones(0.4),
});

function steeringsOf(...topics: TopicSignals[]) {
  return driveSeries('drive', { topics, notes: [] }).steering.map(({ name, kind, unit }) => [
    name,
    kind,
    unit,
  ]);
}

function ros1Topic(text: string) {
  const data = Buffer.from(text);
  const schema = { encoding: 'ros1msg', name: 'x/A', data };
  return { name: '/a', type: 'x/A', encoding: 'ros1', count: null, schema };
}

const line = '='.repeat(80);

test('a definition of ROS 1 whose names are program text is refused, and nothing of it runs', () => {
  const ran = globalThis as { ran?: boolean };
  for (const text of [
    `float32 a\n${line}\nMSG: x,globalThis.ran=true,Record.y\nint8 c`,
    `x/Foo a\n${line}\nMSG: x/Foo,globalThis.ran=true,Record.y\nint8 c`,
    'float32 a,globalThis.ran=true',
  ])
    assert.throws(() => decoderOf(ros1Topic(text)));
  assert.equal(ran.ran, undefined);
});

test('a definition of ROS 1 with a list of what takes no bytes is refused, for it could be endless', () => {
  for (const text of [
    `x/Foo[] a\n${line}\nMSG: x/Foo\nint8 X=1`,
    `x/Foo[] a\n${line}\nMSG: x/Foo\nx/Bar b\n${line}\nMSG: x/Bar\nx/Foo[3] c`,
  ])
    assert.throws(() => decoderOf(ros1Topic(text)), {
      message: 'has a definition with a list of nothing',
    });
  const decode = decoderOf(ros1Topic(`x/Foo[] a\n${line}\nMSG: x/Foo\nint8 b`));
  assert.deepEqual(
    (decode(Uint8Array.of(2, 0, 0, 0, 7, 8))['a'] as { b: number }[]).map(({ b }) => b),
    [7, 8],
  );
});

test('measured tyres come before the measured wheel, that before a command, and the path comes last', () => {
  assert.deepEqual(steeringsOf(PATH, WISH, WHEEL, TYRES), [
    ['/status.steering_tire_angle', 'tyre', 'rad'],
    ['/report.steering_wheel_angle', 'wheel', 'rad'],
    ['/cmd.drive.steering_angle', 'tyre', 'rad'],
    ['/odom.curvature', 'curvature', '1/m'],
  ]);
});

test('the steering that is taken is told with the reason, and the others can be chosen', () => {
  const series = driveSeries('drive', { topics: [WISH, WHEEL, TYRES], notes: ['A note.'] });
  const log = logFromSeries(series);
  assert.deepEqual(Array.from(log.steering!), ones(0.1));
  assert.deepEqual(Array.from(log.speed!), ones(9));
  const said = log.assumptions.join('\n');
  assert.match(
    said,
    /"\/status\.steering_tire_angle" is taken as steering, before 2 others, because it is the measured angle of the tyres\./,
  );
  assert.match(said, /speed is "\/report\.speed", in m\/s\./);
  assert.match(said, /drive: A note\./);
  const chosen = logFromSeries(series, { column: '/report.steering_wheel_angle' });
  assert.deepEqual(Array.from(chosen.steering!), ones(1.6));
  assert.match(chosen.assumptions.join('\n'), /the angle of the steering wheel/);
  assert.doesNotMatch(chosen.assumptions.join('\n'), /taken as steering/);
  assert.deepEqual(
    log.candidates!.map(({ kind, isCommand }) => [kind, isCommand]),
    [
      ['tyre', false],
      ['wheel', false],
      ['tyre', true],
    ],
  );
});

test('a measured twist comes before one that is commanded', () => {
  const fields = { 'twist.linear.x': ones(5), 'twist.angular.z': ones(1) };
  const type = 'geometry_msgs/TwistStamped';
  assert.deepEqual(
    steeringsOf(topic('/cmd_vel', type, fields), topic('/vehicle/twist', type, fields)).map(
      ([name]) => name,
    ),
    ['/vehicle/twist.curvature', '/cmd_vel.curvature'],
  );
});

test('a car that stands has no curvature', () => {
  const [path] = driveSeries('drive', {
    topics: [
      topic('/odom', 'nav_msgs/Odometry', {
        'twist.twist.linear.x': [4, 0.1, 0, -2, 8],
        'twist.twist.angular.z': [1, 1, 1, 1, 0],
      }),
    ],
    notes: [],
  }).steering;
  assert.deepEqual(Array.from(path!.values), [0.25, NaN, NaN, -0.5, 0]);
});

test('a field of an unknown type is steering by its name, in the unit that its name or comment tells', () => {
  const named = (field: string, unit: string | null = null) =>
    steeringsOf(topic('/car', 'car_msgs/State', { [field]: ones(1) }, unit))[0]?.slice(1);
  assert.deepEqual(named('steeringAngleDeg'), ['angle', 'deg']);
  assert.deepEqual(named('state.steering_wheel_angle', 'deg'), ['wheel', 'deg']);
  assert.deepEqual(named('steer_tyre_angle_rad'), ['tyre', 'rad']);
  assert.deepEqual(named('steering'), ['angle', null]);
  assert.equal(named('steering_torque'), undefined);
  assert.equal(named('steering_wheel_angle_velocity'), undefined);
  assert.deepEqual(
    steeringsOf(topic('/car/steering_angle', 'std_msgs/Float32', { data: ones(1) })),
    [['/car/steering_angle.data', 'angle', null]],
  );
});

test('units are read out of the comments of a definition', () => {
  const data = Buffer.from(
    'float32 angle # deg, left is positive\nfloat64 speed # (m/s)\nfloat32 rate # [rad/s]\nfloat32 yaw # (rad)\nint8 gear # deg\n',
  );
  assert.deepEqual(
    [...fieldUnits({ schema: { encoding: 'ros1msg', name: 'car/State', data } })],
    [
      ['angle', 'deg'],
      ['speed', 'm/s'],
      ['rate', 'rad/s'],
      ['yaw', 'rad'],
    ],
  );
});

test('without another speed it is that over ground, from fixes', () => {
  // 0.0001° of latitude is 11.12 m.
  const fixes = topic('/fix', 'sensor_msgs/NavSatFix', {
    latitude: TIMES.length ? Array.from(TIMES, (_, i) => 48 + i * 1e-5) : [],
    longitude: ones(11),
  });
  const { speed } = driveSeries('drive', { topics: [fixes], notes: [] });
  assert.equal(speed!.name, '/fix.speed');
  for (const value of speed!.values) assert.ok(Math.abs(value - 11.12) < 0.01, String(value));
});

const NS = 1_000_000_000n;
/** Taken from 5 s on by a simulator's clock, written 20 ms later by the wall's. */
const SIMULATED = pictureClock(
  {
    stamps: BigInt64Array.from({ length: 10 }, (_, i) => 5n * NS + (BigInt(i) * NS) / 10n),
    logTimes: BigInt64Array.from(
      { length: 10 },
      (_, i) => 1_700_000_000n * NS + (BigInt(i) * NS) / 10n + 20_000_000n,
    ),
  },
  false,
);

test("messages without a stamp are put on the clock of the pictures, also where that is a simulator's", () => {
  const log = Float64Array.from(
    { length: 3 },
    (_, i) =>
      Number(1_700_000_000n * NS + (BigInt(i) * NS) / 10n + 20_000_000n - SIMULATED.origin) / 1e9,
  );
  const { times, note } = onPictureClock(
    log.map(() => NaN),
    log,
    SIMULATED,
  );
  for (const [i, time] of times.entries()) assert.ok(Math.abs(time - i / 10) < 1e-6, String(time));
  assert.match(note!, /do not say when they were made/);
});

/** Taken and written at the same time. */
const SAME = pictureClock(
  {
    stamps: BigInt64Array.from({ length: 10 }, (_, i) => 100n * NS + (BigInt(i) * NS) / 10n),
    logTimes: BigInt64Array.from({ length: 10 }, (_, i) => 100n * NS + (BigInt(i) * NS) / 10n),
  },
  false,
);

test('stamps of another clock than that of the pictures are not taken', () => {
  const log = Float64Array.from([0, 0.1, 0.2]);
  const { times, note } = onPictureClock(
    log.map((time) => time + 5000),
    log,
    SAME,
  );
  assert.deepEqual(Array.from(times), [0, 0.1, 0.2]);
  assert.match(note!, /its clock is not that of the pictures/);
});

test('late messages are put in order, and of two at one time the last one counts', () => {
  const stamps = Float64Array.from([0, 0.2, 0.1, 0.2]);
  const { times, rows } = onPictureClock(stamps, stamps, SAME);
  assert.deepEqual(Array.from(times), [0, 0.1, 0.2]);
  assert.deepEqual(Array.from(rows), [0, 2, 3]);
});

test('a recorder that was held up for seconds does not change the times of pictures', () => {
  const stamps = Array.from({ length: 10 }, (_, i) => i / 10);
  const late = [0, 0, 0, 3, 2.9, 0, 0, 0, 0, 0];
  const { pts, notes } = pictureClock(
    {
      stamps: BigInt64Array.from(stamps, (time) => BigInt(Math.round((100 + time) * 1e9))),
      logTimes: BigInt64Array.from(stamps, (time, i) =>
        BigInt(Math.round((100 + time + late[i]!) * 1e9)),
      ),
    },
    false,
  );
  for (const [i, time] of pts.entries()) assert.ok(Math.abs(time - stamps[i]!) < 1e-9);
  assert.deepEqual(notes, []);
});
