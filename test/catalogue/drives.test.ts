import assert from 'node:assert/strict';
import { cpSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DriveQuery } from '../../shared/protocol/catalogue-messages.ts';
import { Drives } from '../../server/catalogue/drives.ts';
import { DetailsReader } from '../../server/catalogue/details/drive-details.ts';
import { drivesAt } from '../../server/drive/drives-at.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';

const FIXTURES = join(repositoryRoot, 'test/drive/fixtures');

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

function record(milliseconds: number): string {
  return JSON.stringify({
    _timestamp_ms: milliseconds,
    'cam/image_array': '0.jpg',
    'user/angle': 0.5,
    'user/throttle': 0.2,
    'user/mode': 'user',
  });
}

const sim = (name: string) => `/home/me/IMG/center_2016_12_01_13_30_${name}.jpg`;

test('length, cameras and signals come from what a format says of itself, without its pictures', async (t) => {
  const root = temporaryFolder(t);
  write(root, {
    'tub/manifest.json': '["cam/image_array"]',
    'tub/catalog_0.catalog': `${record(1000)}\n${record(1100)}\n`,
    'tub/catalog_1.catalog': `${record(61_000)}\n${record(63_250)}\n`,
    'tub 1/meta.json': '{}',
    'tub 1/record_9.json': '{"milliseconds":2000,"user/angle":0.1,"cam/image_array":"9.jpg"}',
    'tub 1/record_10.json': '{"milliseconds":3500,"user/angle":0.1,"cam/image_array":"10.jpg"}',
    'sim/driving_log.csv': `${sim('48_287')},,,0.1,0,0,3\n${sim('50_000')},,,0.1,0,0,3\n${sim('55_787')},,,0,0,0,3\n`,
    'sim/IMG/center_1.jpg': 'x',
  });
  for (const name of [
    'bags/foxglove-protobuf.mcap',
    'bags/ros1.bag',
    'bags/ros2-mcap',
    'lerobot-v3',
  ])
    cpSync(join(FIXTURES, name), join(root, name.replace('bags/', '')), { recursive: true });
  const details = new DetailsReader();
  const told = new Map<string, unknown>();
  for (const recording of await drivesAt(root)) {
    const { durationSeconds, cameras, signals, hasLog, error } = await details.read(recording);
    assert.equal(error, null, recording.name);
    told.set(recording.name, [durationSeconds?.toFixed(3), cameras, signals, hasLog]);
  }
  const vehicle = [
    'action.continuous[gas_pedal_normalized]',
    'action.continuous[steering_angle_normalized]',
    'observation.state.vehicle[speed]',
    'observation.state.vehicle[heading]',
  ];
  assert.deepEqual(Object.fromEntries(told), {
    tub: ['62.250', ['image_array'], ['user/angle', 'user/throttle'], true],
    'tub 1': ['1.500', ['image_array'], ['user/angle'], true],
    sim: ['7.500', ['center'], ['steering', 'throttle', 'brake', 'speed'], true],
    'foxglove-protobuf': ['1.580', ['/front', '/raw'], ['/state'], true],
    ros1: ['1.580', ['/center_camera/image_color'], ['/vehicle/steering_report', '/odom'], true],
    'ros2-mcap': ['1.580', ['/camera/image_raw'], ['/cmd_vel'], true],
    'lerobot-v3, episode 0': ['1.200', ['front_left', 'rear'], vehicle, true],
    'lerobot-v3, episode 1': ['0.900', ['front_left', 'rear'], vehicle, true],
  });
});

async function someDrives(t: TestContext): Promise<string> {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'north'));
  await makeNumberedClip(join(root, 'north/b.mp4'), { frames: 30 });
  await makeNumberedClip(join(root, 'a.mp4'), { frames: 60 });
  write(root, {
    'north/b.csv': 't [s],steering [rad],yaw rate\n0,0,0\n1,0,0\n',
    'south/tub/manifest.json': '[]',
    'south/tub/catalog_0.catalog': `${record(0)}\n${record(5000)}\n`,
    'broken.mp4': 'x',
    'results/b/summary.json': JSON.stringify({
      roadgaze: 1,
      recording: { file: 'b.mp4', durationSeconds: 1 },
      network: { name: 'PilotNet' },
      flags: 3,
    }),
    'results/b/frames.csv': 'frame',
    'results/b/flags.json': '{"flags":[{"kind":"dead","severity":1}]}',
  });
  for (const [name, hours] of [
    ['a.mp4', 3],
    ['north/b.mp4', 1],
    ['south/tub', 2],
    ['broken.mp4', 9],
  ] as const) {
    const time = new Date(Date.now() - hours * 3_600_000);
    utimesSync(join(root, name), time, time);
  }
  return root;
}

/** The names that a query gives, once details of all drives are known. */
async function namesOf(drives: Drives, query: Partial<DriveQuery>): Promise<string[]> {
  const page = await drives.page({ offset: 0, limit: 10, ...query });
  return page.drives.map(({ name }) => name);
}

/** Resolves when the details of so many drives are known. */
async function untilKnown(drives: Drives, count: number): Promise<void> {
  for (;;) {
    const changed = drives.changed.wait();
    const { drives: rows } = await drives.page({ offset: 0, limit: 10 });
    if (rows.filter(({ details }) => details).length === count) return;
    await changed;
  }
}

