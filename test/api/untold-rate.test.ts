import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

test('a raw stream that tells no frame rate is listed with that reason, and opens with its times once the rate is kept beside it', async (t) => {
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
