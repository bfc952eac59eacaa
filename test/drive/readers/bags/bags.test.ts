import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { sampleAt, type DriveLog } from '../../../../server/drive/log/drive-log.ts';
import { drivesAt } from '../../../../server/drive/drives-at.ts';
import { openRecording } from '../../../../server/drive/open-recording.ts';
import { placeAt } from '../../../../server/drive/place.ts';
import { BagSession } from '../../../../server/drive/readers/bags/bag-session.ts';
import { ROS2_BAG } from '../../../../server/drive/readers/bags/readers.ts';
import { recognise } from '../../../../server/drive/readers/index.ts';
import type { DriveSource } from '../../../../server/drive/source.ts';
import { sharedFolder, temporaryFolder } from '../../../support/paths.ts';
import {
  BAGS,
  colorOf,
  FRAMES,
  greyOf,
  interpolated,
  PTS,
  speedAt,
  steeringAt,
} from './written-bags.ts';

interface WrittenBag {
  readonly file: string;
  readonly what: string;
  readonly camera: string;
  /** It is not the first one. */
  readonly isChosen?: boolean;
  readonly isGrey?: boolean;
  readonly steering?: {
    readonly of: (log: DriveLog) => { times: Float64Array; values: Float64Array };
    readonly at: (ns: bigint) => number;
    readonly column: string;
    readonly words: RegExp;
  };
  readonly speedAt?: (ns: bigint) => number;
}

const { fround } = Math;
const angle = ({ times, steering }: DriveLog) => ({ times, values: steering! });
const tyre = (column: string) => ({
  of: angle,
  at: (ns: bigint) => fround(steeringAt(ns)),
  column,
  words: /the angle of the front tyres in rad, positive to the left/,
});
const wheel = (column: string) => ({
  of: angle,
  at: (ns: bigint) => fround(16 * steeringAt(ns)),
  column,
  words: /the angle of the steering wheel in rad, positive to the left/,
});
const curvature = (column: string) => ({
  of: ({ times, extra }: DriveLog) => {
    const found = extra.find(({ name }) => name === 'curvature')!;
    return { times: found.times ?? times, values: found.values };
  },
  at: steeringAt,
  column,
  words: /the curvature of the path in 1\/m/,
});
const float32Speed = (ns: bigint) => fround(speedAt(ns));

const WRITTEN: readonly WrittenBag[] = [
  {
    file: 'ros2-sqlite',
    what: 'a ROS 2 bag in SQLite without definitions, rgb8 with padded rows',
    camera: '/camera/image_raw',
    steering: tyre('/ackermann.drive.steering_angle'),
    speedAt,
  },
  {
    file: 'ros2-sqlite-message',
    what: 'a ROS 2 bag in SQLite, each message packed, JPEG',
    camera: '/camera/image_raw/compressed',
    steering: wheel('/vehicle/steering_report.steering_wheel_angle'),
    speedAt: float32Speed,
  },
  {
    file: 'ros2-sqlite-file',
    what: 'a ROS 2 bag in SQLite, packed as a whole, bayer_rggb8',
    camera: '/camera/image_raw',
    steering: tyre('/vehicle/status/steering_status.steering_tire_angle'),
    speedAt: float32Speed,
  },
  {
    file: 'ros2-mcap',
    what: 'a ROS 2 bag in MCAP, nv12',
    camera: '/camera/image_raw',
    steering: curvature('/cmd_vel.curvature'),
    speedAt,
  },
  {
    file: 'ros2-mcap-message',
    what: 'a ROS 2 bag in MCAP, each message packed, mono16',
    camera: '/camera/image_raw',
    isGrey: true,
    steering: {
      of: ({ times, normalized }) => ({ times, values: normalized! }),
      // CARLA steers to the right.
      at: (ns) => -fround(steeringAt(ns)),
      column: '/carla/ego_vehicle/vehicle_status.control.steer',
      words: /a share of full lock, positive to the right/,
    },
    speedAt: float32Speed,
  },
  {
    file: 'ros2-mcap-file',
    what: 'a ROS 2 bag in MCAP, packed as a whole, PNG',
    camera: '/camera/image_raw/compressed',
    steering: curvature('/twist.curvature'),
    speedAt,
  },
  {
    file: 'ros2-splits',
    what: 'two splits of a ROS 2 bag, one with LZ4 and one with Zstandard, bgr8',
    camera: '/camera/image_raw',
    steering: tyre('/ackermann.drive.steering_angle'),
    speedAt: float32Speed,
  },
  {
    file: 'ros2-video.mcap',
    what: 'one file of a ROS 2 bag with H.264, H.265 and VP9',
    camera: '/h264',
    isChosen: true,
  },
  {
    file: 'foxglove-protobuf.mcap',
    what: 'MCAP with protobuf of Foxglove and of somebody, Zstandard, H.264',
    camera: '/front',
    steering: {
      of: angle,
      at: steeringAt,
      column: '/state.steering_wheel_angle_deg',
      words: /the angle of the steering wheel in deg/,
    },
  },
  {
    file: 'foxglove-json.mcap',
    what: 'MCAP with JSON, LZ4, WebP',
    camera: '/front',
    steering: {
      of: angle,
      at: steeringAt,
      column: '/state.steering_angle_rad',
      words: /an angle in rad, positive to the left/,
    },
  },
  ...(
    [
      ['ros1.bag', 'a ROS 1 bag, bgr8', false],
      ['ros1-bz2.bag', 'a ROS 1 bag with bzip2, yuv422', false],
      ['ros1-lz4.bag', 'a ROS 1 bag with LZ4, mono8', true],
    ] as const
  ).map(([file, what, isGrey]) => ({
    file,
    what,
    camera: '/center_camera/image_color',
    isGrey,
    steering: wheel('/vehicle/steering_report.steering_wheel_angle'),
    speedAt: float32Speed,
  })),
];