test('drives are searched, chosen and sorted by what is known of them', async (t) => {
  const drives = new Drives({ recordings: await someDrives(t) });
  t.after(() => drives.close());
  await untilKnown(drives, 4);
  assert.deepEqual(await namesOf(drives, {}), ['a', 'broken', 'b', 'tub']);
  assert.deepEqual(await namesOf(drives, { isReversed: true }), ['tub', 'b', 'broken', 'a']);
  assert.deepEqual(await namesOf(drives, { sort: 'date' }), ['b', 'tub', 'a', 'broken']);
  assert.deepEqual(await namesOf(drives, { sort: 'length' }), ['tub', 'a', 'b', 'broken']);
  assert.deepEqual(await namesOf(drives, { sort: 'flags' }), ['b', 'a', 'broken', 'tub']);
  assert.deepEqual(await namesOf(drives, { text: 'NORTH' }), ['b']);
  assert.deepEqual(await namesOf(drives, { text: 'yaw  video' }), ['b']);
  assert.deepEqual(await namesOf(drives, { text: 'donkeycar angle' }), ['tub']);
  assert.deepEqual(await namesOf(drives, { text: 'pilotnet' }), ['b']);
  assert.deepEqual(await namesOf(drives, { text: 'nowhere' }), []);
  assert.deepEqual(await namesOf(drives, { format: 'donkeycar-tub' }), ['tub']);
  assert.deepEqual(await namesOf(drives, { hasLog: true }), ['b', 'tub']);
  assert.deepEqual(await namesOf(drives, { hasLog: false }), ['a', 'broken']);
  assert.deepEqual(await namesOf(drives, { isAnalysed: true }), ['b']);
  assert.deepEqual(await namesOf(drives, { isAnalysed: false }), ['a', 'broken', 'tub']);
  assert.deepEqual(await namesOf(drives, { offset: 1, limit: 2 }), ['broken', 'b']);
  const page = await drives.page({ offset: 2, limit: 1 });
  assert.deepEqual(
    [page.matching, page.state.drives, page.formats],
    [
      4,
      4,
      [
        { id: 'video', title: 'a video', count: 3 },
        { id: 'donkeycar-tub', title: 'a Donkeycar tub', count: 1 },
      ],
    ],
  );
  const [row] = page.drives;
  assert.deepEqual(
    [row!.id, row!.folder, row!.details?.signals, row!.analyses],
    [
      'north/b.mp4',
      'north',
      ['steering', 'yaw rate'],
      [{ network: 'PilotNet', flags: 3, worst: { kind: 'dead', severity: 1 }, isWhole: true }],
    ],
  );
  assert.equal(
    (await drives.page({ offset: 1, limit: 1 })).drives[0]?.error?.code,
    'VIDEO_UNREADABLE',
  );
});

test('an analysis of the server counts as long as the drive is what it was', async (t) => {
  const root = await someDrives(t);
  const drives = new Drives({ recordings: root });
  t.after(() => drives.close());
  await drives.ready();
  drives.analysed('a.mp4', {
    network: 'Net',
    flags: 2,
    worst: { kind: 'off-road', severity: 0.4 },
  });
  drives.analysed('gone.mp4', { network: 'Net', flags: 2, worst: null });
  assert.deepEqual(await namesOf(drives, { isFlagged: true }), ['a', 'b']);
  const now = new Date();
  utimesSync(join(root, 'a.mp4'), now, now);
  assert.deepEqual(await namesOf(drives, { isFlagged: true }), ['b']);
});

test('what was found is kept for the next start', async (t) => {
  const [root, cache] = [await someDrives(t), temporaryFolder(t)];
  const first = new Drives({ recordings: root, cache });
  await untilKnown(first, 4);
  first.analysed('a.mp4', { network: 'Net', flags: 1, worst: null });
  await first.close();
  const second = new Drives({ recordings: root, cache });
  t.after(() => second.close());
  const { drives } = await second.page({ offset: 0, limit: 10 });
  assert.deepEqual(
    drives.map(({ name, details, analyses }) => [
      name,
      details?.durationSeconds?.toFixed(1),
      analyses.map(({ network }) => network),
    ]),
    [
      ['a', '2.0', ['Net']],
      ['broken', undefined, []],
      ['b', '1.0', ['PilotNet']],
      ['tub', '5.0', []],
    ],
  );
});

test('a drive is opened by its path below the root, and by nothing that leads out of it', async (t) => {
  const root = await someDrives(t);
  const drives = new Drives({ recordings: root });
  t.after(() => drives.close());
  const recording = await drives.find('north/b.mp4');
  assert.deepEqual(
    [recording.path, recording.logPath, recording.reader.id],
    [join(root, 'north/b.mp4'), join(root, 'north/b.csv'), 'video'],
  );
  for (const id of ['b.mp4', 'north/../a.mp4', '../a.mp4', '/etc/passwd', 'results/b/overlay.mp4'])
    await assert.rejects(drives.find(id), { code: 'RECORDING_UNKNOWN' }, id);
});
