import assert from 'node:assert/strict';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { timesInNames } from '../../../server/drive/readers/picture-names.ts';
import { temporaryFolder } from '../../support/paths.ts';
import { openDriveAt, shownBy, writePictures } from '../support/picture-folders.ts';

const NUMBERED = ['1.png', '2.png', '3.png', '10.png', '11.png'];

async function writeFolder(
  t: TestContext,
  names: readonly string[],
  log?: string,
  logName = 'labels.csv',
): Promise<string> {
  const folder = join(temporaryFolder(t), 'drive');
  await writePictures(folder, names);
  if (log !== undefined) writeFileSync(join(folder, logName), log);
  return folder;
}

test('a folder of pictures without times asks for the rate, and takes what is said', async (t) => {
  const folder = await writeFolder(t, NUMBERED);
  await assert.rejects(openDriveAt(folder), {
    code: 'VIDEO_RATE_UNKNOWN',
    hint: /--fps/,
  });
  const { id, source } = await openDriveAt(folder, { frameRate: 4 });
  t.after(() => source.close());
  assert.deepEqual([id, source.hasLog], ['pictures', false]);
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4], 'in natural order of their names');
  assert.deepEqual(pts, [0, 0.25, 0.5, 0.75, 1]);
});

test('names that count microseconds since 1970, or hold a date, are the times', async (t) => {
  const counts = ['1479424439130861.jpg', '1479424439180900.jpg', '1479424439230861.jpg'];
  const { source } = await openDriveAt(await writeFolder(t, counts));
  t.after(() => source.close());
  const { pts } = await shownBy(source);
  for (const [i, time] of [0, 0.050039, 0.1].entries()) assert.ok(Math.abs(pts[i]! - time) < 1e-6);
  const dates = ['cam_2020-01-02-03-04-59-950.jpg', 'cam_2020-01-02-03-05-00-010.jpg'];
  const dated = await openDriveAt(await writeFolder(t, dates));
  t.after(() => dated.source.close());
  assert.ok(Math.abs((await shownBy(dated.source)).pts[1]! - 0.06) < 1e-6);
});

test('dates in names count to the last digit that they have, within a second and beyond', () => {
  const date = (rest: string): string => `left_2020_01_02_03_04_${rest}.jpg`;
  const times = timesInNames(
    ['58_250', '58_2507', '58_251000', '58-300000000', '59_001'].map(date),
  );
  for (const [i, time] of [0, 0.0007, 0.001, 0.05, 0.751].entries())
    assert.ok(Math.abs(times![i]! - time) < 1e-9, `${i}: ${times![i]}`);
  for (const other of ['58_25', '58_25x', '58_2500000000', '58_300.jpg~'])
    assert.equal(timesInNames([date('58_250'), date(other)]), null, other);
});

test('a log that names pictures says which count, in which order, and when', async (t) => {
  const folder = await writeFolder(
    t,
    NUMBERED,
    'image,t [s],steering [deg]\ndata/10.png,5,9\ndata/2.png,5.5,-18\n1.png,6.25,0\n',
  );
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, [3, 1, 0]);
  assert.deepEqual(pts, [0, 0.5, 1.25]);
  const log = (await source.log({}))!;
  assert.deepEqual([...log.times], pts);
  assert.ok(Math.abs(log.steering![1]! + Math.PI / 10) < 1e-12);
});

test('a log that names pictures needs no times where a person says the rate', async (t) => {
  const folder = await writeFolder(
    t,
    NUMBERED,
    'image_name,steering [rad]\n11.png,0.1\n3.png,0.2\n',
  );
  await assert.rejects(openDriveAt(folder), { code: 'VIDEO_RATE_UNKNOWN' });
  const { source } = await openDriveAt(folder, { frameRate: 10 });
  t.after(() => source.close());
  assert.deepEqual(await shownBy(source), { numbers: [4, 2], pts: [0, 0.1], warnings: [] });
  const log = (await source.log({}))!;
  assert.deepEqual(
    [[...log.times], [...log.steering!]],
    [
      [0, 0.1],
      [0.1, 0.2],
    ],
  );
});

test('a log of as many rows as pictures tells their times', async (t) => {
  const folder = await writeFolder(
    t,
    NUMBERED,
    't [s],steering [rad]\n3,0\n3.1,1\n3.2,2\n3.4,3\n3.5,4\n',
  );
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { pts } = await shownBy(source);
  for (const [i, time] of [0, 0.1, 0.2, 0.4, 0.5].entries())
    assert.ok(Math.abs(pts[i]! - time) < 1e-9);
  const log = (await source.log({}))!;
  assert.deepEqual([[...log.times], [...log.steering!]], [pts, [0, 1, 2, 3, 4]]);
});

