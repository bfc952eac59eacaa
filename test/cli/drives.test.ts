import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writePictures } from '../drive/support/picture-folders.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { roadgaze } from '../support/warm-cli.ts';

const FRONT = 'observation.images.front_left';
const REAR = 'observation.images.rear';

async function udacityDrive(folder: string): Promise<string> {
  const drive = join(folder, 'track');
  const name = (camera: string, i: number): string =>
    `${camera}_2017_05_19_10_11_12_${100 + 50 * i}.jpg`;
  for (const camera of ['center', 'left'])
    await writePictures(
      join(drive, 'IMG'),
      Array.from({ length: 6 }, (_, i) => name(camera, i)),
    );
  const rows = Array.from(
    { length: 6 },
    (_, i) => `IMG/${name('center', i)}, IMG/${name('left', i)}, ,${i / 10},0,0,20`,
  );
  writeFileSync(join(drive, 'driving_log.csv'), rows.join('\n'));
  return drive;
}

async function dataSet(folder: string): Promise<string> {
  const drive = join(folder, 'set');
  cpSync(join(repositoryRoot, 'test', 'drive', 'fixtures', 'lerobot-v3'), drive, {
    recursive: true,
  });
  for (const [camera, file, frames] of [
    [FRONT, 'file-000', 21],
    [REAR, 'file-000', 12],
    [REAR, 'file-001', 9],
  ] as const) {
    const path = join(drive, 'videos', camera, 'chunk-000', `${file}.mp4`);
    mkdirSync(dirname(path), { recursive: true });
    await makeNumberedClip(path, { frames, fps: 10, size: [320, 80] });
  }
  return drive;
}

function setUp(t: TestContext): { readonly folder: string; readonly model: string } {
  const folder = temporaryFolder(t);
  return { folder, model: writeSteeringNetwork(folder) };
}

const rowsOf = (file: string): string[][] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));

test('a drive of pictures is analysed like a video, with one of its cameras', async (t) => {
  const { folder, model } = setUp(t);
  const drive = await udacityDrive(folder);
  const out = join(folder, 'out');
  const outcome = await roadgaze('analyze', drive, '-m', model, '-o', out, '--video');
  assert.equal(outcome.status, 0, outcome.stderr);
  const [header, ...rows] = rowsOf(join(out, 'frames.csv'));
  assert.deepEqual(
    rows.map((row) => Number(row[header!.indexOf('pts')]).toFixed(3)),
    ['0.000', '0.050', '0.100', '0.150', '0.200', '0.250'],
  );
  // The simulator logs miles an hour: 20 of them.
  for (const row of rows) assert.equal(Number(row[header!.indexOf('speed')]).toFixed(4), '8.9408');
  const left = join(folder, 'left');
  const other = await roadgaze('analyze', drive, '-m', model, '-o', left, '--camera', 'left');
  assert.equal(other.status, 0, other.stderr);
  assert.equal(rowsOf(join(left, 'frames.csv')).length, 7);
  const wrong = await roadgaze('analyze', drive, '-m', model, '-o', left, '--camera', 'rear');
  assert.match(
    wrong.stderr,
    /^error CAMERA_UNKNOWN: .*"rear"\.\n {2}→ Its cameras are center, left\./,
  );
});

test('one episode of a data set is analysed and explained, or all of them', async (t) => {
  const { folder, model } = setUp(t);
  const drive = await dataSet(folder);
  const one = join(folder, 'one');
  const outcome = await roadgaze('analyze', drive, '-m', model, '-o', one, '--drive', '1');
  assert.equal(outcome.status, 0, outcome.stderr);
  assert.equal(rowsOf(join(one, 'frames.csv')).length, 1 + 9);
  const all = join(folder, 'all');
  const both = await roadgaze('analyze', drive, '-m', model, '-o', all);
  assert.equal(both.status, 0, both.stderr);
  assert.match(both.stdout, /12 frames[^]*9 frames/);
  const explained = await roadgaze(
    ...['explain', drive, '-m', model, '-o', join(folder, 'map')],
    ...['--drive', 'set, episode 0', '--camera', REAR, '--frame', '11'],
  );
  assert.equal(explained.status, 0, explained.stderr);
  const unclear = await roadgaze('explain', drive, '-m', model, '-o', join(folder, 'x'));
  assert.match(unclear.stderr, /holds 2 recordings/);
  const none = await roadgaze('analyze', drive, '-m', model, '-o', one, '--drive', '7');
  assert.match(none.stderr, /^error RECORDING_UNKNOWN: .*"7"\.\n {2}→ It holds 0, 1\./);
});
