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

test('what a person says of a log is kept and counts, null forgets it, and the curve comes as it was logged', async (t) => {
  const { folder, network } = await setUp(t, 't [s],steering [deg]');
  const server = await serve(t, { recordings: folder, networks: [network], log: { ratio: 15 } });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  const say = async (answers: object) => {
    const since = viewer.messages.length;
    viewer.send({ type: 'log', ...answers });
    return viewer.openedRecording(undefined, since);
  };
  const { steering } = await viewer.open('drive.mp4', 'reading');
  assert.deepEqual(steering, {
    candidates: [
      { name: 'steering', kind: 'angle', isCommand: false, unit: 'deg', positive: 'left' },
    ],
    others: [],
    taken: { name: 'steering', kind: 'angle', isCommand: false, unit: 'deg', positive: 'left' },
    ratio: { value: 15, from: 'as asked for' },
    said: { unit: null, positive: null, offset: null, column: null, angleOf: null, ratio: 15 },
  });
  const moved = await say({ offset: 0.1, positive: 'right' });
  assert.deepEqual([moved.steering!.said.offset, moved.steering!.said.positive], [0.1, 'right']);
  // Three rows later, and turned round.
  assert.equal((await viewer.seek(10, 1)).driven?.toFixed(6), '-0.700000');

  viewer.send({ type: 'log-curve', request: 7, column: null });
  const curve = await viewer.message('log-curve');
  assert.deepEqual([curve.request, curve.signal.name, curve.times.length], [7, 'steering', 20]);
  assert.deepEqual([curve.times[3], curve.values[3]], [0.1, 0.3]);
  assert.match(curve.reason!, /less than 10 s/);
  viewer.send({ type: 'log-curve', request: 8, column: 'nothing' });
  const failed = await viewer.message('error');
  assert.deepEqual([failed.request, failed.code], [8, 'LOG_INVALID']);

  await say({ offset: null });
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'drive.log.json'), 'utf8')), {
    roadgazeLog: 1,
    positive: 'right',
  });
  viewer.send({ type: 'log', ratio: 12 });
  const refused = await viewer.message('error', ({ code }) => code === 'USAGE');
  assert.match(refused.message, /steering ratio of logs was named by --log-ratio/);
});
