import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import {
  freeTcpPort,
  freeUdpPort,
  rtspServerIsMissing,
  sendFile,
  startRtspServer,
  startWebServer,
  publishWhenListening,
} from './support/sources.ts';
import { IMAGE, watch, type WatchedFeed } from './support/watch.ts';

let folder: string;
let clip: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadgaze-test-'));
  clip = await makeNumberedClip(join(folder, 'source.ts'), {
    frames: 600,
    fps: 15,
    size: [160, 96],
    keyframes: 8,
  });
});
after(() => rm(folder, { recursive: true, force: true }));

/** Five frames in a row whose pictures, timestamps and display belong together. */
async function assertShowsTheClip(feed: WatchedFeed, perSecond = 15): Promise<void> {
  await feed.frame(() => feed.frames.length >= 5, 0);
  const seen = feed.frames.slice(0, 5);
  const numbers = seen.map(({ images: [image] }) =>
    readFrameNumber(image!, IMAGE.width, IMAGE.height),
  );
  assert.ok(
    numbers.every((number) => number !== null),
    `bars of frames: ${numbers.join(' ')}`,
  );
  for (const [n, frame] of seen.entries()) {
    assert.deepEqual(
      [...frame.display.subarray(0, 2), ...frame.display.subarray(-2)],
      [0xff, 0xd8, 0xff, 0xd9],
    );
    if (n === 0) continue;
    const expected = (numbers[n]! - numbers[n - 1]!) / perSecond;
    assert.ok(
      Math.abs(frame.pts - seen[n - 1]!.pts - expected) < 0.0021,
      `${frame.pts - seen[n - 1]!.pts} s for ${expected} s`,
    );
    assert.ok(frame.time > seen[n - 1]!.time);
  }
  const { stream } = await feed.state('live');
  assert.deepEqual([stream.width, stream.height], [160, 96]);
}