async function opened(file: string, camera?: string): Promise<DriveSource> {
  const place = await placeAt(join(BAGS, file));
  const found = await recognise(place);
  assert.ok(found, `${file} is recognised`);
  return found.reader.open(place, { key: null, ...(camera === undefined ? {} : { camera }) });
}

/** Two rows of RGB: what lies above, and what lies below. */
async function colorsOf(source: DriveSource, request: { from?: number } = {}) {
  const frames: { pts: number; above: number[]; below: number[] }[] = [];
  const format = { crop: null, width: 4, height: 6, pixelFormat: 'rgb24', resize: 'area' } as const;
  for await (const { pts, images } of source.frames({ images: [format], ...request })) {
    const pixel = (row: number) =>
      Array.from(images[0]!.subarray((row * 4 + 1) * 3, (row * 4 + 2) * 3));
    frames.push({ pts, above: pixel(1), below: pixel(4) });
  }
  return frames;
}

function assertColor(
  given: readonly number[],
  frame: number,
  isGrey: boolean,
  isBelow = false,
): void {
  const color = colorOf(frame).map((value) => (isBelow ? 255 - value : value));
  const wanted = isGrey ? Array<number>(3).fill(greyOf(color)) : color;
  for (const [i, value] of wanted.entries())
    assert.ok(
      Math.abs(given[i]! - value) <= 6,
      `frame ${frame} is ${wanted.map(Math.round).join()}, not ${given.join()}`,
    );
}

for (const bag of WRITTEN) {
  test(`${bag.what}: pictures, times, steering and speed are those that were written`, async () => {
    const source = await opened(bag.file, bag.isChosen ? bag.camera : undefined);
    try {
      assert.equal(source.camera, bag.camera);
      const { pts } = await source.index();
      assert.deepEqual(Array.from(pts), PTS);
      const frames = await colorsOf(source);
      assert.deepEqual(
        frames.map((frame) => frame.pts),
        PTS,
      );
      for (const [i, { above, below }] of frames.entries()) {
        assertColor(above, i, bag.isGrey ?? false);
        assertColor(below, i, bag.isGrey ?? false, true);
      }
      const log = await source.log({});
      assert.equal(log !== null, bag.steering !== undefined);
      if (!log || !bag.steering) return;
      const { times, values } = bag.steering.of(log);
      for (const time of PTS.slice(0, 10)) {
        const wanted = interpolated(bag.steering.at, time);
        assert.ok(Math.abs(sampleAt(times, values, time) - wanted) < 1e-9, `steering at ${time} s`);
      }
      const said = log.assumptions.join('\n');
      assert.match(said, bag.steering.words);
      assert.ok(said.includes(`steering is "${bag.steering.column}"`), said);
      if (bag.speedAt) {
        const time = PTS[5]!;
        const speed = sampleAt(log.speedTimes ?? log.times, log.speed!, time);
        // The odometer of the first bag tells every eighth time only.
        assert.ok(Math.abs(speed - interpolated(bag.speedAt, time)) < 2e-2, `speed ${speed}`);
      }
    } finally {
      await source.close();
    }
  });
}

