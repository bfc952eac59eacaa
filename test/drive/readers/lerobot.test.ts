import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parquetWriteFile } from 'hyparquet-writer';
import { sampleAt } from '../../../server/drive/log/drive-log.ts';
import { placeAt } from '../../../server/drive/place.ts';
import { recognise } from '../../../server/drive/readers/index.ts';
import { makeNumberedClip } from '../../support/clips.ts';
import { repositoryRoot, sharedFolder, temporaryFolder } from '../../support/paths.ts';
import { openDriveAt, shownBy } from '../support/picture-folders.ts';

const LENGTHS = [12, 9] as const;
const FPS = 10;
const FRONT = 'observation.images.front_left';
const REAR = 'observation.images.rear';

/** The video files of a data set, and how many frames each has. */
const VIDEOS = {
  v2: [0, 1].flatMap((episode) =>
    [FRONT, REAR].map((camera): [string, number] => [
      `videos/chunk-000/${camera}/episode_00000${episode}.mp4`,
      LENGTHS[episode]!,
    ]),
  ),
  v3: [
    [`videos/${FRONT}/chunk-000/file-000.mp4`, 21],
    [`videos/${REAR}/chunk-000/file-000.mp4`, 12],
    [`videos/${REAR}/chunk-000/file-001.mp4`, 9],
  ] as [string, number][],
};

async function dataSet(t: TestContext, version: 'v2' | 'v3'): Promise<string> {
  const folder = join(temporaryFolder(t), `set-${version}`);
  cpSync(join(repositoryRoot, 'test', 'drive', 'fixtures', `lerobot-${version}`), folder, {
    recursive: true,
  });
  for (const [file, frames] of VIDEOS[version]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    await makeNumberedClip(join(folder, file), { frames, fps: FPS, size: [320, 80] });
  }
  return folder;
}

for (const version of ['v2', 'v3'] as const)
  for (const episode of [0, 1])
    for (const camera of [FRONT, REAR])
      test(`episode ${episode} of a LeRobot data set opens (${version}, ${camera})`, async (t) => {
        const folder = await dataSet(t, version);
        const { id, source } = await openDriveAt(folder, { key: String(episode), camera });
        t.after(() => source.close());
        assert.equal(id, 'lerobot');
        const count = LENGTHS[episode]!;
        const first = version === 'v3' && episode === 1 && camera === FRONT ? 12 : 0;
        const { numbers, pts } = await shownBy(source);
        assert.deepEqual(
          numbers,
          Array.from({ length: count }, (_, i) => first + i),
        );
        for (const [i, time] of pts.entries()) assert.ok(Math.abs(time - i / FPS) < 1e-6);
        assert.deepEqual([...(await source.index()).pts].length, count);
        assert.ok(Math.abs(source.video.duration - count / FPS) < 1e-6);
        const later = await shownBy(source, 0.55);
        assert.deepEqual(later.numbers, numbers.slice(6));
        const log = (await source.log({}))!;
        assert.equal(log.times.length, count);
        for (let i = 0; i < count; i++) {
          assert.ok(Math.abs(log.times[i]! - pts[i]!) < 1e-9);
          assert.ok(Math.abs(log.normalized![i]! - ((i - 3) / 8 + episode)) < 1e-6);
          assert.ok(Math.abs(log.speed![i]! - (36 + i) / 3.6) < 1e-5);
        }
        const names = log.extra.map((column) => column.name);
        assert.deepEqual(names, [
          'action.continuous[gas_pedal_normalized]',
          'observation.state.vehicle[heading]',
        ]);
        assert.match(log.assumptions.join(' '), /to which side its steering is positive/);
      });

test('a LeRobot data set lists its episodes, and its cameras', async (t) => {
  const folder = await dataSet(t, 'v3');
  const { reader, entries } = (await recognise(await placeAt(folder)))!;
  assert.equal(reader.ownsVideos, true);
  assert.deepEqual(
    entries.map(({ key, name }) => [key, name]),
    [
      ['0', 'set-v3, episode 0'],
      ['1', 'set-v3, episode 1'],
    ],
  );
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  assert.deepEqual(
    source.cameras.map(({ id, title }) => [id, title]),
    [
      [FRONT, 'front_left'],
      [REAR, 'rear'],
    ],
  );
});

