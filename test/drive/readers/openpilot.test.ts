import assert from 'node:assert/strict';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { drivesAt } from '../../../server/drive/drives-at.ts';
import { sampleAt, type DriveLog } from '../../../server/drive/log/drive-log.ts';
import { EventReader } from '../../../server/drive/readers/openpilot/event-reader.ts';
import { routeSignals } from '../../../server/drive/readers/openpilot/signals.ts';
import { openRecording } from '../../../server/drive/open-recording.ts';
import type { DriveSource, OpenDrive } from '../../../server/drive/source.ts';
import { lanes } from '../../../server/resources/limits.ts';
import { makeNumberedClip } from '../../support/clips.ts';
import { collect } from '../../support/collect.ts';
import { repositoryRoot, temporaryFolder } from '../../support/paths.ts';
import { openDriveAt, shownBy } from '../support/picture-folders.ts';

/** Logs that make-openpilot.py wrote, which has these numbers too. */
const LOGS = join(repositoryRoot, 'test/drive/fixtures/openpilot');
const FRAMES = 20;
const STATES = 110;
const SIZE = [320, 80] as const;
const ROUTE = '0123456789abcdef|00000a1b--c0ffee0123';
type Packing = '' | '.bz2' | '.zst';

const list = (count: number, value: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => value(i));
/** Seconds since the first frame. */
const frameTime = (i: number): number => 0.05 * i + 0.0003 * (i % 7);
const expected = list(2 * FRAMES, frameTime);
const stateTimes = list(2 * STATES, (i) => -0.1 + 0.01 * i + 0.0004 * (i % 3));
const degrees = list(2 * STATES, (i) => 30 * Math.sin(i / 25) - 2);
const speeds = list(2 * STATES, (i) => 15 + i / 50);

let videos = '';
before(async () => {
  videos = mkdtempSync(join(tmpdir(), 'roadgaze-test-'));
  const x265 = ['-x265-params', 'log-level=error:bframes=0:open-gop=0'];
  for (const [file, codec] of [
    ['fcamera.hevc', ['libx265', '-preset', 'ultrafast', ...x265]],
    ['qcamera.ts', ['libx264', '-preset', 'ultrafast', '-bf', '0']],
  ] as const)
    for (const part of [0, 1])
      await makeNumberedClip(join(videos, `${part}-${file}`), {
        frames: FRAMES,
        first: part * FRAMES,
        size: SIZE,
        fps: 20,
        codec,
        keyframes: 8,
      });
});
after(() => rmSync(videos, { recursive: true, force: true }));

const SHOWN = { maxWidth: 160, quality: 5 };

interface RouteOptions {
  readonly packing?: Packing;
  readonly logs?: readonly ('rlog' | 'qlog')[];
  readonly cameras?: readonly string[];
  readonly folders?: (segment: number) => string;
}

/** Two segments of a route. */
function writeRoute(
  t: TestContext,
  {
    packing = '.zst',
    logs = ['rlog'],
    cameras = ['fcamera.hevc', 'qcamera.ts'],
    folders = (segment) => `${ROUTE}--${segment}`,
  }: RouteOptions = {},
): string {
  const route = join(temporaryFolder(t), 'drives');
  for (const segment of [0, 1]) {
    const folder = join(route, folders(segment));
    mkdirSync(folder, { recursive: true });
    for (const log of logs) {
      const ending = log === 'qlog' ? '.zst' : packing;
      copyFileSync(join(LOGS, `${log}-${segment}${ending}`), join(folder, log + ending));
    }
    for (const camera of cameras)
      copyFileSync(join(videos, `${segment}-${camera}`), join(folder, camera));
  }
  return route;
}

async function opened(
  t: TestContext,
  path: string,
  request: Partial<OpenDrive> = {},
): Promise<DriveSource> {
  const { source } = await openDriveAt(path, request);
  t.after(() => source.close());
  return source;
}

