import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import { readFrameIndex } from '../../server/video/frame-index.ts';
import { probeVideo } from '../../server/video/probe.ts';
import { giveFrameRate } from '../../server/video/untold-rate.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';

const FRAMES = 40;

/** A raw stream that tells no rate: JPEG pictures one after the other. */
async function rawClip(t: TestContext): Promise<string> {
  t.after(() => giveFrameRate(null));
  return makeNumberedClip(join(temporaryFolder(t), 'drive.mjpeg'), {
    frames: FRAMES,
    codec: ['mjpeg'],
    pixelFormat: 'yuvj420p',
    options: ['-f', 'mjpeg'],
  });
}

function writeLog(video: string, rows: number, interval: number): void {
  const lines = Array.from(
    { length: rows },
    (_, row) => `${(1_600_000_000 + row * interval).toFixed(4)},0.1`,
  );
  writeFileSync(
    video.replace('.mjpeg', '.csv'),
    ['timestamp,steering [rad]', ...lines, ''].join('\n'),
  );
}

async function decodedTimes(path: string, from?: number): Promise<number[]> {
  const times: number[] = [];
  for await (const { pts } of decodeVideo({
    path,
    images: [{ crop: null, width: 16, height: 9, pixelFormat: 'gray', resize: 'area' }],
    ...(from === undefined ? {} : { from }),
  }))
    times.push(pts);
  return times;
}

test('a raw stream that tells no frame rate is refused by everything that reads it, and never taken for 25 a second', async (t) => {
  const path = await rawClip(t);
  for (const read of [probeVideo(path), readFrameIndex(path), decodedTimes(path)]) {
    await assert.rejects(read, { code: 'VIDEO_RATE_UNKNOWN', hint: /--fps/ });
  }
});

for (const [ending, fps] of [
  ['h264', 20],
  ['h264', 30],
  ['hevc', 20],
  ['m2v', 24],
] as const) {
  const codec = {
    h264: ['libx264'],
    hevc: ['libx265', '-x265-params', 'log-level=none'],
    m2v: ['mpeg2video'],
  }[ending];
  test(`a raw ${ending} stream that tells ${fps} frames a second keeps them without a question, whatever --fps says, and is as long as its frames`, async (t) => {
    const path = await makeNumberedClip(join(temporaryFolder(t), `drive.${ending}`), {
      frames: FRAMES,
      fps,
      codec,
    });
    t.after(() => giveFrameRate(null));
    giveFrameRate(7);
    const { averageFrameRate, duration, assumptions } = await probeVideo(path);
    assert.deepEqual([averageFrameRate, duration, assumptions], [fps, FRAMES / fps, undefined]);
    const { pts } = await readFrameIndex(path);
    assert.ok(pts.every((time, frame) => Math.abs(time - pts[0]! - frame / fps) < 1e-5));
  });
}

for (const rate of [20, 30_000 / 1001, 12.5, 19.87]) {
  test(`a rate that was given, ${rate.toFixed(3)} frames a second, counts for index, decoder and seek alike`, async (t) => {
    const path = await rawClip(t);
    giveFrameRate(rate);
    const { averageFrameRate, duration, assumptions } = await probeVideo(path);
    assert.deepEqual([averageFrameRate, duration, assumptions?.length], [rate, FRAMES / rate, 1]);
    const { pts } = await readFrameIndex(path);
    assert.equal(pts.length, FRAMES);
    for (const [frame, time] of pts.entries())
      assert.ok(Math.abs(time - frame / rate) < 1e-4, `frame ${frame} at ${time}`);
    assert.deepEqual(await decodedTimes(path), [...pts]);
    assert.deepEqual(await decodedTimes(path, pts[23]), [...pts].slice(23));
  });
}

test('the log beside a raw stream tells its rate where it has a row for every frame, which is told as an assumption', async (t) => {
  const path = await rawClip(t);
  writeLog(path, FRAMES, 0.08);
  const { averageFrameRate, assumptions } = await probeVideo(path);
  assert.equal(averageFrameRate, 12.5);
  assert.match(
    assumptions![0]!,
    /^drive\.mjpeg does not tell its frame rate; 12\.5 a second are taken, because drive\.csv/,
  );
});

test('a log with other rows than the frames says nothing about their rate', async (t) => {
  const path = await rawClip(t);
  writeLog(path, FRAMES + 2, 0.05);
  await assert.rejects(probeVideo(path), { code: 'VIDEO_RATE_UNKNOWN' });
});

test('a rate that is kept beside the recording goes before its log, and one that was given before both; each counts as soon as it is there', async (t) => {
  const path = await rawClip(t);
  const kept = path.replace('.mjpeg', '.log.json');
  writeLog(path, FRAMES, 0.05);
  assert.equal((await probeVideo(path)).averageFrameRate, 20);
  writeFileSync(kept, '{"roadgazeLog":1,"fps":10}');
  assert.equal((await probeVideo(path)).averageFrameRate, 10);
  giveFrameRate(15);
  assert.equal((await probeVideo(path)).averageFrameRate, 15);
  giveFrameRate(null);
  rmSync(kept);
  assert.equal((await probeVideo(path)).averageFrameRate, 20);
});

test(
  'raw H.265 as comma devices write it takes its rate from the log beside it, and is refused without',
  { skip: sharedFolder ? false : 'the shared recordings are not here' },
  async (t) => {
    const folder = temporaryFolder(t);
    const trouble = join(sharedFolder!, 'real/trouble');
    const path = join(folder, 'comma-20fps.hevc');
    copyFileSync(join(trouble, 'video/comma-20fps.hevc'), path);
    await assert.rejects(probeVideo(path), { code: 'VIDEO_RATE_UNKNOWN' });
    copyFileSync(join(trouble, 'log/comma-20fps.csv'), join(folder, 'comma-20fps.csv'));
    assert.deepEqual(
      await decodedTimes(path),
      Array.from({ length: 60 }, (_, frame) => frame / 20),
    );
  },
);