test('a video that is shorter than its rows, or runs at another pace, is told', async (t) => {
  const folder = await dataSet(t, 'v2');
  const [[file]] = VIDEOS.v2 as [[string, number]];
  await makeNumberedClip(join(folder, file), { frames: 7, fps: 5, size: [320, 80] });
  const { source } = await openDriveAt(folder, { key: '0' });
  t.after(() => source.close());
  assert.deepEqual((await shownBy(source)).numbers, [0, 1, 2, 3, 4, 5, 6]);
  const told = source.assumptions.join(' ');
  assert.match(told, /7 frames for the 12 rows/);
  assert.match(told, /6 frames lie more than half a frame/);
});

const DAMAGES: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
  ['an empty info.json', (folder) => writeFileSync(join(folder, 'meta/info.json'), ''), /is empty/],
  [
    'an info.json that breaks off',
    (folder) => {
      const path = join(folder, 'meta/info.json');
      writeFileSync(path, readFileSync(path, 'utf8').slice(0, 200));
    },
    /breaks off/,
  ],
  ['no info.json', (folder) => rmSync(join(folder, 'meta/info.json')), /is empty/],
  [
    'no table of its episodes',
    (folder) => rmSync(join(folder, 'meta/episodes'), { recursive: true }),
    /no entry of episode 0/,
  ],
  [
    'a video that is missing',
    (folder) => rmSync(join(folder, `videos/${FRONT}/chunk-000/file-000.mp4`)),
    /file-000\.mp4 .* is not there/,
  ],
  [
    'a path that leads out',
    (folder) => {
      const path = join(folder, 'meta/info.json');
      writeFileSync(path, readFileSync(path, 'utf8').replace('"videos/', '"../videos/'));
    },
    /leads out of its folder/,
  ],
  [
    'an absolute path',
    (folder) => {
      const path = join(folder, 'meta/info.json');
      writeFileSync(path, readFileSync(path, 'utf8').replace('"data/', '"/data/'));
    },
    /leads out of its folder/,
  ],
  [
    'an info.json in UTF-16',
    (folder) => {
      const path = join(folder, 'meta/info.json');
      writeFileSync(path, readFileSync(path, 'utf8'), 'utf16le');
    },
    /is not JSON/,
  ],
  [
    'a video that is none',
    (folder) => writeFileSync(join(folder, `videos/${FRONT}/chunk-000/file-000.mp4`), 'no video'),
    /file-000\.mp4/,
  ],
  [
    'a damaged table of episodes',
    (folder) => writeFileSync(join(folder, 'meta/episodes/chunk-000/file-000.parquet'), 'PAR1'),
    /file-000\.parquet cannot be read as Parquet/,
  ],
  [
    'a damaged table',
    (folder) => {
      const path = join(folder, 'data/chunk-000/file-000.parquet');
      writeFileSync(path, readFileSync(path).subarray(0, 700));
    },
    /cannot be read as Parquet/,
  ],
];

for (const [what, harm, told] of DAMAGES)
  test(`a LeRobot data set with ${what} is refused in one sentence`, async (t) => {
    const folder = await dataSet(t, 'v3');
    harm(folder);
    const place = await placeAt(folder);
    const { reader, entries } = (await recognise(place))!;
    const error: unknown =
      entries[0]!.fault ?? (await reader.open(place, { key: '0' }).catch((each: unknown) => each));
    assert.match((error as Error).message, told);
    assert.match(
      (error as { code: string }).code,
      /DRIVE_INVALID|INPUT_NOT_FOUND|LOG_INVALID|VIDEO_\w+/,
    );
  });