function assertTimes(pts: readonly number[], times: readonly number[]): void {
  assert.equal(pts.length, times.length);
  for (const [i, time] of times.entries())
    assert.ok(Math.abs(pts[i]! - time) < 1e-6, `frame ${i}: ${pts[i]} ${time}`);
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

function assertDriven({ times, steering, speed, speedTimes }: DriveLog, frames = expected): void {
  for (const time of frames) {
    const wheel = (interpolated(stateTimes, degrees, time) * Math.PI) / 180;
    // Logged as float32.
    assert.ok(Math.abs(sampleAt(times, steering!, time) - wheel) < 1e-6, `angle at ${time}`);
    const metres = interpolated(stateTimes, speeds, time);
    assert.ok(Math.abs(sampleAt(speedTimes!, speed!, time) - metres) < 1e-5, `speed at ${time}`);
  }
}

for (const packing of ['', '.bz2', '.zst'] as const)
  test(`the segments of an openpilot route with rlog${packing} are one drive on the clock of its log`, async (t) => {
    const route = writeRoute(t, { packing });
    const listed = await drivesAt(route);
    assert.deepEqual(
      listed.map(({ name, fault }) => [name, fault]),
      [['drives', null]],
    );
    const source = await opened(t, route);
    assert.deepEqual(
      source.cameras.map(({ id }) => id),
      ['fcamera', 'qcamera'],
    );
    const { numbers, pts, warnings } = await shownBy(source);
    assert.deepEqual(
      numbers,
      list(2 * FRAMES, (i) => i),
    );
    assert.deepEqual(warnings, []);
    assertTimes(pts, expected);
    assertTimes([...(await source.index()).pts], expected);
    for (const begin of [13, 19, 20, 33]) {
      const later = await shownBy(source, expected[begin]! - 0.01);
      assert.deepEqual(
        later.numbers,
        list(2 * FRAMES - begin, (i) => begin + i),
      );
      assertTimes(later.pts, expected.slice(begin));
    }
    const log = (await source.log({}))!;
    assertDriven(log);
    const accelerations = log.extra.find(({ name }) => name === 'carState.aEgo')!;
    assert.ok(Math.abs(accelerations.values[7]! - Math.cos(7)) < 1e-6);
    const blinker = log.extra.find(({ name }) => name === 'carState.leftBlinker')!;
    assert.deepEqual([blinker.values[9], blinker.values[10]], [1, 0]);
    const said = [...source.assumptions, ...log.assumptions].join('\n');
    assert.match(
      said,
      /"carState.steeringAngleDeg", the angle of the steering wheel in deg, positive to the left/,
    );
    assert.match(said, /when their exposure began/);
    assert.doesNotMatch(said, /frames, and its log tells/);
  });

test('the small camera of a route has the times of the log too, over all segments', async (t) => {
  for (const logs of [['rlog'], ['qlog']] as const) {
    const source = await opened(t, writeRoute(t, { logs, cameras: ['qcamera.ts'] }));
    assert.equal(source.camera, 'qcamera');
    const { numbers, pts, warnings } = await shownBy(source);
    assert.deepEqual(
      numbers,
      list(2 * FRAMES, (i) => i),
    );
    assert.deepEqual(warnings, []);
    assertTimes(pts, expected);
    for (const begin of [13, 19, 20, 33]) {
      const later = await shownBy(source, expected[begin]! - 0.01);
      assert.deepEqual(
        later.numbers,
        list(2 * FRAMES - begin, (i) => begin + i),
      );
      assertTimes(later.pts, expected.slice(begin));
    }
  }
});

test('a camera of a route is chosen, and one that it lacks is refused', async (t) => {
  const route = writeRoute(t);
  const [full, small] = [await opened(t, route), await opened(t, route, { camera: 'qcamera' })];
  assert.equal(small.camera, 'qcamera');
  await Promise.all([full.index(), small.index()]);
  // The log's clock, which both share: it does not begin with the route.
  assert.match(full.assumptions.join('\n'), new RegExp(`, ${full.origin.toFixed(3)} s after`));
  assert.ok(full.origin > 0 && Math.abs(full.origin - small.origin) < 0.001);
  await assert.rejects(openDriveAt(route, { camera: 'ecamera' }), { code: 'CAMERA_UNKNOWN' });
});

test('segments in folders that are numbers, and a segment by itself, open too', async (t) => {
  const numbered = writeRoute(t, { folders: String });
  assertTimes((await shownBy(await opened(t, numbered))).pts, expected);
  const route = writeRoute(t);
  const source = await opened(t, join(route, `${ROUTE}--1`));
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(
    numbers,
    list(FRAMES, (i) => FRAMES + i),
  );
  assertTimes(
    pts,
    list(FRAMES, (i) => frameTime(FRAMES + i) - frameTime(FRAMES)),
  );
  const log = (await source.log({}))!;
  const at = sampleAt(log.times, log.steering!, 0.4);
  const wheel = interpolated(stateTimes, degrees, frameTime(FRAMES) + 0.4);
  assert.ok(Math.abs(at - (wheel * Math.PI) / 180) < 1e-6);
});

test('segments whose files lie in one folder, with the route in their names, are one drive', async (t) => {
  const route = writeRoute(t, { cameras: ['qcamera.ts'] });
  const flat = join(route, '..', 'flat');
  mkdirSync(flat);
  for (const segment of [0, 1])
    for (const file of ['rlog.zst', 'qcamera.ts'])
      cpSync(
        join(route, `${ROUTE}--${segment}`, file),
        join(flat, `${ROUTE}--${segment}--${file}`),
      );
  copyFileSync(join(flat, `${ROUTE}--0--qcamera.ts`), join(flat, 'other.ts'));
  const listed = await drivesAt(flat);
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['other', 'flat'],
  );
  const source = await opened(t, flat);
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(
    numbers,
    list(2 * FRAMES, (i) => i),
  );
  assertTimes(pts, expected);
  assertDriven((await source.log({}))!);
});

