import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { placeAt } from '../../../server/drive/place.ts';
import { recognise } from '../../../server/drive/readers/index.ts';
import { UDACITY } from '../../../server/drive/readers/udacity.ts';
import { sharedFolder, temporaryFolder } from '../../support/paths.ts';
import { openDriveAt, shownBy, writePictures } from '../support/picture-folders.ts';

const COUNT = 8;
/** 70 ms apart. */
const stamp = (i: number): string =>
  `2017_05_19_10_11_${String(12 + Math.floor((900 + 70 * i) / 1000))}_${String((900 + 70 * i) % 1000).padStart(3, '0')}`;
const name = (camera: string, i: number): string => `${camera}_${stamp(i)}.jpg`;
const row = (i: number, folder: string, separator: string, number: (value: number) => string) =>
  [
    ...['center', 'left', 'right'].map((camera) => `${folder}${name(camera, i)}`),
    ...[(i - 3) / 10, 0.5, 0, 10 + i].map(number),
  ].join(separator);

async function writeDrive(t: TestContext, log: string): Promise<string> {
  const folder = join(temporaryFolder(t), 'track one');
  const names = Array.from({ length: COUNT }, (_, i) => name('center', i));
  const lefts = Array.from({ length: COUNT }, (_, i) => name('left', COUNT - 1 - i));
  await writePictures(join(folder, 'IMG'), names);
  await writePictures(join(folder, 'IMG'), lefts);
  writeFileSync(join(folder, 'driving_log.csv'), log);
  return folder;
}

const rows = (folder: string, separator: string, number: (value: number) => string): string[] =>
  Array.from({ length: COUNT }, (_, i) => row(i, folder, separator, number));
const HEADER = 'center,left,right,steering,throttle,brake,speed';
const comma = (value: number): string => String(value).replace('.', ',');

const DIALECTS: readonly (readonly [what: string, log: string])[] = [
  ['without a header, with paths of Windows', rows('C:\\sim data\\IMG\\', ', ', String).join('\n')],
  ['with a header and relative paths', [HEADER, ...rows('IMG/', ', ', String)].join('\n')],
  [
    'with paths of another machine',
    [HEADER, ...rows('/home/someone/IMG/', ',', String)].join('\r\n'),
  ],
  [
    'with decimal commas',
    [HEADER.replaceAll(',', ';'), ...rows('C:\\IMG\\', ';', comma)].join('\n'),
  ],
];

for (const [what, text] of DIALECTS)
  test(`a drive of the Udacity simulator opens ${what}`, async (t) => {
    const folder = await writeDrive(t, text);
    const { id, source } = await openDriveAt(folder);
    t.after(() => source.close());
    assert.equal(id, 'udacity');
    assert.deepEqual(
      source.cameras.map((camera) => camera.id),
      ['center', 'left', 'right'],
    );
    const { numbers, pts } = await shownBy(source);
    assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
    for (const [i, time] of pts.entries()) assert.ok(Math.abs(time - 0.07 * i) < 1e-6);
    const { steering, normalized, speed } = (await source.log({}))!;
    for (let i = 0; i < COUNT; i++) {
      assert.ok(Math.abs(normalized![i]! + (i - 3) / 10) < 1e-12);
      assert.ok(Math.abs(steering![i]! + (((i - 3) / 10) * 25 * Math.PI) / 180) < 1e-12);
      assert.ok(Math.abs(speed![i]! - (10 + i) * 0.44704) < 1e-12);
    }
  });

test('another camera of a simulator drive is chosen by its name', async (t) => {
  const folder = await writeDrive(t, rows('IMG/', ',', String).join('\n'));
  const { source } = await openDriveAt(folder, { camera: 'left' });
  t.after(() => source.close());
  assert.deepEqual((await shownBy(source)).numbers, [7, 6, 5, 4, 3, 2, 1, 0]);
  assert.deepEqual((await shownBy(source, 0.35)).numbers, [2, 1, 0]);
  await assert.rejects(openDriveAt(folder, { camera: 'rear' }), {
    code: 'CAMERA_UNKNOWN',
    message: new RegExp('rear'),
  });
});

test('where the one in the middle has no pictures, the first camera that has some is shown', async (t) => {
  const log = rows('IMG/', ',', String).map((line) => line.replace(/^[^,]+/, ''));
  const header = 'center,left,right,steering,throttle,brake,speed';
  const folder = await writeDrive(t, [header, ...log].join('\n'));
  const { source } = await openDriveAt(folder, { frameRate: 10 });
  t.after(() => source.close());
  assert.deepEqual(
    [source.camera, source.cameras.map(({ id, frames }) => [id, frames])],
    [
      'left',
      [
        ['left', COUNT],
        ['right', COUNT],
      ],
    ],
  );
  assert.deepEqual((await shownBy(source)).numbers, [7, 6, 5, 4, 3, 2, 1, 0]);
});

