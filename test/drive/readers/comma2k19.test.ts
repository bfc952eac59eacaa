import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { drivesAt } from '../../../server/drive/drives-at.ts';
import { sampleAt, type DriveLog } from '../../../server/drive/log/drive-log.ts';
import { ffmpeg, makeNumberedClip } from '../../support/clips.ts';
import { sharedFolder, temporaryFolder } from '../../support/paths.ts';
import { openDriveAt, shownBy } from '../support/picture-folders.ts';

const FRAMES = 40;
/** As a device writes it that has been running for a while. */
const BOOT = 51_600.25;
const SIZE = [320, 80] as const;
const WITHOUT_REORDERING = 'log-level=error:bframes=0:open-gop=0';

function npy(values: readonly number[], columns?: number): Buffer {
  const shape =
    columns === undefined ? `(${values.length},)` : `(${values.length / columns}, ${columns})`;
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }\n`;
  const head = Buffer.from(`\u0093NUMPY\u0001\0\0\0${text}`, 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(Float64Array.from(values).buffer)]);
}

const list = (count: number, value: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => value(i));
const frameTimes = list(FRAMES, (i) => BOOT + 0.05 * i + 0.004 * Math.sin(i));
const steeringTimes = list(230, (i) => BOOT - 0.1 + 0.01 * i + 0.003 * Math.sin(3 * i));
const degrees = list(230, (i) => 20 * Math.sin(i / 30) - 3);
const speedTimes = list(120, (i) => BOOT - 0.07 + 0.02 * i);
const speeds = list(120, (i) => 20 + i / 40);

async function writeSegment(
  t: TestContext,
  { x265 = WITHOUT_REORDERING, frames = FRAMES, video = 'video.hevc' } = {},
): Promise<string> {
  const folder = join(temporaryFolder(t), 'b0c9d2329ad1606b|2018-08-02--08-34-47', '40');
  const files: Record<string, Buffer> = {
    'global_pose/frame_times': npy(frameTimes),
    'global_pose/frame_velocities': npy(
      list(3 * FRAMES, (i) => i),
      3,
    ),
    'processed_log/CAN/steering_angle/t': npy(steeringTimes),
    'processed_log/CAN/steering_angle/value': npy(degrees),
    'processed_log/CAN/speed/t': npy(speedTimes),
    'processed_log/CAN/speed/value': npy(speeds, 1),
    'processed_log/CAN/raw_can/t': npy([1]),
    'preview.png': Buffer.from('x'),
  };
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const codec = ['libx265', '-preset', 'ultrafast', '-x265-params', x265];
  await makeNumberedClip(join(folder, video), {
    frames,
    size: SIZE,
    fps: 25,
    codec,
    keyframes: 10,
  });
  return folder;
}

/** Linear between the two values around a time; slow and obvious. */
function interpolated(times: readonly number[], values: readonly number[], time: number): number {
  for (let i = 1; i < times.length; i++)
    if (times[i - 1]! <= time && time <= times[i]!)
      return (
        values[i - 1]! +
        ((values[i]! - values[i - 1]!) * (time - times[i - 1]!)) / (times[i]! - times[i - 1]!)
      );
  return NaN;
}

function assertDriven({ times, steering, speed, speedTimes: own }: DriveLog): void {
  for (const time of frameTimes) {
    const wheel = (interpolated(steeringTimes, degrees, time) * Math.PI) / 180;
    assert.ok(Math.abs(sampleAt(times, steering!, time - BOOT) - wheel) < 1e-9);
    const metres = interpolated(speedTimes, speeds, time);
    assert.ok(Math.abs(sampleAt(own!, speed!, time - BOOT) - metres) < 1e-9);
  }
}

const expected = frameTimes.map((time) => time - BOOT);
function assertTimes(pts: readonly number[], times = expected): void {
  assert.equal(pts.length, times.length);
  for (const [i, time] of times.entries()) assert.ok(Math.abs(pts[i]! - time) < 1e-6, `frame ${i}`);
}

test('frames of a comma2k19 segment have the times of the log, and its angle and speed at them', async (t) => {
  const folder = await writeSegment(t);
  const { id, source } = await openDriveAt(folder);
  t.after(() => source.close());
  assert.equal(id, 'comma2k19');
  const { numbers, pts, warnings } = await shownBy(source);
  assert.deepEqual(
    numbers,
    list(FRAMES, (i) => i),
  );
  assert.deepEqual(warnings, []);
  assertTimes(pts);
  assertTimes([...(await source.index()).pts]);
  const later = await shownBy(source, expected[23]! - 0.01);
  assert.deepEqual(
    later.numbers,
    list(FRAMES - 23, (i) => 23 + i),
  );
  assertTimes(later.pts, expected.slice(23));
  const log = (await source.log({}))!;
  assertDriven(log);
  assert.ok(log.extra.some(({ name }) => name === 'frame_velocities.2'));
  const said = [...source.assumptions, ...log.assumptions].join('\n');
  assert.match(said, /frame i of video\.hevc was taken at global_pose\/frame_times\[i\]/);
  assert.match(said, /in deg, positive to the left/);
});

for (const [what, x265] of [
  ['B-frames', 'log-level=error:bframes=4:open-gop=0:scenecut=0'],
  ['B-frames that reach over keyframes', 'log-level=error:bframes=4:open-gop=1:scenecut=0'],
] as const)
  test(`frames of a comma2k19 segment with ${what} keep their own times, from wherever they are played`, async (t) => {
    const { source } = await openDriveAt(await writeSegment(t, { x265 }));
    t.after(() => source.close());
    for (const begin of [0, 7, 10, 11, 29, 30, 39]) {
      const { numbers, pts } = await shownBy(
        source,
        begin === 0 ? undefined : expected[begin]! - 0.01,
      );
      assert.deepEqual(
        numbers,
        list(FRAMES - begin, (i) => begin + i),
        `from ${begin}`,
      );
      assertTimes(pts, expected.slice(begin));
    }
  });

test('pictures that lean on ones before the beginning do not move the times of the others', async (t) => {
  const folder = await writeSegment(t, {
    x265: 'log-level=error:bframes=4:open-gop=1:scenecut=0',
  });
  // What ffmpeg shows of the part from a later keyframe on, by itself.
  const file = join(folder, 'video.hevc');
  const bytes = readFileSync(file);
  const begins: number[] = [];
  for (let at = 0; (at = bytes.indexOf(Buffer.from([0, 0, 1, 0x40, 1]), at)) >= 0; at++)
    begins.push(at);
  // Parameter sets stand in front of the first picture only, or of each that decoding starts at.
  const key = begins[1] ?? bytes.indexOf(Buffer.from([0, 0, 1, 0x2a, 1]), 64);
  assert.ok(key > 0, 'a keyframe of open groups');
  const first = bytes.indexOf(Buffer.from([0, 0, 1, 0x2a, 1]));
  const sets = bytes.subarray(0, first < 0 ? 0 : first);
  writeFileSync(
    file,
    Buffer.concat([begins[1] === undefined ? sets : Buffer.alloc(0), bytes.subarray(key)]),
  );
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(
    numbers,
    list(numbers.length, (i) => numbers[0]! + i),
  );
  assert.ok(numbers[0]! >= 10);
  assertTimes(pts, expected.slice(0, numbers.length));
  assert.ok(source.assumptions.some((text) => text.includes('lean on ones before')));
});

test('a segment whose frames and times differ in number says so, and goes on', async (t) => {
  for (const [frames, says] of [
    [FRAMES - 3, /37 frames, and global_pose\/frame_times 40 times; those at the end are left out/],
    [FRAMES + 2, /42 frames, and global_pose\/frame_times 40 times; the last frames have none/],
  ] as const) {
    const { source } = await openDriveAt(await writeSegment(t, { frames }));
    t.after(() => source.close());
    const { numbers, pts } = await shownBy(source);
    assert.equal(numbers.length, frames);
    assertTimes(pts.slice(0, FRAMES), expected.slice(0, frames));
    assert.ok(pts.every((time, i) => i === 0 || time > pts[i - 1]!));
    assert.match(source.assumptions.join('\n'), says);
  }
});

test('a segment without frame times asks for the rate, and begins its log with the video', async (t) => {
  const folder = await writeSegment(t);
  truncateSync(join(folder, 'global_pose/frame_times'), 9);
  await assert.rejects(openDriveAt(folder), { code: 'VIDEO_RATE_UNKNOWN' });
  const { source } = await openDriveAt(folder, { frameRate: 20 });
  t.after(() => source.close());
  assertTimes(
    (await shownBy(source)).pts,
    list(FRAMES, (i) => i / 20),
  );
  assert.match(source.assumptions.join('\n'), /global_pose\/frame_times is not a NumPy file/);
  const log = (await source.log({}))!;
  assert.ok(Math.abs(log.times[0]!) < 1e-6);
  assert.match(log.assumptions.join('\n'), /first signal is taken to begin with the first frame/);
});

test('a damaged signal of a segment is named, and the others are read', async (t) => {
  const folder = await writeSegment(t);
  truncateSync(join(folder, 'processed_log/CAN/steering_angle/value'), 500);
  writeFileSync(join(folder, 'processed_log/CAN/speed/value'), npy(speeds.slice(0, 100), 1));
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const log = (await source.log({}))!;
  assert.equal(log.steering, null);
  assert.equal(log.speed!.length, 100);
  const said = log.assumptions.join('\n');
  assert.match(said, /processed_log\/CAN\/steering_angle\/value holds \d+ bytes of numbers where/);
  assert.match(said, /processed_log\/CAN\/speed has 120 times and 100 values/);
});

test('no signal of a segment is read through a link that leads out of it', async (t) => {
  const folder = await writeSegment(t);
  const outside = join(temporaryFolder(t), 'value');
  writeFileSync(outside, npy(degrees));
  rmSync(join(folder, 'processed_log/CAN/steering_angle/value'));
  symlinkSync(outside, join(folder, 'processed_log/CAN/steering_angle/value'));
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const log = (await source.log({}))!;
  assert.equal(log.steering, null);
  assert.match(log.assumptions.join('\n'), /leads out of the folder/);
});

test('a damaged picture of a segment is named, and the frames after it keep their times', async (t) => {
  const folder = await writeSegment(t);
  const file = join(folder, 'video.hevc');
  const bytes = readFileSync(file);
  // The insides of all pictures of the second group.
  const units = list(bytes.length - 3, (i) => i).filter((i) => bytes.readUIntBE(i, 3) === 1);
  const pictures = units.filter((at) => bytes[at + 3]! >> 1 < 32);
  assert.equal(pictures.length, FRAMES);
  for (const at of pictures.slice(10, 20))
    bytes.fill(0x5a, at + 8, (units.find((next) => next > at) ?? bytes.length) - 4);
  writeFileSync(file, bytes);
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts, warnings } = await shownBy(source);
  const whole = new Map(
    pts.map((time, i) => [expected.findIndex((own) => Math.abs(own - time) < 1e-6), numbers[i]]),
  );
  for (const number of list(FRAMES, (i) => i))
    if (number < 10 || number >= 20) assert.equal(whole.get(number), number);
  assert.equal(numbers.at(-1), FRAMES - 1);
  assert.ok(warnings.length > 0);
});

test('a segment takes the times of its log also for a video that has times of its own', async (t) => {
  const folder = await writeSegment(t, { video: 'video.mp4' });
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(
    numbers,
    list(FRAMES, (i) => i),
  );
  assertTimes(pts);
  const later = await shownBy(source, expected[31]! - 0.01);
  assert.equal(later.numbers[0], 31);
  assertTimes(later.pts, expected.slice(31));
  assertDriven((await source.log({}))!);
});

test('a segment without its video is listed with that reason', async (t) => {
  const folder = await writeSegment(t);
  rmSync(join(folder, 'video.hevc'));
  for (const place of [folder, dirname(folder)]) {
    const [recording, ...others] = await drivesAt(place);
    assert.equal(others.length, 0);
    assert.equal(recording!.fault?.code, 'VIDEO_NO_PICTURE');
    assert.match(recording!.fault.message, /40 is a segment of comma2k19 without its video\.hevc/);
  }
});

test('the video of a segment is not listed by itself', async (t) => {
  const folder = await writeSegment(t);
  assert.deepEqual(
    (await drivesAt(folder)).map(({ name, fault }) => [name, fault]),
    [['40', null]],
  );
});

test(
  'a real segment of comma2k19 gives angle and speed at its frames',
  { skip: sharedFolder ? false : 'shared/real is not there' },
  async (t) => {
    const root = temporaryFolder(t);
    execFileSync('tar', [
      'xzf',
      join(sharedFolder!, 'real', 'comma2k19-segment-logs.tar.gz'),
      '-C',
      root,
    ]);
    const route = join(root, 'Example_1', readdirSync(join(root, 'Example_1'))[0]!);
    const folder = join(route, '40');
    const made = join(root, 'made.mp4');
    await makeNumberedClip(made, { frames: 1200, size: SIZE, fps: 20 });
    const x265 = ['-x265-params', WITHOUT_REORDERING];
    await ffmpeg(
      '-i',
      made,
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      ...x265,
      '-g',
      '20',
      join(folder, 'video.hevc'),
    );
    const read = (name: string): number[] => {
      const bytes = readFileSync(join(folder, name));
      const data = bytes.subarray(10 + bytes.readUInt16LE(8));
      return list(data.length / 8, (i) => data.readDoubleLE(8 * i));
    };
    const frames = read('global_pose/frame_times');
    const angle = ['t', 'value'].map((name) => read(`processed_log/CAN/steering_angle/${name}`));
    const speed = ['t', 'value'].map((name) => read(`processed_log/CAN/speed/${name}`));
    const { source } = await openDriveAt(folder);
    t.after(() => source.close());
    const { numbers, pts } = await shownBy(source);
    assert.deepEqual(
      numbers,
      list(1200, (i) => i),
    );
    assertTimes(
      pts,
      frames.map((time) => time - frames[0]!),
    );
    const log = (await source.log({}))!;
    let compared = 0;
    for (const [i, time] of frames.entries()) {
      const wheel = (interpolated(angle[0]!, angle[1]!, time) * Math.PI) / 180;
      const metres = interpolated(speed[0]!, speed[1]!, time);
      const found = [
        sampleAt(log.times, log.steering!, pts[i]!),
        sampleAt(log.speedTimes!, log.speed!, pts[i]!),
      ];
      if (Number.isNaN(wheel) || Number.isNaN(metres)) continue;
      compared++;
      assert.ok(
        Math.abs(found[0]! - wheel) < 1e-6 && Math.abs(found[1]! - metres) < 1e-4,
        `frame ${i}`,
      );
    }
    assert.ok(compared > 1150, String(compared));
  },
);
