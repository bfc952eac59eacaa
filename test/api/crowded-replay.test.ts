import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { findTools } from '../../server/video/tools.ts';
import { freeUdpPort, sendFile } from '../live/support/sources.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const folder = temporaryFolder({ after: (done) => after(done as () => void) });
/** At least as many as may look for pictures, or play, at the same time. */
const CROWD = Math.max(8, 4 * availableParallelism()) + 1;
const LONG = { timeout: 60_000 };

describe('the recording of a feed, watched by many on a slow machine', () => {
  let clip: string;
  let network: string;
  before(async () => {
    clip = await makeNumberedClip(join(folder, 'source.ts'), {
      frames: 900,
      fps: 15,
      size: [160, 96],
      keyframes: 8,
    });
    network = await writeReadingNetwork(folder);
    // Decoding of a file starts later than a segment is long.
    const slow = join(folder, 'slow-ffmpeg');
    const { ffmpeg } = await findTools();
    await writeFile(
      slow,
      `#!/bin/sh\ncase "$*" in *"-i file:"*) sleep "$SLOW_START" ;; esac\nexec '${ffmpeg}' "$@"\n`,
    );
    await chmod(slow, 0o755);
    process.env['ROADGAZE_FFMPEG'] = slow;
  });

  async function watch(t: TestContext, slowStart: number) {
    process.env['SLOW_START'] = String(slowStart);
    const server = await serve(t, {
      recordings: temporaryFolder(t),
      networks: [network],
      feeds: {
        ring: {
          parent: temporaryFolder(t),
          maxBytes: 1 << 24,
          maxSeconds: 120,
          segmentSeconds: 0.5,
        },
        stallSeconds: 5,
        clips: null,
      },
    });
    const connect = async () => {
      const viewer = await Viewer.connect(server);
      t.after(() => viewer.close());
      return viewer;
    };
    const viewer = await connect();
    const address = `udp://127.0.0.1:${await freeUdpPort()}`;
    viewer.send({ type: 'add-feed', address });
    const { feed } = await viewer.message('feed-added');
    await sendFile(t, clip, '-muxdelay', '0', '-f', 'mpegts', `${address}?pkt_size=1316`);
    viewer.send({ type: 'watch', feed });
    await viewer.until(() => viewer.frames.length >= 40);
    return { viewer, connect, feed };
  }

  it(
    'is played up to the present even where every segment takes longer to start than it lasts',
    LONG,
    async (t) => {
      const { viewer } = await watch(t, 0.8);
      const from = viewer.frames[0]!.pts;
      viewer.send({ type: 'play-from', time: from, speed: 4, generation: 1 });
      const shown = await viewer.frame(({ generation }) => generation === 1);
      assert.ok(Math.abs(shown.pts - from) < 0.001);
      await viewer.message(
        'feed-playback',
        ({ generation, mode }) => generation === 1 && mode === 'live',
      );
      const played = viewer.frames.filter(({ generation }) => generation === 1);
      for (const [index, { pts }] of played.slice(1).entries()) assert.ok(pts > played[index]!.pts);
    },
  );

  it('keeps no place for viewers who take no pictures', LONG, async (t) => {
    const { viewer, connect, feed } = await watch(t, 0);
    const time = viewer.frames[5]!.pts;
    const silent = await Promise.all(Array.from({ length: CROWD }, connect));
    for (const each of silent) {
      each.acknowledgeAfter = null;
      each.send({ type: 'watch', feed });
    }
    await Promise.all(silent.map((each) => each.until(() => each.frames.length === 3)));
    for (const each of silent) each.send({ type: 'seek-time', time, generation: 1 });
    await Promise.all(
      silent.map((each) => each.message('feed-playback', ({ mode }) => mode === 'paused')),
    );
    viewer.send({ type: 'seek-time', time, generation: 1 });
    await viewer.until(
      () =>
        viewer.frames.some(({ generation }) => generation === 1) ||
        viewer.messages.some(({ type }) => type === 'error'),
    );
    assert.deepEqual(
      viewer.messages.filter(({ type }) => type === 'error'),
      [],
    );

    for (const each of silent) each.send({ type: 'play-from', time, speed: 1, generation: 2 });
    await Promise.all(
      silent.map((each) => each.message('feed-playback', ({ mode }) => mode === 'playing')),
    );
    viewer.send({ type: 'play-from', time, speed: 1, generation: 2 });
    await viewer.until(
      () =>
        viewer.frames.some(({ generation }) => generation === 2) ||
        viewer.messages.some(({ type }) => type === 'error'),
    );
    assert.deepEqual(
      viewer.messages.filter(({ type }) => type === 'error'),
      [],
    );
  });
});
