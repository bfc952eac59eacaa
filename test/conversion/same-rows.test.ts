import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleAt } from '../../server/drive/log/drive-log.ts';
import type { Outcome } from '../setup/support.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { openDriveAt } from '../drive/support/picture-folders.ts';
import { roadgaze } from '../support/warm-cli.ts';
import * as made from './made-drives.ts';

const done = async (...args: string[]): Promise<Outcome> => {
  const outcome = await roadgaze(...args);
  assert.equal(outcome.status, 0, outcome.stderr);
  return outcome;
};

const rowsIn = (folder: string): string[][] =>
  readFileSync(join(folder, 'frames.csv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));

test('a drive gives the same rows in every format, converted and written by others', async (t) => {
  const folder = temporaryFolder(t);
  const pictures = join(folder, 'pictures');
  const drives = join(folder, 'drives');
  const at = (name: string): string => join(drives, name);
  mkdirSync(drives);
  await made.writePictures(pictures);
  made.writeUdacity(at('udacity'), pictures);
  made.writeFolderOfPictures(at('stills'), pictures);
  made.writeTub(at('tub'), pictures);
  await made.writeRosBag(at('ros.mcap'), (i) => readFileSync(join(pictures, `${i}.png`)));
  await done('convert', at('udacity'), '-o', at('udacity.mcap'));
  await done('convert', at('udacity.mcap'), '-o', at('converted'), '--crf', '0');
  await done('convert', at('tub'), '-o', at('of-tub'), '--crf', '0');
  const video = join(at('converted'), 'drive.mp4');
  made.writeVideoWithCsv(drives, video);
  made.writeDataSet(at('lerobot-2'), 'v2.1', video);
  made.writeDataSet(at('lerobot-3'), 'v3.0', video);

  // What was logged, at the times of the pictures, against what it was made of.
  const close = (a: number, b: number, what: string): void =>
    assert.ok(Math.abs(a - b) < 1e-6, `${what}: ${a} and ${b}`);
  const places = ['udacity', 'stills', 'ros.mcap', 'udacity.mcap', 'by-hand.mp4'].concat([
    'lerobot-2',
    'lerobot-3',
    'converted/drive.mp4',
    'tub',
    'of-tub/drive.mp4',
  ]);
  for (const name of places) {
    const { source } = await openDriveAt(at(name));
    const { pts } = await source.index();
    const log = (await source.log({}))!;
    await source.close();
    assert.equal(pts.length, made.FRAMES, name);
    for (const [i, time] of pts.entries()) {
      close(time, made.TIMES[i]!, `${name}, time ${i}`);
      const at = (values: Float64Array, times = log.times): number => sampleAt(times, values, time);
      if (!name.includes('tub')) {
        close(at(log.steering!), made.ANGLES[i]!, `${name}, steering ${i}`);
        close(at(log.speed!, log.speedTimes), made.SPEEDS[i]!, `${name}, speed ${i}`);
      }
      if (/udacity|tub|converted/.test(name))
        close(at(log.normalized!), -made.SHARES[i]!, `${name}, share ${i}`);
    }
  }

  const network = writeSteeringNetwork(folder, {
    channels: 3,
    sidecar: {
      roadgaze: 1,
      kind: 'steering',
      output: { quantity: 'angle', unit: 'rad', positive: 'left' },
    },
  });
  // Videos in folders of their own are named, for their folders are no drives.
  for (const name of ['converted', 'of-tub'])
    for (const file of readdirSync(at(name)))
      renameSync(join(at(name), file), at(file.replace('drive', name)));
  const results = join(folder, 'results');
  await done('analyze', drives, '-m', network, '-o', results, '--provider', 'cpu');
  const [header, ...expected] = rowsIn(join(results, 'udacity'));
  // A folder of pictures beside other drives is not meant as one.
  assert.equal(readdirSync(results).length, places.length - 1);
  for (const name of readdirSync(results)) {
    const [own, ...rows] = rowsIn(join(results, name));
    if (!name.includes('tub')) assert.deepEqual(own, header, name);
    assert.equal(rows.length, expected.length, name);
    for (const [i, row] of rows.entries())
      for (const [column, cell] of row.entries()) {
        // Nobody knows what angle a tub's steering is.
        if (name.includes('tub') && cell === '') continue;
        const like = expected[i]![header!.indexOf(own![column]!)]!;
        if (cell === '' || like === '') assert.equal(cell, like, `${name}, ${own![column]}`);
        else close(Number(cell), Number(like), `${name}, row ${i}, ${own![column]}`);
      }
  }
});