test('two routes in one folder are two drives', async (t) => {
  const route = writeRoute(t);
  for (const segment of [0, 1])
    cpSync(join(route, `${ROUTE}--${segment}`), join(route, `other--${segment}`), {
      recursive: true,
    });
  const listed = await drivesAt(route);
  assert.deepEqual(listed.map(({ name }) => name).sort(), [ROUTE, 'other']);
  for (const recording of listed) {
    const source = await openRecording(recording);
    t.after(() => source.close());
    assertTimes([...(await source.index()).pts], expected);
  }
});

test('what lies beside the segments of a route is listed too', async (t) => {
  const route = writeRoute(t);
  copyFileSync(join(videos, '0-qcamera.ts'), join(route, 'clip.ts'));
  cpSync(join(route, `${ROUTE}--1`), join(route, 'one minute'), { recursive: true });
  const listed = (await drivesAt(route)).map(({ name, reader }) => [name, reader.id]);
  assert.deepEqual(listed, [
    ['clip', 'video'],
    ['drives', 'openpilot'],
    ['one minute', 'openpilot-segment'],
  ]);
});

for (const [packing, cut] of [
  ['', 30],
  ['.bz2', 30],
  ['.zst', 30],
] as const)
  test(`a log${packing} that breaks off is read up to there, and that is told`, async (t) => {
    const route = writeRoute(t, { packing });
    const file = join(route, `${ROUTE}--1`, `rlog${packing}`);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - cut));
    const source = await opened(t, route);
    const { numbers, pts } = await shownBy(source);
    assert.deepEqual(
      numbers,
      list(2 * FRAMES, (i) => i),
    );
    assertTimes(pts.slice(0, FRAMES - 2), expected.slice(0, FRAMES - 2));
    assert.ok(pts.every((time, i) => i === 0 || time > pts[i - 1]!));
    const log = (await source.log({}))!;
    assertDriven(log, expected.slice(0, FRAMES - 2));
    const said = log.assumptions.join('\n');
    assert.match(said, new RegExp(`--1/rlog${packing.replace('.', '\\.')} breaks off`));
  });

