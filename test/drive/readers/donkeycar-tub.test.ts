import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { repositoryRoot, sharedFolder, temporaryFolder } from '../../support/paths.ts';
import { openDriveAt, shownBy, writePictures } from '../support/picture-folders.ts';

const START = 1_602_421_393_803;
const picture = (index: number): string => `${index}_cam_image_array_.jpg`;

interface Record {
  readonly _index: number;
  readonly _timestamp_ms: number;
  readonly [field: string]: unknown;
}

const records = (count: number): Record[] =>
  Array.from({ length: count }, (_, i) => ({
    _index: i,
    _timestamp_ms: START + 50 * i,
    'cam/image_array': picture(i),
    'user/angle': (i - 4) / 10,
    'user/mode': 'user',
    'user/throttle': 0.5,
  }));

const manifest = (deleted: readonly number[] = [], paths = ['catalog_0.catalog']): string =>
  [
    ['cam/image_array', 'user/angle', 'user/throttle', 'user/mode'],
    ['image_array', 'float', 'float', 'str'],
    {},
    { created_at: 1, sessions: {} },
    { paths, current_index: 10, max_len: 1000, deleted_indexes: deleted },
  ]
    .map((each) => `${JSON.stringify(each)}\n`)
    .join('');

async function writeTub(t: TestContext, count = 10, made = records(count)): Promise<string> {
  const folder = join(temporaryFolder(t), 'tub');
  await writePictures(
    join(folder, 'images'),
    Array.from({ length: count }, (_, i) => picture(i)),
  );
  writeFileSync(join(folder, 'manifest.json'), manifest());
  writeFileSync(
    join(folder, 'catalog_0.catalog'),
    made.map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
  writeFileSync(join(folder, '._catalog_0.catalog'), 'what a Mac leaves behind');
  return folder;
}

test('a tub opens with its pictures at its own times, and its angle positive to the left', async (t) => {
  const tub = await writeTub(t);
  const { id, source } = await openDriveAt(tub);
  t.after(() => source.close());
  assert.equal(id, 'donkeycar-tub');
  assert.deepEqual([source.video.width, source.video.height], [320, 80]);
  assert.deepEqual(source.cameras, [{ id: 'cam/image_array', title: 'image_array', frames: 10 }]);
  const { numbers, pts, warnings } = await shownBy(source);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (const [i, time] of pts.entries()) assert.ok(Math.abs(time - 0.05 * i) < 1e-9);
  // ffmpeg says so of small pictures that it has made itself.
  assert.deepEqual(
    warnings.filter((text) => !text.includes('EOI missing')),
    [],
  );
  const { normalized, steering, extra, times } = (await source.log({}))!;
  assert.deepEqual([...times], [...(await source.index()).pts]);
  for (const [i, value] of normalized!.entries()) assert.ok(Math.abs(value + (i - 4) / 10) < 1e-12);
  assert.equal(steering, null, 'nobody says how far the wheel turns');
  assert.deepEqual(
    extra.map(({ name, values }) => [name, values[0]]),
    [['user/throttle', 0.5]],
  );
});

test('records of a tub that were deleted are left out, and that is told', async (t) => {
  const tub = await writeTub(t);
  writeFileSync(join(tub, 'manifest.json'), manifest([0, 3, 4]));
  const { source } = await openDriveAt(tub);
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, [1, 2, 5, 6, 7, 8, 9]);
  assert.ok(Math.abs(pts[2]! - 0.2) < 1e-9, 'what lies between stays a gap');
  const log = (await source.log({}))!;
  assert.ok(Math.abs(log.normalized![0]! - 0.3) < 1e-12);
  assert.match(source.assumptions.join(' '), /3 records that are marked as deleted/);
});

test('a tub whose manifest breaks off is read by its catalogs, and that is told', async (t) => {
  const tub = await writeTub(t);
  const text = readFileSync(join(tub, 'manifest.json'), 'utf8');
  writeFileSync(join(tub, 'manifest.json'), text.slice(0, -40));
  const { source } = await openDriveAt(tub);
  t.after(() => source.close());
  assert.equal((await source.index()).pts.length, 10);
  assert.match(source.assumptions.join(' '), /manifest\.json breaks off/);
});

test('damage in a tub is named and survived: lines, numbers, pictures, names that lead out', async (t) => {
  const made = records(10);
  const tub = await writeTub(t);
  writeFileSync(join(tub, '..', 'secret.jpg'), readFileSync(join(tub, 'images', picture(7))));
  const lines = made.map((each, i) =>
    i === 2
      ? '{"_index": 2, "_times'
      : i === 3
        ? JSON.stringify(each).replace('"user/angle":-0.1', '"user/angle":NaN')
        : i === 7
          ? JSON.stringify({ ...each, 'cam/image_array': '../../secret.jpg' })
          : i === 8
            ? JSON.stringify({ ...each, 'cam/image_array': join(tub, 'images', picture(8)) })
            : JSON.stringify(each),
  );
  writeFileSync(join(tub, 'catalog_0.catalog'), lines.join('\n'));
  rmSync(join(tub, 'images', picture(5)));
  rmSync(join(tub, 'images', picture(6)));
  symlinkSync(join(tub, '..', 'secret.jpg'), join(tub, 'images', picture(6)));
  const { source } = await openDriveAt(tub);
  t.after(() => source.close());
  const { numbers, pts, warnings } = await shownBy(source);
  assert.deepEqual(numbers, [0, 1, 3, 4, 9]);
  assert.ok(Math.abs(pts[3]! - 0.2) < 1e-9);
  const told = [...source.assumptions, ...warnings].join(' ');
  for (const name of ['catalog_0.catalog: 1 lines are no records', 'line 3', picture(5)])
    assert.ok(told.includes(name), `${name} in ${told}`);
  const log = (await source.log({}))!;
  assert.ok(Number.isNaN(log.normalized![2]!));
});