test('a seek into a bag begins with the picture that was asked for, in a video too', async () => {
  for (const file of ['ros2-sqlite', 'foxglove-protobuf.mcap']) {
    const source = await opened(file);
    const frames = await colorsOf(source, { from: PTS[8]! });
    await source.close();
    assert.deepEqual(
      frames.map(({ pts }) => pts),
      PTS.slice(8),
    );
    assertColor(frames[0]!.above, 8, false);
  }
});

test('each video codec of a bag decodes, and a camera can be chosen', async () => {
  for (const camera of ['/h264', '/h265', '/vp9', '/image/h264']) {
    const source = await opened('ros2-video.mcap', camera);
    const frames = await colorsOf(source);
    const last = await colorsOf(source, { from: PTS[11]! });
    await source.close();
    assert.equal(source.camera, camera);
    assert.equal(last.length, 1);
    assertColor(last[0]!.above, 11, false);
    assert.equal(frames.length, FRAMES);
    for (const [i, { above }] of frames.entries()) assertColor(above, i, false);
  }
});

test('decoding can start at the key pictures of a video, and nowhere else', async (t) => {
  const session = await BagSession.open(join(BAGS, 'ros2-video.mcap'), temporaryFolder(t));
  t.after(() => session.close());
  const found = new Map<string, number[] | null>();
  for (const { key, name } of session.contents().cameras) {
    const { keyframes } = await session.index(key, false);
    found.set(name, keyframes && Array.from(keyframes));
  }
  // As the encoders were asked for one every six pictures.
  for (const camera of ['/h264', '/h265', '/vp9', '/av1', '/image/h264'])
    assert.deepEqual(found.get(camera), [0, 6], camera);
  assert.deepEqual(found.get('/front/ffmpeg'), [0]);
});

test('the camera that looks ahead is the first one of a bag', async () => {
  const source = await opened('ros2-video.mcap');
  await source.close();
  assert.equal(source.camera, '/front/ffmpeg');
  assert.deepEqual(
    source.cameras.map(({ id }) => id),
    ['/front/ffmpeg', '/h264', '/h265', '/vp9', '/av1', '/image/h264'],
  );
});

test('pictures before the first one at which decoding can start are left out and told', async () => {
  const source = await opened('ros2-video.mcap', '/front/ffmpeg');
  const frames = await colorsOf(source);
  const { pts } = await source.index();
  await source.close();
  assert.equal(pts.length, 6);
  assert.equal(frames.length, 6);
  assertColor(frames[0]!.above, 6, false);
  assert.match(
    source.assumptions.join('\n'),
    /first 4 pictures lie before one at which decoding can start/,
  );
});

test('pixels of every encoding come out in their colours, with padded rows and either byte order', async () => {
  const first = await opened('encodings.mcap');
  const cameras = first.cameras.map(({ id }) => id);
  await first.close();
  assert.equal(cameras.length, 40);
  for (const camera of cameras) {
    const source = await opened('encodings.mcap', camera);
    const frames = await colorsOf(source).catch((error: unknown) =>
      assert.fail(`${camera}: ${error}`),
    );
    await source.close();
    const isGrey = /mono|c1$/.test(camera);
    assert.equal(frames.length, 2, camera);
    for (const [i, { above, below }] of frames.entries()) {
      assertColor(above, i, isGrey);
      assertColor(below, i, isGrey, true);
    }
  }
});

test('a bag tells of splits that are not there, and of the instant its times count from', async () => {
  const source = await opened('ros2-splits');
  await source.index();
  await source.close();
  const said = source.assumptions.join('\n');
  assert.match(
    said,
    /2 of 4 files that metadata\.yaml lists are not in the folder: "drive_2\.mcap", "\.\.\/\.\.\/outside\.mcap"/,
  );
  assert.match(said, /2023-07-22 04:26:40 UTC, 1690000000\.123456789 s/);
});

test('another steering of a bag can be chosen by its name', async () => {
  const source = await opened('ros2-sqlite');
  const log = (await source.log({ column: '/odom.curvature' }))!;
  await source.close();
  assert.equal(log.steering, null);
  assert.match(log.assumptions.join('\n'), /steering is "\/odom\.curvature"/);
  assert.doesNotMatch(log.assumptions.join('\n'), /taken as steering/);
  const { values } = log.extra.find(({ name }) => name === 'curvature')!;
  assert.ok(Math.abs(values[0]! - 0.1 / speedAt(1_689_999_999_923_456_789n)) < 1e-9);
});