describe('a live feed shows every picture with its own time from', { concurrency: 4 }, () => {
  it('MPEG-TS over UDP', async (t) => {
    const port = await freeUdpPort();
    const feed = watch(t, `udp://127.0.0.1:${port}`);
    await sendFile(t, clip, '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`);
    await assertShowsTheClip(feed);
  });

  it('MPEG-TS over RTP', async (t) => {
    const port = await freeUdpPort();
    const feed = watch(t, `rtp://127.0.0.1:${port}`);
    await sendFile(t, clip, '-f', 'rtp_mpegts', `rtp://127.0.0.1:${port}`);
    await assertShowsTheClip(feed);
  });

  it('SRT, when the source calls', async (t) => {
    const port = await freeUdpPort();
    const feed = watch(t, `srt://127.0.0.1:${port}?mode=listener`);
    await sendFile(t, clip, '-f', 'mpegts', `srt://127.0.0.1:${port}?pkt_size=1316`);
    await assertShowsTheClip(feed);
  });

  it('SRT, when the source is called', async (t) => {
    const port = await freeUdpPort();
    await sendFile(t, clip, '-f', 'mpegts', `srt://127.0.0.1:${port}?mode=listener&pkt_size=1316`);
    await assertShowsTheClip(watch(t, `srt://127.0.0.1:${port}`));
  });

  it('RTMP, when the source publishes', async (t) => {
    const port = await freeTcpPort();
    const feed = watch(t, `rtmp://127.0.0.1:${port}/live/road?listen=1`);
    await publishWhenListening(t, clip, `rtmp://127.0.0.1:${port}/live/road`);
    await assertShowsTheClip(feed);
  });

  it('RTMP, when it is pulled', async (t) => {
    const port = await freeTcpPort();
    await sendFile(t, clip, '-f', 'flv', '-listen', '1', `rtmp://127.0.0.1:${port}/live/road`);
    await assertShowsTheClip(watch(t, `rtmp://127.0.0.1:${port}/live/road`));
  });

  it('MPEG-TS over HTTP', async (t) => {
    const server = await startWebServer(t, async (request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp2t' });
      const sender = await sendFile(t, clip, '-f', 'mpegts', 'pipe:1');
      sender.stdout!.pipe(response);
      request.on('close', () => sender.kill('SIGKILL'));
    });
    await assertShowsTheClip(watch(t, `${server}/road`));
  });

  it('a playlist over HTTP (HLS), at its own pace', async (t) => {
    const playlist = join(temporaryFolder(t), 'road.m3u8');
    await sendFile(t, clip, '-f', 'hls', '-hls_time', '1', '-hls_list_size', '4', playlist);
    const server = await startWebServer(t, async (request, response) => {
      const body = await readFile(join(playlist, '..', request.url!)).catch(() => null);
      response.writeHead(body ? 200 : 404).end(body);
    });
    const feed = watch(t, `${server}/road.m3u8`);
    await assertShowsTheClip(feed);
    // A segment holds a second: at once, its frames would arrive within a few milliseconds.
    assert.ok(feed.frames[4]!.arrival - feed.frames[0]!.arrival > 150);
  });

  it('a program that writes to stdin', async (t) => {
    const input = createReadStream(clip);
    const feed = watch(t, '-', { stdin: input });
    await assertShowsTheClip(feed);
    const { reason } = await feed.state('failed');
    assert.equal(reason.code, 'FEED_UNREACHABLE');
  });

  for (const transport of ['tcp', 'udp'] as const) {
    it(
      `RTSP over ${transport.toUpperCase()}, from GStreamer's server`,
      { skip: rtspServerIsMissing() },
      async (t) => {
        const { port } = await startRtspServer(t);
        const feed = watch(t, `rtsp://127.0.0.1:${port}/road`, { transport });
        await feed.frame(() => feed.frames.length >= 8, 0);
        const { stream } = await feed.state('live');
        // The matrix is as GStreamer's encoder writes it.
        assert.deepEqual(
          { ...stream, framesPerSecond: null, colorSpace: null },
          {
            container: 'rtsp',
            codec: 'h264',
            width: 160,
            height: 96,
            framesPerSecond: null,
            colorSpace: null,
          },
        );
        for (const [n, { pts }] of feed.frames.slice(1, 8).entries())
          assert.ok(Math.abs(pts - feed.frames[n]!.pts - 1 / 15) < 0.01);
      },
    );
  }
});

it('a live feed shows a picture before the next one comes', async (t) => {
  const brief = await makeNumberedClip(join(folder, 'brief.flv'), {
    frames: 40,
    fps: 15,
    size: [160, 96],
    keyframes: 8,
  });
  const input = new PassThrough();
  t.after(() => input.destroy());
  const feed = watch(t, '-', { stdin: input });
  // And nothing after it.
  input.write(await readFile(brief));
  await Promise.race([feed.frame(() => feed.frames.length === 40, 0), feed.state('stalled')]);
  assert.deepEqual(
    feed.frames.map(({ images: [image] }) => readFrameNumber(image!, IMAGE.width, IMAGE.height)),
    Array.from({ length: 40 }, (_, n) => n),
  );
});

/** Pictures without times: they get those of their arrival. */
it("a live feed gives pictures of a camera's MJPEG page the time at which they come", async (t) => {
  const server = await startWebServer(t, async (request, response) => {
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace;boundary=frame' });
    const sender = await sendFile(
      t,
      clip,
      '-c:v',
      'mjpeg',
      '-f',
      'mpjpeg',
      '-boundary_tag',
      'frame',
      'pipe:1',
    );
    sender.stdout!.pipe(response);
    request.on('close', () => sender.kill('SIGKILL'));
  });
  const feed = watch(t, `${server}/video.mjpg`);
  await feed.frame(() => feed.frames.length >= 10, 0);
  for (const { pts, arrival } of feed.frames)
    assert.ok(Math.abs(arrival / 1000 - pts) < 1, `${arrival / 1000 - pts} s`);
  assert.ok(
    feed.frames.every(
      ({ images: [image] }) => readFrameNumber(image!, IMAGE.width, IMAGE.height) !== null,
    ),
  );
});
