import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writePictures } from '../drive/support/picture-folders.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { maskNumber, Viewer } from './support/viewer.ts';

const COUNT = 20;
const NAMES = Array.from({ length: COUNT }, (_, i) => `${String(i).padStart(4, '0')}.png`);
/** Not evenly apart. */
const TIMES = NAMES.map((_, i) => i / 10 + (i > 7 ? 2 : 0));

async function pictureDrive(t: TestContext) {
  const base = temporaryFolder(t);
  const folder = join(base, 'shots');
  await writePictures(folder, NAMES);
  const network = await writeReadingNetwork(temporaryFolder(t), {
    name: 'reading',
    output: { quantity: 'angle', unit: 'deg', positive: 'left' },
  });
  return { base, folder, network };
}

test('a drive that is a folder is listed, played and sought like a video, and what is said of it is kept beside it', async (t) => {
  const { base, folder, network } = await pictureDrive(t);
  const rows = TIMES.map((time, i) => `${time},${i / 10}`);
  writeFileSync(join(folder, 'log.csv'), ['t [s],steering', ...rows, ''].join('\n'));
  const inFolder = readdirSync(folder);
  const server = await serve(t, { recordings: base, networks: [network], road: null });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  assert.deepEqual(
    (await viewer.message('hello')).recordings.map(({ id, name, hasLog, error }) => [
      id,
      name,
      hasLog,
      error,
    ]),
    [['shots', 'shots', true, null]],
  );

  const opened = await viewer.open('shots', 'reading');
  assert.deepEqual(opened.pts, TIMES);
  assert.equal(opened.log?.asksForUnit, true);
  for (const [generation, frame] of [13, 2, 19].entries()) {
    const shown = await viewer.seek(frame, generation + 1);
    assert.deepEqual([shown.frame, shown.pts, maskNumber(shown)], [frame, TIMES[frame], frame]);
  }
  const [since, told] = [viewer.frames.length, viewer.messages.length];
  viewer.send({ type: 'play', frame: 0, speed: 0, loop: false });
  await viewer.message('state', ({ ended }) => ended, told);
  assert.deepEqual(
    viewer.frames.slice(since).map((frame) => [frame.pts, maskNumber(frame)]),
    TIMES.map((time, i) => [time, i]),
  );

  let before = viewer.messages.length;
  viewer.send({ type: 'log', unit: 'deg' });
  await viewer.openedRecording(({ recording }) => recording.hasLog, before);
  before = viewer.messages.length;
  viewer.send({ type: 'road', points: [[0, 1], [0.5, 0.5], [1, 1]] }); // prettier-ignore
  await viewer.openedRecording(({ road }) => road.kind === 'polygon', before);
  assert.deepEqual(readdirSync(base).sort(), ['roadgaze.road.json', 'shots', 'shots.log.json']);
  assert.deepEqual(readdirSync(folder), inFolder);
});

test('pictures without times ask for their rate like a raw stream, and open once somebody has said it', async (t) => {
  const { base, network } = await pictureDrive(t);
  const server = await serve(t, { recordings: base, networks: [network] });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  assert.deepEqual(
    (await viewer.message('hello')).recordings.map(({ id, error }) => [id, error?.code]),
    [['shots', 'VIDEO_RATE_UNKNOWN']],
  );
  const selection = { recording: 'shots', network: 'reading', methods: ['visualbackprop'] };
  for (const rate of [20, 10]) {
    const before = viewer.messages.length;
    viewer.send({ type: 'open', ...selection, framesPerSecond: rate });
    const { pts } = await viewer.openedRecording(undefined, before);
    assert.deepEqual(
      pts,
      NAMES.map((_, i) => i / rate),
    );
  }
  assert.deepEqual(JSON.parse(readFileSync(join(base, 'shots.log.json'), 'utf8')), {
    roadgazeLog: 1,
    fps: 10,
  });
});
