import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDriveLog } from '../../../server/drive/log/csv-log.ts';
import { signalsOfLog } from '../../../server/drive/log/plan-of-log.ts';
import { readParquet } from '../../../server/drive/log/parquet/read-parquet.ts';
import { makeNumberedClip } from '../../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../../support/paths.ts';
import { openDriveAt } from '../support/picture-folders.ts';

const fixture = (name: string): string =>
  join(repositoryRoot, 'test', 'drive', 'fixtures', `log-${name}.parquet`);
const ROWS = 40;
const STEP = 0.050_000_001;
const VIDEO = { startTime: 0, duration: 2 };

for (const codec of ['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli', 'stamped'])
  test(`a drive log as Parquet is read like a CSV (${codec})`, async () => {
    const log = await readDriveLog(fixture(codec), VIDEO);
    assert.equal(log.times.length, ROWS);
    for (let i = 0; i < ROWS; i++) {
      assert.ok(Math.abs(log.times[i]! - STEP * i) < 1e-6, `time of row ${i}`);
      const degrees = i === 7 ? NaN : i - 20.5;
      const radians = log.steering![i]!;
      assert.ok(
        i === 7 ? Number.isNaN(radians) : Math.abs(radians - (degrees * Math.PI) / 180) < 1e-9,
      );
      assert.ok(Math.abs(log.speed![i]! - (36 + i) / 3.6) < 1e-9);
    }
    const extra = new Map(log.extra.map(({ name, values }) => [name, values]));
    assert.deepEqual([...extra.keys()], ['gear', 'brake', 'force.0', 'force.1']);
    assert.deepEqual(
      [extra.get('gear')![39], extra.get('brake')![2], extra.get('force.1')![9]],
      [3, 1, 4.5],
    );
    assert.ok(log.assumptions.some((text) => text.includes('"place" is not numeric')));
  });

test('a Parquet log beside a video is its log, where there is no CSV', async (t) => {
  const folder = temporaryFolder(t);
  const video = await makeNumberedClip(join(folder, 'drive.mp4'), { frames: 40, fps: 20 });
  copyFileSync(fixture('snappy'), join(folder, 'drive.parquet'));
  const { source } = await openDriveAt(video);
  t.after(() => source.close());
  assert.equal(source.hasLog, true);
  assert.equal((await source.log({}))!.speed!.length, ROWS);
  const { names } = await readParquet({ path: fixture('snappy'), columns: [], rowEnd: 0 });
  const signals = await signalsOfLog(join(folder, 'drive.parquet'));
  assert.equal(signals.length, names.length - 1);
  assert.ok(signals.includes('gear') && !signals.some((name) => /^t\b/.test(name)));
});

test('rows and columns of a Parquet file are read as far as they are asked for', async () => {
  const { rows, names, columns } = await readParquet({
    path: fixture('zstd'),
    columns: ['gear', 'nothing', 'place'],
    rowStart: 14,
    rowEnd: 33,
  });
  assert.deepEqual([rows, names.length, [...columns.keys()]], [19, 7, ['gear', 'place']]);
  const gear = columns.get('gear')!;
  assert.deepEqual(
    gear.kind === 'numbers' && [...gear.values],
    Array.from({ length: 19 }, (_, i) => Math.floor((14 + i) / 10)),
  );
});

test('a Parquet file that is cut off, damaged, or says that it becomes huge, is refused in one sentence', async (t) => {
  const folder = temporaryFolder(t);
  const whole = readFileSync(fixture('zstd'));
  const path = join(folder, 'log.parquet');
  const tries: Buffer[] = [whole.subarray(0, 900), Buffer.alloc(0), Buffer.from('PAR1PAR1')];
  for (let at = 4; at < whole.length; at += 61) {
    const bytes = Buffer.from(whole);
    bytes.fill(0xff, at, at + 4);
    tries.push(bytes);
  }
  for (const bytes of tries) {
    writeFileSync(path, bytes);
    const log = await readDriveLog(path, VIDEO).catch((error: unknown) => error);
    if (log instanceof Error) assert.equal((log as Error & { code: string }).code, 'LOG_INVALID');
  }
  await assert.rejects(readDriveLog(join(folder, 'none.parquet')), { code: 'INPUT_NOT_FOUND' });
});
