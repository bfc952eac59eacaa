import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

async function setUp(t: Parameters<typeof temporaryFolder>[0], header: string) {
  const folder = temporaryFolder(t);
  await makeNumberedClip(join(folder, 'drive.mp4'), { frames: 20 });
  writeFileSync(
    join(folder, 'drive.csv'),
    [header, ...Array.from({ length: 20 }, (_, row) => `${row / 30},${row / 10}`), ''].join('\n'),
  );
  const network = await writeReadingNetwork(folder, {
    name: 'reading',
    output: { quantity: 'angle', unit: 'deg', positive: 'left' },
  });
  return { folder, network };
}

test('a log without a unit is not compared, the page is told why, and once it says the unit that is kept and counts', async (t) => {
  const { folder, network } = await setUp(t, 't [s],steering');
  const server = await serve(t, { recordings: folder, networks: [network] });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  const asked = await viewer.open('drive.mp4', 'reading');
  assert.equal(asked.recording.hasLog, false);
  assert.equal(asked.log?.asksForUnit, true);
  assert.match(asked.log?.reason ?? '', /^drive\.csv does not say the unit of "steering"/);
  assert.equal((await viewer.seek(10, 1)).driven, null);

  const since = viewer.messages.length;
  viewer.send({ type: 'log', unit: 'deg' });
  const answered = await viewer.openedRecording(undefined, since);
  assert.deepEqual([answered.recording.hasLog, answered.log], [true, undefined]);
  assert.equal((await viewer.seek(10, 2)).driven?.toFixed(6), '1.000000');
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'drive.log.json'), 'utf8')), {
    roadgazeLog: 1,
    unit: 'deg',
  });
});

test('a unit that was named at the start is not to be changed from the page', async (t) => {
  const { folder, network } = await setUp(t, 't [s],steering');
  const server = await serve(t, { recordings: folder, networks: [network], log: { unit: 'rad' } });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  assert.equal((await viewer.open('drive.mp4', 'reading')).recording.hasLog, true);
  viewer.send({ type: 'log', unit: 'deg' });
  assert.match((await viewer.message('error')).message, /named by --log-unit/);
});

test('a file of choices that cannot be read is told, and the recording is shown all the same', async (t) => {
  const { folder, network } = await setUp(t, 't [s],steering');
  writeFileSync(join(folder, 'drive.log.json'), '{"roadgazeLog":2}');
  const server = await serve(t, { recordings: folder, networks: [network] });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  await viewer.open('drive.mp4', 'reading');
  const { code, message } = await viewer.message('error');
  assert.deepEqual(
    [code, message.startsWith('drive.log.json has a wrong "roadgazeLog"')],
    ['LOG_INVALID', true],
  );
});

test('a log of another quantity than the network gives is said to be so, and its unit is not asked for', async (t) => {
  const { folder, network } = await setUp(t, 't [s],steering [1]');
  const server = await serve(t, { recordings: folder, networks: [network] });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  assert.deepEqual((await viewer.open('drive.mp4', 'reading')).log, {
    reason:
      'The log gives a share of full lock and the network an angle in deg, so what was driven is not compared.',
    asksForUnit: false,
  });
});