test('a log that is a link out of the folder is not read, and that is told', async (t) => {
  const folder = await writeFolder(t, NUMBERED);
  const outside = join(folder, '..', 'other.csv');
  writeFileSync(outside, 'image,t [s],steering [deg]\n1.png,0,9\n2.png,1,9\n');
  symlinkSync(outside, join(folder, 'labels.csv'));
  const { source } = await openDriveAt(folder, { frameRate: 10 });
  t.after(() => source.close());
  assert.equal((await source.index()).pts.length, 5);
  assert.equal(source.hasLog, false);
  assert.match(source.assumptions.join(' '), /labels\.csv leads out/);
});

test('the SullyChen data set is a folder of pictures with a log that names them', async (t) => {
  const folder = await writeFolder(
    t,
    ['0.jpg', '1.jpg', '2.jpg'],
    '0.jpg 0.5,2018-07-01 17:09:44:000\n1.jpg 5,2018-07-01 17:09:44:050\n2.jpg -4,2018-07-01 17:09:44:130\n',
    'data.txt',
  );
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, [0, 1, 2]);
  assert.ok(Math.abs(pts[2]! - 0.13) < 1e-6);
  const log = (await source.log({}))!;
  assert.ok(Math.abs(log.steering![2]! - (4 * Math.PI) / 180) < 1e-12);
});

test('pictures that are missing, lead out or are none are named, and the others keep their times and numbers', async (t) => {
  const names = [0, 1, 2, 3, 4, 5].map((i) => `${i}.jpg`);
  const rows = [
    ['0.jpg', 0, 0.1],
    ['../secret.jpg', 0.1, 0.2],
    ['gone.jpg', 0.2, 0.3],
    ['1.jpg', 0.3, 'NaN'],
    ['2.jpg', 0.4, ''],
    ['link.jpg', 0.5, 0.4],
    ['words.jpg', 0.6, 0.5],
    ['drawing.jpg', 0.7, 0.6],
    ['3.jpg', 60, 0.7],
    ['', 60.1, 0.8],
    ['4.jpg', 60.2, 0.9],
  ];
  const folder = await writeFolder(
    t,
    names,
    ['image,t [s],steering [rad]', ...rows.map((row) => row.join(','))].join('\n'),
  );
  for (const outside of ['secret.jpg', 'linked.jpg'])
    cpSync(join(folder, '5.jpg'), join(folder, '..', outside));
  symlinkSync(join('..', 'linked.jpg'), join(folder, 'link.jpg'));
  writeFileSync(join(folder, 'words.jpg'), 'Bild 6, gel\xf6scht', 'latin1');
  await writePictures(join(folder, 'png'), ['drawing.png']);
  cpSync(join(folder, 'png', 'drawing.png'), join(folder, 'drawing.jpg'));
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts, warnings } = await shownBy(source);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4]);
  for (const [i, time] of [0, 0.3, 0.4, 60, 60.2].entries())
    assert.ok(Math.abs(pts[i]! - time) < 1e-9);
  const told = warnings.join('\n');
  assert.match(told, /secret\.jpg is not there/);
  assert.match(told, /gone\.jpg is not there/);
  const log = (await source.log({}))!;
  assert.deepEqual(
    [...log.steering!].map((value) => (Number.isNaN(value) ? null : value)),
    [0.1, 0.2, 0.3, null, null, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
  );
  assert.match(told, /link\.jpg is not there, or leads out of the folder/);
  assert.match(told, /words\.jpg is no JPEG picture, as the first one is/);
  assert.match(told, /drawing\.jpg is no JPEG picture/);
  assert.match(told, /^6 pictures could not be read.* and 1 more/m);
});

test('a log of pictures that cannot be read is told with its line, unless a person says the rate', async (t) => {
  const rows = 'image,t [s],steering [rad]\n0.png,0,0\n1.png,1,0.5\n2.png,0.5,1\n';
  const folder = await writeFolder(t, ['0.png', '1.png', '2.png'], rows);
  await assert.rejects(openDriveAt(folder), {
    code: 'LOG_INVALID',
    message: 'labels.csv, line 4: the time goes back from 1 to 0.5.',
  });
  const { source } = await openDriveAt(folder, { frameRate: 4 });
  t.after(() => source.close());
  assert.deepEqual(await shownBy(source), {
    numbers: [0, 1, 2],
    pts: [0, 0.25, 0.5],
    warnings: [],
  });
});
