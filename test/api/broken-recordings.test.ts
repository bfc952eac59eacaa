import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { ffmpegsOf } from '../support/children.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { maskNumber, Viewer } from './support/viewer.ts';

describe('a recording whose clock starts again', () => {
  it('is played, sought and analysed to its end, and says so', async (t) => {
    const folder = temporaryFolder(t);
    const lengths = [40, 30, 50];
    const parts = await Promise.all(
      lengths.map((frames, i) =>
        makeNumberedClip(join(folder, `part${i}`), { frames, fps: 20, options: ['-f', 'mpegts'] }),
      ),
    );
    await writeFile(
      join(folder, 'joined.ts'),
      Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))),
    );
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)] }),
    );
    t.after(() => viewer.close());
    const { pts, notes, recording } = await viewer.open('joined.ts', 'reading');
    const numbers = lengths.flatMap((length) => Array.from({ length }, (_, i) => i));
    assert.equal(pts.length, numbers.length);
    pts.forEach((time, i) =>
      assert.ok(Math.abs(time - pts[0]! - i / 20) < 1e-4, `frame ${i} at ${time}`),
    );
    assert.match(notes!.join(), /clock of the file starts again/);
    assert.ok(Math.abs(recording.durationSeconds - 6) < 1e-3);
    const { done, total } = await viewer.message('analysis', ({ complete }) => complete);
    assert.deepEqual([done, total], [120, 120]);
    for (const [i, frame] of [119, 0, 39, 40, 41, 69, 70, 71, 100, 5].entries()) {
      const seen = await viewer.seek(frame, i + 1);
      assert.deepEqual(
        [seen.frame, seen.steering, maskNumber(seen)],
        [frame, numbers[frame], numbers[frame]],
      );
      assert.ok(Math.abs(seen.pts - pts[frame]!) < 1e-5);
    }
    const since = viewer.frames.length;
    const messages = viewer.messages.length;
    viewer.send({ type: 'play', frame: 0, speed: 0, loop: false });
    await viewer.message('state', ({ ended }) => ended, messages);
    const played = viewer.frames
      .slice(since)
      .filter(({ parts: seen }) => seen.some(({ kind }) => kind === 'mask'));
    assert.equal(played.at(-1)!.frame, 119);
    for (const { frame, steering } of played) assert.equal(steering, numbers[frame]);
  });
});

/** Far more than wait between ffmpeg and the network. */
const FRAMES = 1500;

describe(
  'an analysis in the server whose ffmpeg is stopped under way',
  { skip: existsSync('/proc/self/io') ? false : 'needs /proc' },
  () => {
    it('is told to be of a part only, and made anew when the recording is opened again', async (t) => {
      const folder = temporaryFolder(t);
      await makeNumberedClip(join(folder, 'a.mp4'), { frames: FRAMES, size: [160, 96] });
      const server = await serve(t, {
        recordings: folder,
        networks: [await writeReadingNetwork(folder)],
      });
      const viewer = await Viewer.connect(server);
      await viewer.open('a.mp4', 'reading');
      await viewer.message('analysis', ({ done }) => done > 20);
      for (const program of await ffmpegsOf(process.pid)) process.kill(program, 'SIGTERM');
      const { complete, done, total, shortfall } = await viewer.message(
        'analysis',
        (message) => message.complete || message.shortfall !== null,
      );
      assert.deepEqual([complete, shortfall?.code, total], [false, 'VIDEO_INCOMPLETE', FRAMES]);
      assert.ok(done > 20 && done < FRAMES);
      assert.ok(
        viewer.messages.some(
          (message) => message.type === 'error' && message.code === 'VIDEO_INCOMPLETE',
        ),
      );
      await viewer.close();
      const again = await Viewer.connect(server);
      t.after(() => again.close());
      await again.open('a.mp4', 'reading');
      assert.equal(
        (
          await again.message(
            'analysis',
            (message) => message.complete || message.shortfall !== null,
          )
        ).done,
        FRAMES,
      );
    });
  },
);
