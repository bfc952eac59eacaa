import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dropRanges, runsOf } from '../../server/conversion/clean/dropped.ts';
import { rangeIn, readRanges } from '../../server/conversion/clean/ranges.ts';
import { openDriveAt } from '../drive/support/picture-folders.ts';
import type { Outcome } from '../setup/support.ts';
import { temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';
import * as made from './made-drives.ts';

const clean = (...args: string[]): Promise<Outcome> => roadgaze('clean', ...args);

const seconds = (from: number, to: number) => ({ in: 'seconds', from, to });
const frames = (from: number, to: number) => ({ in: 'frames', from, to });

test('ranges are read as times or frames, from the command line, JSON and CSV', async (t) => {
  assert.deepEqual(rangeIn('12.5..14'), seconds(12.5, 14));
  assert.deepEqual(rangeIn('#100..#140'), frames(100, 140));
  assert.deepEqual(rangeIn('-1..-0.5'), seconds(-1, -0.5));
  assert.equal(rangeIn('14..12'), null);
  assert.equal(rangeIn('flags.json'), null);
  const folder = temporaryFolder(t);
  const read = async (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return readRanges(join(folder, name));
  };
  const flag = { kind: 'off-road', startPts: 1, endPts: 2.5, startFrame: 30, endFrame: 75 };
  assert.deepEqual(await read('flags.json', JSON.stringify({ flags: [flag] })), [seconds(1, 2.5)]);
  assert.deepEqual(await read('pairs.json', '[[1, 2], [3, 3]]'), [seconds(1, 2), seconds(3, 3)]);
  assert.deepEqual(await read('a.csv', 'start [s],end [s],why\n1,2,dark\n'), [seconds(1, 2)]);
  assert.deepEqual(await read('b.csv', '\ufeffstartFrame,endFrame\n4,9\n'), [frames(4, 9)]);
  const wrong = { code: 'RANGES_INVALID' };
  await assert.rejects(read('c.json', '{"flags": [{"startPts": 2, "endPts": 1}]}'), {
    ...wrong,
    message: 'c.json: entry 1 is no range.',
  });
  await assert.rejects(read('d.json', '{"flags": 3}'), wrong);
  await assert.rejects(read('e.csv', 'start,end\n1,x\n'), wrong);
  await assert.rejects(readRanges(join(folder, 'none.csv')), { code: 'INPUT_NOT_FOUND' });
});

test('both ends of a range belong to it, and frames that are left join into runs', () => {
  const pts = Float64Array.of(0, 0.1, 0.2, 0.3000001, 0.4, 0.5);
  const cleaned = dropRanges(pts, [
    { in: 'seconds', from: 0.1, to: 0.3 },
    { in: 'frames', from: 5, to: 9 },
  ]);
  assert.deepEqual([...cleaned.isDropped], [0, 1, 1, 1, 0, 1]);
  assert.deepEqual(
    runsOf(cleaned, false).map(({ startFrame, endFrame }) => [startFrame, endFrame]),
    [
      [0, 0],
      [4, 4],
    ],
  );
});

test('ranges are marked in a tub itself, and what it was stays beside it', async (t) => {
  const folder = temporaryFolder(t);
  const pictures = join(folder, 'pictures');
  await made.writePictures(pictures);
  const tub = made.writeTub(join(folder, 'tub'), pictures);
  const before = readFileSync(join(tub, 'manifest.json'), 'utf8');
  const [from, to] = [made.TIMES[2]!, made.TIMES[3]!];
  const first = await clean(tub, '--drop', `${from}..${to}`, '--drop', '#7..#7', '--in-place');
  assert.equal(first.status, 0, first.stderr);
  assert.match(
    first.stdout,
    /3 of 8 frames are left out\n.*3 more records are marked as deleted, 3 in all\n.*manifest\.json\.before-clean/,
  );
  const lines = readFileSync(join(tub, 'manifest.json'), 'utf8').split('\n');
  assert.deepEqual(lines.slice(0, 4), before.split('\n').slice(0, 4));
  assert.deepEqual(JSON.parse(lines[4]!), {
    ...(JSON.parse(before.split('\n')[4]!) as object),
    deleted_indexes: [2, 3, 7],
  });
  assert.equal(readFileSync(join(tub, 'manifest.json.before-clean'), 'utf8'), before);
  const { source } = await openDriveAt(tub);
  assert.equal((await source.index()).pts.length, 5);
  await source.close();

  // Frames count anew now: frame 2 is record 4.
  const copy = join(folder, 'manifest.json');
  const second = await clean(tub, '--drop', '#2..#2', '-o', copy);
  assert.equal(second.status, 0, second.stderr);
  const last = JSON.parse(readFileSync(copy, 'utf8').split('\n')[4]!) as { deleted_indexes: [] };
  assert.deepEqual(last.deleted_indexes, [2, 3, 4, 7]);
  assert.equal(readFileSync(join(tub, 'manifest.json'), 'utf8'), lines.join('\n'));
});

test('a cleaned list of Udacity, LeRobot or frames is written elsewhere', async (t) => {
  const folder = temporaryFolder(t);
  const pictures = join(folder, 'pictures');
  await made.writePictures(pictures);
  const udacity = made.writeUdacity(join(folder, 'udacity'), pictures);
  const log = readFileSync(join(udacity, 'driving_log.csv'), 'utf8');
  const data = made.writeDataSet(join(folder, 'set'), 'v2.1', join(pictures, '0.png'));
  const out = (name: string): string => join(folder, name);
  const run = async (...args: string[]): Promise<string> => {
    const outcome = await clean(...args);
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome.stdout;
  };
  await run(udacity, '--drop', '#0..#1', '--drop', '#5..#5', '-o', out('driving_log.csv'));
  const rows = log.split('\n');
  assert.equal(
    readFileSync(out('driving_log.csv'), 'utf8'),
    [2, 3, 4, 6, 7].map((row) => `${rows[row]}\n`).join(''),
  );
  assert.equal(readFileSync(join(udacity, 'driving_log.csv'), 'utf8'), log);
  assert.deepEqual(readdirSync(udacity).sort(), ['IMG', 'driving_log.csv']);

  await run(udacity, '--drop', '#1..#6', '--as', 'csv', '-o', out('kept.csv'));
  const kept = readFileSync(out('kept.csv'), 'utf8').trim().split('\n').slice(1);
  assert.deepEqual(
    kept.map((line) => line.split(',').map(Number)),
    made.TIMES.map((time, i) => [i, time, i === 0 || i === 7 ? 1 : 0]),
  );
  await run(data, '--drop', '0..0', '-o', out('episodes.json'));
  assert.equal(readFileSync(out('episodes.json'), 'utf8'), '[]\n');

  const again = await clean(udacity, '--drop', '#1..#2', '-o', out('kept.csv'));
  assert.match(again.stderr, /^error OUTPUT_NOT_WRITABLE: .*kept\.csv is there already/);
  const inside = await clean(udacity, '--drop', '#1..#2', '-o', join(udacity, 'x.csv'));
  assert.match(inside.stderr, /^error USAGE: .* lies in the drive itself\./);
  const nowhere = await clean(udacity, '--drop', '#1..#2');
  assert.match(nowhere.stderr, /^error USAGE: Nothing says where the list goes\./);
});