test('a catalog that is missing, or outside the tub, is told', async (t) => {
  const tub = await writeTub(t);
  writeFileSync(
    join(tub, 'manifest.json'),
    manifest([], ['../catalog_0.catalog', 'catalog_0.catalog', 'catalog_1.catalog']),
  );
  const { source } = await openDriveAt(tub);
  t.after(() => source.close());
  assert.equal((await source.index()).pts.length, 10);
  const told = source.assumptions.join(' ');
  assert.match(told, /"\.\.\/catalog_0\.catalog", which is no catalog/);
  assert.match(told, /catalog_1\.catalog is missing/);
});

test('a catalog that is a link out of the tub is not read', async (t) => {
  const tub = await writeTub(t);
  const outside = join(tub, '..', 'others.catalog');
  renameSync(join(tub, 'catalog_0.catalog'), outside);
  symlinkSync(outside, join(tub, 'catalog_0.catalog'));
  await assert.rejects(openDriveAt(tub), { code: 'VIDEO_NO_PICTURE', message: /leads out/ });
});

test('a tub whose clock is set back goes on rising, and that is told', async (t) => {
  const made = records(10).map((each, i) =>
    i < 6 ? each : { ...each, _timestamp_ms: START + 50 * (i - 6) },
  );
  const { source } = await openDriveAt(await writeTub(t, 10, made));
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.equal(numbers.length, 10);
  for (const [i, time] of pts.entries()) assert.ok(Math.abs(time - 0.05 * i) < 1e-9);
  assert.match(source.assumptions.join(' '), /set back/);
});

test('a tub without a record is refused in one sentence', async (t) => {
  const tub = await writeTub(t);
  writeFileSync(join(tub, 'catalog_0.catalog'), '');
  await assert.rejects(openDriveAt(tub), { code: 'VIDEO_NO_PICTURE' });
});

test('a tub of version 1 opens by its records, without those that were excluded', async (t) => {
  const folder = join(temporaryFolder(t), 'tub1');
  const name = (index: number): string => `${index}_cam-image_array_.jpg`;
  await writePictures(
    folder,
    Array.from({ length: 12 }, (_, i) => name(i)),
  );
  writeFileSync(join(folder, 'meta.json'), '{"inputs": [], "types": [], "start": 1.5}');
  writeFileSync(join(folder, 'exclude.json'), '[1, 11]');
  for (let i = 0; i < 12; i++)
    writeFileSync(
      join(folder, `record_${i}.json`),
      i === 4
        ? '{'
        : JSON.stringify({
            'cam/image_array': name(i),
            'user/angle': i / 20,
            'user/mode': 'user',
            milliseconds: 7000 + 40 * i,
          }),
    );
  const { id, source } = await openDriveAt(folder);
  t.after(() => source.close());
  assert.equal(id, 'donkeycar-tub');
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, [0, 2, 3, 5, 6, 7, 8, 9, 10]);
  assert.ok(Math.abs(pts.at(-1)! - 0.4) < 1e-9);
  assert.match(source.assumptions.join(' '), /record_4\.json.*exclude\.json/);
  assert.ok(Math.abs((await source.log({}))!.normalized![1]! + 0.1) < 1e-12);
});

test(
  "a real tub opens: a thousand pictures at the recorder's times",
  { skip: sharedFolder ? false : 'shared/real is not there' },
  async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'drive'));
    execFileSync('tar', [
      'xzf',
      join(sharedFolder!, 'real', 'donkeycar-tub-v2.tar.gz'),
      '-C',
      join(folder, 'drive'),
    ]);
    const tub = join(folder, 'drive', 'tub');
    const lines = readFileSync(join(tub, 'catalog_0.catalog'), 'utf8').trim().split('\n');
    const written = lines.map((line) => JSON.parse(line) as Record & { 'user/angle': number });
    const { source } = await openDriveAt(tub);
    t.after(() => source.close());
    assert.deepEqual([source.video.width, source.video.height], [160, 120]);
    const { pts: seen } = await shownBy(source);
    assert.equal(seen.length, 1000);
    const log = (await source.log({}))!;
    for (let i = 0; i < 1000; i++) {
      const seconds = (written[i]!._timestamp_ms - written[0]!._timestamp_ms) / 1000;
      assert.ok(Math.abs(seen[i]! - seconds) < 1e-6);
      assert.equal(log.normalized![i], -written[i]!['user/angle']);
    }
  },
);

test('a tub that donkeycar itself has written opens, without what it has deleted', async (t) => {
  const tub = join(repositoryRoot, 'test/drive/fixtures/written/donkeycar');
  const { source } = await openDriveAt(tub);
  t.after(() => source.close());
  const kept = [0, 1, 2, 5, 6, 7, 8, 9, 10];
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, kept);
  const log = (await source.log({}))!;
  assert.deepEqual([...log.normalized!], [...kept.map((i) => -(i - 6) / 20)]);
  assert.deepEqual([...log.times], pts);
});