test('a log that is a link out of the drive is not read', async (t) => {
  const folder = await writeDrive(t, rows('IMG/', ',', String).join('\n'));
  const outside = join(folder, '..', 'other.csv');
  renameSync(join(folder, 'driving_log.csv'), outside);
  symlinkSync(outside, join(folder, 'driving_log.csv'));
  const { reader } = (await recognise(await placeAt(folder))) ?? {};
  assert.notEqual(reader?.id, 'udacity');
  await assert.rejects(UDACITY.open(await placeAt(folder), { key: null }), {
    code: 'INPUT_NOT_FOUND',
    message: /leads out/,
  });
});

test('pictures that are missing are named, and the others keep their times and their steering', async (t) => {
  const folder = await writeDrive(t, rows('IMG/', ',', String).join('\n'));
  rmSync(join(folder, 'IMG', name('center', 2)));
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts, warnings } = await shownBy(source);
  assert.deepEqual(numbers, [0, 1, 3, 4, 5, 6, 7]);
  assert.ok(Math.abs(pts[2]! - 0.21) < 1e-6);
  assert.ok(warnings.some((text) => text.includes(name('center', 2))));
});

test('a log that was cut inside its last row, or holds no number or a time too early, is survived', async (t) => {
  const lines = rows('IMG/', ',', String);
  lines[2] = lines[2]!.replace(/,-0.1,/, ',nan,');
  lines[4] = lines[4]!.replace('IMG/center', '../../../etc/center');
  // Picture 6 lies where the clock was set back to picture 1.
  lines[5] = lines[5]!.replaceAll(stamp(5), stamp(1));
  const folder = await writeDrive(t, [...lines.slice(0, 7), lines[7]!.slice(0, -8)].join('\n'));
  const { source } = await openDriveAt(folder);
  t.after(() => source.close());
  const { numbers, pts } = await shownBy(source);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 1, 6]);
  assert.ok(pts.every((time, i) => i === 0 || time > pts[i - 1]!));
  const log = (await source.log({}))!;
  assert.deepEqual([...log.normalized!.subarray(1, 4)], [0.2, NaN, -0]);
  const told = source.assumptions.join('\n');
  assert.match(told, /the clock is set back at 0\.280 s/);
  assert.match(told, /line 8 of driving_log\.csv breaks off, and is left out/);
  writeFileSync(join(folder, 'driving_log.csv'), [lines[0], 'IMG/x.jpg,', lines[1]].join('\n'));
  await assert.rejects(openDriveAt(folder), {
    code: 'LOG_INVALID',
    message: /line 2, has 2 cells/,
  });
});

test('a simulator drive whose names hold no time asks for the rate, and takes what is said', async (t) => {
  const folder = join(temporaryFolder(t), 'drive');
  const names = Array.from({ length: 4 }, (_, i) => `center_${i}.jpg`);
  await writePictures(join(folder, 'IMG'), names);
  const log = names.map((each) => `IMG/${each},IMG/${each},IMG/${each},0.1,0,0,9`).join('\n');
  writeFileSync(join(folder, 'driving_log.csv'), log);
  await assert.rejects(openDriveAt(folder), { code: 'VIDEO_RATE_UNKNOWN' });
  const { source } = await openDriveAt(folder, { frameRate: 8 });
  t.after(() => source.close());
  assert.deepEqual((await shownBy(source)).pts, [0, 0.125, 0.25, 0.375]);
  assert.equal((await source.log({}))!.normalized!.length, 4);
});

test(
  'a real drive of the Udacity simulator opens',
  { skip: sharedFolder ? false : 'shared/real is not there' },
  async (t) => {
    const folder = join(sharedFolder!, 'real', 'udacity-sim');
    const lines = readFileSync(join(folder, 'driving_log.csv'), 'utf8').trim().split('\n').slice(1);
    const written = lines.map((line) => line.split(',').map((cell) => cell.trim()));
    const seconds = (cells: string[]): number => {
      const [hour, minute, second, milli] = /(\d+)_(\d+)_(\d+)_(\d+)\.jpg$/
        .exec(cells[0]!)!
        .slice(1)
        .map(Number);
      return hour! * 3600 + minute! * 60 + second! + milli! / 1000;
    };
    const { source } = await openDriveAt(folder);
    t.after(() => source.close());
    const { pts } = await shownBy(source);
    assert.equal(pts.length, lines.length);
    const log = (await source.log({}))!;
    for (const [i, cells] of written.entries()) {
      assert.ok(Math.abs(pts[i]! - (seconds(cells) - seconds(written[0]!))) < 1e-6);
      assert.ok(Math.abs(log.steering![i]! + (Number(cells[3]) * 25 * Math.PI) / 180) < 1e-9);
    }
  },
);