/** By pycapnp: carParams at 2 s with mass, wheelbase and, 15.375, the steering ratio. */
const CAR_PARAMS = `
  00000000240000000000000002000100009435770000000043000000000000000000000011000e000000000000000000
  00000000000000000080bb44cdcc2c40cdcc8c3f000076410000803e00401c45`;

test('the steering ratio is that of carParams, and is no signal', () => {
  const bytes = Buffer.alloc(296);
  Buffer.from(CAR_PARAMS.replace(/\s+/g, ''), 'hex').copy(bytes);
  const reader = new EventReader();
  reader.take(bytes);
  const { ratio, others } = routeSignals('route', [reader.contents([])], 0, []);
  assert.deepEqual(ratio, {
    value: 15.375,
    from: 'which carParams.steerRatio of the log tells',
  });
  assert.deepEqual(others, []);
});

test('of a bare log that breaks off only the last event is lost', async (t) => {
  const route = writeRoute(t, { packing: '' });
  const file = join(route, `${ROUTE}--1`, 'rlog');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 8));
  const source = await opened(t, route);
  assertTimes((await shownBy(source)).pts, expected);
  const log = (await source.log({}))!;
  assertDriven(log);
  assert.match(
    log.assumptions.join('\n'),
    /rlog breaks off inside an event at byte \d+; all before it is read/,
  );
});

test('damaged events inside a log are named by their place, and the others are read', async (t) => {
  const route = writeRoute(t, { packing: '' });
  const file = join(route, `${ROUTE}--0`, 'rlog');
  const bytes = readFileSync(file);
  bytes.fill(0xff, 40_000, 40_100);
  writeFileSync(file, bytes);
  const source = await opened(t, route);
  const log = (await source.log({}))!;
  const lost = 2 * STATES - log.times.length;
  assert.ok(lost >= 0 && lost <= 3, `${lost} lost`);
  const kept = expected.filter((time) =>
    log.times.some(
      (own, i) => own <= time && (log.times[i + 1] ?? 0) - own < 0.0115 && log.times[i + 1]! > time,
    ),
  );
  assert.ok(kept.length > 2 * FRAMES - 4);
  assertDriven(log, kept);
  assert.match(log.assumptions.join('\n'), /rlog has (\d+ )?damaged events/);
});

test('a packed log that is damaged inside is read as far as it goes, and no video is lost for it', async (t) => {
  for (const packing of ['.bz2', '.zst'] as const) {
    const route = writeRoute(t, { packing, logs: ['rlog', 'qlog'] });
    const file = join(route, `${ROUTE}--0`, `rlog${packing}`);
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 3000, 3200);
    writeFileSync(file, bytes);
    const source = await opened(t, route);
    assertTimes((await shownBy(source)).pts, expected);
    const log = (await source.log({}))!;
    assert.ok(log.times.length >= STATES);
    assert.match(log.assumptions.join('\n'), /rlog\.(bz2|zst) (is damaged|has)/);
  }
});

test('a log that unpacks to very much is stopped, and that is told', async (t) => {
  const route = writeRoute(t);
  // Zstandard: a frame of blocks of one repeated byte, 128 KiB each.
  const block = Buffer.from([
    0x02 | ((0x20000 << 3) & 0xff),
    (0x20000 >> 5) & 0xff,
    (0x20000 >> 13) & 0xff,
    0,
  ]);
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
  writeFileSync(
    join(route, `${ROUTE}--1`, 'rlog.zst'),
    Buffer.concat([head, ...Array<Buffer>(6000).fill(block)]),
  );
  const source = await opened(t, route);
  assert.equal((await shownBy(source)).numbers.length, 2 * FRAMES);
  const log = (await source.log({}))!;
  assertDriven(log, expected.slice(0, FRAMES - 2));
  assert.match(
    log.assumptions.join('\n'),
    /rlog\.zst unpacks to more than 512 MiB; what comes after is left out/,
  );
});

