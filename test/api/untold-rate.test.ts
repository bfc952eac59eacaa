import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { giveFrameRate } from '../../server/video/untold-rate.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const OPEN = {
  type: 'open',
  recording: 'drive.mjpeg',
  network: 'reading',
  methods: ['visualbackprop'],
} as const;

async function rawDrive(t: Parameters<typeof temporaryFolder>[0]) {
  const folder = temporaryFolder(t);
  await makeNumberedClip(join(folder, 'drive.mjpeg'), {
    frames: 20,
    codec: ['mjpeg'],
    pixelFormat: 'yuvj420p',
    options: ['-f', 'mjpeg'],
  });
  const network = await writeReadingNetwork(folder, {
    name: 'reading',
    output: { quantity: 'angle', unit: 'deg', positive: 'left' },
  });
  return { folder, network };
}

test('a raw stream that tells no frame rate is listed with that reason, and opens with its times once the rate is kept beside it', async (t) => {
  const { folder, network } = await rawDrive(t);
  const server = await serve(t, { recordings: folder, networks: [network] });
  const before = await Viewer.connect(server);
  t.after(() => before.close());
  const { recordings } = await before.message('hello');
  assert.deepEqual(
    recordings.map(({ id, error }) => [id, error?.code]),
    [['drive.mjpeg', 'VIDEO_RATE_UNKNOWN']],
  );

  writeFileSync(join(folder, 'drive.log.json'), '{"roadgazeLog":1,"fps":10}');
  const after = await Viewer.connect(server);
  t.after(() => after.close());
  assert.deepEqual(
    (await after.message('hello')).recordings.map(({ durationSeconds, error }) => [
      durationSeconds,
      error,
    ]),
    [[2, null]],
  );
  const {
    recording,
    pts,
    network: { notes },
  } = await after.open('drive.mjpeg', 'reading');
  assert.deepEqual([recording.durationSeconds, recording.frameRate], [2, 10]);
  assert.deepEqual(
    pts,
    Array.from({ length: 20 }, (_, frame) => frame / 10),
  );
  assert.match(
    notes[0] ?? '',
    /^drive\.mjpeg does not tell its frame rate; 10 a second are taken, as kept in drive\.log\.json/,
  );
});

test('a frame rate that the page says is kept beside a raw stream, and the stream opens with its times', async (t) => {
  const { folder, network } = await rawDrive(t);
  writeFileSync(join(folder, 'drive.log.json'), '{"roadgazeLog":1,"unit":"deg"}');
  const server = await serve(t, { recordings: folder, networks: [network] });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  viewer.send({ ...OPEN, framesPerSecond: 20 });
  const { pts, recording } = await viewer.openedRecording();
  assert.deepEqual(
    pts,
    Array.from({ length: 20 }, (_, frame) => frame / 20),
  );
  assert.deepEqual([recording.frameRate, recording.durationSeconds], [20, 1]);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'drive.log.json'), 'utf8')), {
    roadgazeLog: 1,
    unit: 'deg',
    fps: 20,
  });
  // Another answer counts at once, also where the recording is still open.
  viewer.send({ ...OPEN, framesPerSecond: 5 });
  assert.equal((await viewer.openedRecording(({ pts }) => pts[1] === 0.2)).pts.length, 20);
});

test('a frame rate for a video that has times, or beside --fps, is refused and nothing is kept', async (t) => {
  const { folder, network } = await rawDrive(t);
  await makeNumberedClip(join(folder, 'timed.mp4'), { frames: 5 });
  const server = await serve(t, { recordings: folder, networks: [network] });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  viewer.send({ ...OPEN, recording: 'timed.mp4', framesPerSecond: 20 });
  const { code, message } = await viewer.message('error');
  assert.deepEqual(
    [code, message],
    [
      'USAGE',
      'timed.mp4 tells when its frames were taken, and another frame rate would not be used.',
    ],
  );
  giveFrameRate(10);
  t.after(() => giveFrameRate(null));
  viewer.send({ ...OPEN, framesPerSecond: 20 });
  assert.match(
    (await viewer.message('error', ({ message }) => message.includes('--fps'))).message,
    /was named by --fps when the server was started/,
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.log.json')),
    [],
  );
});

test('a frame rate that no camera has does not follow the protocol', async (t) => {
  const { folder, network } = await rawDrive(t);
  const server = await serve(t, { recordings: folder, networks: [network] });
  for (const framesPerSecond of [0, -20, 1001]) {
    const viewer = await Viewer.connect(server);
    t.after(() => viewer.close());
    viewer.send({ ...OPEN, framesPerSecond });
    const { code, message } = await viewer.message('error');
    assert.equal(code, 'PROTOCOL_VIOLATION');
    assert.match(message, /framesPerSecond/);
  }
});