test('a camera that a bag does not have is named with those it has', async () => {
  await assert.rejects(opened('ros1.bag', '/rear'), {
    code: 'CAMERA_UNKNOWN',
    message: 'ros1.bag has no camera "/rear".',
    hint: 'It has one camera only; leave the choice out.',
  });
});

const skip = sharedFolder ? false : '../shared is not here';

test(
  'a real ROS 2 bag with packed messages opens from the split that is left',
  { skip },
  async () => {
    const [recording] = await drivesAt(join(sharedFolder!, 'real', 'rosbag2-mcap-msgzstd'));
    const source = await openRecording(recording!);
    const { pts } = await source.index();
    const frames = await colorsOf(source);
    await source.close();
    // As the bag's own description has its last split: two messages, 33311111 ns apart.
    assert.deepEqual(Array.from(pts), [0, 33_311_111 / 1e9]);
    assert.equal(frames.length, 2);
    assert.deepEqual([source.video.width, source.video.height], [640, 480]);
    assert.match(
      source.assumptions.join('\n'),
      /12 of 13 files that metadata\.yaml lists are not in the folder/,
    );
  },
);

test(
  'a real ROS 2 bag in SQLite, which may not be written beside, shows both of its cameras',
  { skip },
  async () => {
    const [recording] = await drivesAt(join(sharedFolder!, 'real', 'rosbag2-sqlite'));
    for (const camera of ['/image', '/image/compressed']) {
      const source = await openRecording(recording!, { camera });
      const frames = await colorsOf(source);
      const log = (await source.log({}))!;
      await source.close();
      assert.equal(frames.length, 1);
      assert.deepEqual([source.video.width, source.video.height], [640, 480]);
      assert.ok(log.extra.some(({ name }) => name === '/imu.orientation.w'));
    }
  },
);

test('a list of drives tells of an SQLite bag without a description what its database tells', async (t) => {
  const file = join(BAGS, 'ros2-sqlite', 'ros2-sqlite.db3');
  const folder = join(temporaryFolder(t), 'drive');
  mkdirSync(folder);
  for (const split of ['drive_0.db3', 'drive_1.db3']) copyFileSync(file, join(folder, split));
  const described = (await ROS2_BAG.outline!(await placeAt(join(BAGS, 'ros2-sqlite')), null))!;
  assert.ok(described.durationSeconds! > 0);
  for (const path of [file, folder])
    assert.deepEqual(await ROS2_BAG.outline!(await placeAt(path), null), described);
  writeFileSync(join(folder, 'drive_1.db3'), readFileSync(file).subarray(0, 5000));
  assert.equal(await ROS2_BAG.outline!(await placeAt(join(folder, 'drive_1.db3')), null), null);
});

test('numbered splits without a description are one bag, where they begin at 0', async (t) => {
  const folder = join(temporaryFolder(t), 'night');
  mkdirSync(folder);
  for (const part of [0, 1])
    copyFileSync(
      join(BAGS, 'ros2-splits', `drive_${part}.mcap`),
      join(folder, `drive_${part}.mcap`),
    );
  const [recording, ...others] = await drivesAt(folder);
  assert.equal(others.length, 0);
  assert.equal(recording!.name, 'night');
  const source = await openRecording(recording!);
  const { pts } = await source.index();
  await source.close();
  assert.deepEqual(Array.from(pts), PTS);
  assert.match(source.assumptions.join('\n'), /metadata\.yaml is missing/);
});

test('files and folders of bags are told apart by what is in them', async () => {
  for (const [file, id] of [
    ['ros2-sqlite', 'rosbag2'],
    ['ros2-mcap/ros2-mcap.mcap', 'rosbag2'],
    ['ros2-sqlite-file/ros2-sqlite-file.db3.zstd', 'rosbag2'],
    ['ros2-sqlite/ros2-sqlite.db3', 'rosbag2'],
    ['foxglove-json.mcap', 'mcap'],
    ['ros1.bag', 'rosbag1'],
  ] as const) {
    const found = await recognise(await placeAt(join(BAGS, file)));
    assert.equal(found?.reader.id, id, file);
    assert.deepEqual(found?.entries, [{ key: null, name: basename(file).split('.', 1)[0] }]);
  }
});