test('a route without logs asks for the rate of raw H.265, and takes that of the small camera', async (t) => {
  const route = writeRoute(t, { logs: [] });
  await assert.rejects(openDriveAt(route), { code: 'VIDEO_RATE_UNKNOWN' });
  const said = await opened(t, route, { frameRate: 20 });
  assertTimes(
    (await shownBy(said)).pts,
    list(2 * FRAMES, (i) => i / 20),
  );
  assert.equal(await said.log({}), null);
  const small = await opened(t, route, { camera: 'qcamera' });
  const { numbers, pts } = await shownBy(small);
  assert.deepEqual(
    numbers,
    list(2 * FRAMES, (i) => i),
  );
  assertTimes(
    pts,
    list(2 * FRAMES, (i) => i / 20),
  );
});

test('a video with fewer or more frames than its log tells of says so', async (t) => {
  const route = writeRoute(t);
  const file = join(route, `${ROUTE}--1`, 'fcamera.hevc');
  const bytes = readFileSync(file);
  const first = readFileSync(join(videos, '0-fcamera.hevc'));
  // A whole second more, which no log knows.
  writeFileSync(file, Buffer.concat([bytes, first]));
  const source = await opened(t, route);
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, [...list(2 * FRAMES, (i) => i), ...list(FRAMES, (i) => i)]);
  assertTimes(pts.slice(0, 2 * FRAMES), expected);
  assert.ok(pts.every((time, i) => i === 0 || time > pts[i - 1]!));
  assert.match(source.assumptions.join('\n'), /has 40 frames, and its log tells of 20/);
});

test('a segment that is not there is a gap, and one whose video is damaged is left out and named', async (t) => {
  const route = writeRoute(t);
  writeFileSync(join(route, `${ROUTE}--0`, 'fcamera.hevc'), 'nothing of a video');
  const source = await opened(t, route);
  const { numbers } = await shownBy(source);
  assert.deepEqual(
    numbers,
    list(FRAMES, (i) => FRAMES + i),
  );
  assert.match(source.assumptions.join('\n'), /--0\/fcamera\.hevc is left out/);
});

test('the first picture of a route is there before its other segments are looked into', async (t) => {
  const route = writeRoute(t);
  writeFileSync(join(route, `${ROUTE}--1`, 'fcamera.hevc'), 'nothing of a video');
  const source = await opened(t, route);
  const [first, ...others] = await collect(
    source.frames({ images: [], display: SHOWN, frames: 1 }),
  );
  assert.deepEqual(others, []);
  assert.ok(Math.abs(first!.pts - expected[0]!) < 1e-6);
  assert.ok(first!.display!.length > 0);
  assert.doesNotMatch(source.assumptions.join('\n'), /is left out/);
  await source.index();
  assert.match(source.assumptions.join('\n'), /--1\/fcamera\.hevc is left out/);
});

test('no program is started to find the frames of the small camera behind its first segment', async (t) => {
  const route = writeRoute(t, { cameras: ['qcamera.ts'], logs: ['qlog'] });
  const source = await opened(t, route);
  const enter = t.mock.method(lanes.probes, 'enter');
  assertTimes([...(await source.index()).pts], expected);
  assert.equal(enter.mock.callCount(), 0);
});

test('no log and no video of a route is read through a link that leads out of it', async (t) => {
  const route = writeRoute(t);
  const outside = temporaryFolder(t);
  for (const name of ['rlog.zst', 'fcamera.hevc']) {
    const file = join(route, `${ROUTE}--1`, name);
    copyFileSync(file, join(outside, name));
    rmSync(file);
    symlinkSync(join(outside, name), file);
  }
  const source = await opened(t, route);
  assert.equal((await shownBy(source)).numbers.length, FRAMES);
  const log = (await source.log({}))!;
  assert.equal(log.times.length, STATES);
  assert.match([...source.assumptions, ...log.assumptions].join('\n'), /leads out of the folder/);
});

test('a segment with logs only is listed with the reason why it has no pictures', async (t) => {
  const route = writeRoute(t, { cameras: [] });
  const [recording] = await drivesAt(route);
  assert.equal(recording!.fault?.code, 'VIDEO_NO_PICTURE');
});