test('rows without times, with a clock that steps back, gaps and no numbers open; frames keep the times of their video', async (t) => {
  const folder = await dataSet(t, 'v2');
  const file = join(folder, 'data/chunk-000/episode_000000.parquet');
  const info = JSON.parse(readFileSync(join(folder, 'meta/info.json'), 'utf8')) as {
    features: Record<string, unknown>;
  };
  info.features['steer'] = { dtype: 'float32', shape: [1], names: null };
  writeFileSync(join(folder, 'meta/info.json'), JSON.stringify(info));
  const timestamp = Float64Array.from({ length: 14 }, (_, i) => i / FPS);
  timestamp[3] = NaN;
  timestamp[7] = 0.1;
  timestamp[11] = 100;
  timestamp[12] = NaN;
  timestamp[13] = 0.2;
  const steer = Float64Array.from({ length: 14 }, (_, i) => (i === 5 ? NaN : i / 100));
  parquetWriteFile({
    filename: file,
    columnData: [
      { name: 'timestamp', data: timestamp, type: 'DOUBLE' },
      { name: 'steer', data: steer, type: 'DOUBLE' },
    ],
  });
  const { source } = await openDriveAt(folder, { key: '0', camera: FRONT });
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.equal(numbers.length, 12);
  for (const [i, time] of pts.entries()) assert.ok(Math.abs(time - i / FPS) < 1e-6);
  const told = source.assumptions.join('\n');
  assert.match(told, /12 frames for the 14 rows/);
  assert.match(told, /3 frames lie more than half a frame from the times of their rows/);
  const log = (await source.log({ unit: 'rad' }))!;
  for (const [i, time] of log.times.entries())
    assert.ok(Math.abs(time - i / FPS) < 1e-6, `${time}`);
  assert.deepEqual(
    [...log.steering!.subarray(4, 7)].map((value) => (Number.isNaN(value) ? null : value)),
    [0.04, null, 0.06],
  );
});

test(
  'the rows of a real LeRobot data set are read, with made videos',
  { skip: sharedFolder ? false : 'shared/real is not there' },
  async (t) => {
    const folder = join(temporaryFolder(t), 'set');
    cpSync(join(sharedFolder!, 'real', 'lerobot-v3-record-test'), folder, { recursive: true });
    for (const path of ['.', 'meta', 'data']) chmodSync(join(folder, path), 0o755);
    const file = join(folder, 'videos/observation.images.front/chunk-000/file-000.mp4');
    mkdirSync(dirname(file), { recursive: true });
    await makeNumberedClip(file, { frames: 1492, fps: 30, size: [320, 80] });
    const { source } = await openDriveAt(folder, { key: '2' });
    t.after(() => source.close());
    const { numbers, pts } = await shownBy(source);
    assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [372, 747, 1118]);
    assert.ok(Math.abs(pts.at(-1)! - 371 / 30) < 1e-4);
    const log = (await source.log({}))!;
    assert.equal(log.times.length, 372);
    assert.ok(log.extra.some(({ name }) => name === 'action[shoulder_pan.pos]'));
  },
);

for (const version of [2, 3])
  test(`a data set that lerobot itself has written opens, with AV1 (v${version})`, async (t) => {
    const folder = join(repositoryRoot, 'test/drive/fixtures/written', `lerobot-${version}`);
    for (const [episode, length] of LENGTHS.entries()) {
      const { source } = await openDriveAt(folder, { key: String(episode) });
      t.after(() => source.close());
      const { numbers, pts } = await shownBy(source);
      assert.deepEqual(
        numbers,
        Array.from({ length }, (_, i) => 100 * episode + i),
      );
      const log = (await source.log({}))!;
      for (const [i, time] of pts.entries()) {
        assert.ok(Math.abs(time - i / FPS) < 1e-6);
        assert.equal(sampleAt(log.times, log.normalized!, time), (i - 3) / 8 + episode / 4);
        const speed = sampleAt(log.speedTimes ?? log.times, log.speed!, time);
        assert.ok(Math.abs(speed - (36 + i) / 3.6) < 1e-6);
      }
    }
  });
