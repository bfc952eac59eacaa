import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { cutRing } from '../../server/live/cut-ring.ts';
import { segmentTimes } from '../../server/live/segment-pictures.ts';
import { SegmentRing, type SegmentRingOptions } from '../../server/live/segment-ring.ts';
import { decodeVideo } from '../../server/video/decoder.ts';
import { makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { collect } from '../support/collect.ts';
import {
  freeUdpPort,
  kill,
  rtspServerIsMissing,
  sendFile,
  startRtspServer,
  startWebServer,
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

async function openRing(t: TestContext, options: Partial<SegmentRingOptions> = {}) {
  const parent = await mkdtemp(join(folder, 'ring-'));
  const ring = await SegmentRing.open({
    parent,
    maxBytes: 1 << 24,
    maxSeconds: 600,
    segmentSeconds: 0.5,
    ...options,
  });
  const feeds: WatchedFeed[] = [];
  t.after(async () => {
    await Promise.all(feeds.map(({ decoder }) => decoder.close()));
    await ring.close();
  });
  const record = (address: string, stallSeconds = 0.6): WatchedFeed => {
    const feed = watch(t, address, { ring, quietSeconds: 0.3, stallSeconds });
    feeds.push(feed);
    return feed;
  };
  const recordUdp = async (stallSeconds?: number) => {
    const port = await freeUdpPort();
    const feed = record(`udp://127.0.0.1:${port}`, stallSeconds);
    const send = (path = clip, offset = 0) =>
      sendFile(
        t,
        path,
        '-muxdelay',
        '0',
        '-output_ts_offset',
        String(offset),
        '-f',
        'mpegts',
        `udp://127.0.0.1:${port}?pkt_size=1316`,
      );
    return { feed, send };
  };
  const files = (): string[] =>
    readdirSync(parent, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(nut|mpegts)$/.test(name))
      .map((name) => join(parent, name))
      .sort();
  return { ring, parent, files, record, recordUdp };
}

const numberOf = (image: Uint8Array): number | null =>
  readFrameNumber(image, IMAGE.width, IMAGE.height);

describe('the recording of a live feed', { concurrency: 3 }, () => {
  it('gives every frame again, found by its feed time, while the feed goes on', async (t) => {
    const { ring, recordUdp } = await openRing(t);
    const { feed, send } = await recordUdp();
    await send();
    await feed.frame(() => feed.frames.length >= 30, 0);
    for (const { time, pts, images } of [3, 8, 9, 16, 24, 28].map((n) => feed.frames[n]!)) {
      const segment = ring.at(time)!;
      assert.ok(segment.start <= time + 1e-6 && time <= segment.end + 1e-6);
      const [frame] = await collect(
        decodeVideo({
          path: segment.path,
          images: [IMAGE],
          from: time - segment.offset,
          frames: 1,
        }),
      );
      assert.ok(Math.abs(frame!.pts - pts) < 1e-5, `${frame!.pts} for ${pts}`);
      assert.deepEqual(numberOf(frame!.images[0]!), numberOf(images[0]!));
    }
  });

  it('becomes one file, whose timestamps are those of the feed, across a loss of the signal', async (t) => {
    const { ring, recordUdp } = await openRing(t);
    const { feed, send } = await recordUdp();
    const sender = await send(clip, 30);
    await feed.frame(() => feed.frames.length >= 30, 0);
    await kill(sender);
    await feed.state('reconnecting');
    const before = feed.frames.length;
    await send();
    await feed.frame(() => feed.frames.length >= before + 20, 0);
    const output = join(folder, 'cut.mp4');
    const last = feed.frames.at(-1)!.time;
    const cut = await cutRing(ring, {
      start: feed.frames[12]!.time,
      end: last,
      around: last,
      output,
    });
    const decoded = await collect(decodeVideo({ path: output, images: [IMAGE] }));
    const expected = feed.frames.filter(({ time }) => time >= cut.start - 1e-4 && time <= last);
    assert.ok(expected.length > 30 && expected.some(({ sequence }) => sequence === before));
    for (const { time, images } of expected) {
      const frame = decoded.reduce((nearest, each) =>
        Math.abs(each.pts + cut.start - time) < Math.abs(nearest.pts + cut.start - time)
          ? each
          : nearest,
      );
      assert.ok(
        Math.abs(frame.pts + cut.start - time) < 0.002,
        `${frame.pts + cut.start - time} s`,
      );
      assert.equal(numberOf(frame.images[0]!), numberOf(images[0]!));
    }
  });

  it('begins with the next keyframe where the stream is joined between two', async (t) => {
    const { ring, recordUdp } = await openRing(t);
    const sparse = await makeNumberedClip(join(folder, 'sparse.ts'), {
      frames: 150,
      fps: 15,
      size: [160, 96],
      keyframes: 24,
    });
    // However long the next sender takes to come up, it is not opened again for that.
    const { feed, send } = await recordUdp(120);
    const sender = await send(sparse);
    const { pts: begin } = await feed.frame();
    // Far enough for the next one's beginning to be a jump.
    await feed.frame(({ pts }) => pts > begin + 1.2);
    await kill(sender);
    await send(sparse);
    // Its timestamps jump back, and the keyframe that told so is gone: opened without looking, and
    // once more.
    const { connection, time } = await feed.frame(({ connection: opened }) => opened > 1);
    assert.ok(connection <= 3, `opened ${connection} times`);
    while (!ring.at(time)) await feed.frame();
  });

  it(
    'is made of RTSP with B-frames too, whose first packet comes without a time',
    { skip: rtspServerIsMissing() },
    async (t) => {
      const { ring, record } = await openRing(t);
      const { port } = await startRtspServer(
        t,
        0,
        await makeNumberedClip(join(folder, 'reordered.mp4'), {
          frames: 300,
          fps: 15,
          size: [160, 96],
          keyframes: 16,
          bFrames: 2,
        }),
      );
      const feed = record(`rtsp://127.0.0.1:${port}/road`);
      await feed.frame(() => feed.frames.length >= 45, 0);
      const kept = feed.frames.filter(
        ({ connection }) => connection === feed.frames.at(-1)!.connection,
      );
      for (const [index, { pts, images }] of kept.entries()) {
        const number = numberOf(images[0]!)! - numberOf(kept[0]!.images[0]!)!;
        assert.ok(
          number === index && Math.abs(pts - kept[0]!.pts - number / 15) < 1e-3,
          `frame ${index} is ${number}, ${pts - kept[0]!.pts} s after the first`,
        );
      }
      assert.equal(feed.decoder.counters.damaged, 0);
      for (const { time, pts, images } of [2, 9, 20, 33].map((n) => feed.frames[n]!)) {
        const segment = ring.at(time)!;
        const [frame] = await collect(
          decodeVideo({
            path: segment.path,
            images: [IMAGE],
            from: time - segment.offset - 1e-3,
            frames: 1,
          }),
        );
        assert.ok(Math.abs(frame!.pts - pts) < 1e-4, `${frame!.pts} for ${pts}`);
        assert.equal(numberOf(frame!.images[0]!), numberOf(images[0]!));
      }
    },
  );

  it('is found by its feed time however long the stream runs: MPEG-TS counts anew after 26 hours', async (t) => {
    const { ring, recordUdp } = await openRing(t);
    const { feed, send } = await recordUdp();
    await send(clip, 2 ** 33 / 90_000 - 2.5);
    await feed.frame(() => feed.frames.length >= 60, 0);
    for (const n of [5, 55]) {
      const { time, images } = feed.frames[n]!;
      const segment = ring.at(time)!;
      const [frame] = await collect(
        decodeVideo({
          path: segment.path,
          images: [IMAGE],
          from: time - segment.offset - 1e-3,
          frames: 1,
        }),
      );
      assert.equal(numberOf(frame!.images[0]!), numberOf(images[0]!), `frame ${n}`);
    }
  });

  it('does not join what was filmed in different sizes', async (t) => {
    const { ring, recordUdp } = await openRing(t);
    const large = await makeNumberedClip(join(folder, 'large.ts'), {
      frames: 300,
      fps: 15,
      size: [320, 180],
      keyframes: 8,
    });
    const { feed, send } = await recordUdp();
    const sender = await send();
    await feed.frame(() => feed.frames.length >= 20, 0);
    await kill(sender);
    const seen = feed.states.length;
    const small = feed.frames.at(-1)!;
    await send(large);
    await feed.state('live', seen);
    const { length } = feed.frames;
    await feed.frame(() => feed.frames.length >= length + 10, 0);
    const [start, end] = [feed.frames[2]!.time, feed.frames.at(-1)!.time];
    const heights = [];
    for (const around of [start, end]) {
      const cut = await cutRing(ring, {
        start,
        end,
        around,
        output: join(folder, `size-${heights.length}.mp4`),
      });
      assert.equal(cut.start < small.time, around === start);
      heights.push(
        (
          await collect(
            decodeVideo({
              path: join(folder, `size-${heights.length}.mp4`),
              images: [IMAGE],
              display: { maxWidth: 640, quality: 5 },
            }),
          )
        ).length,
      );
    }
    assert.ok(
      heights.every((frames) => frames > 5),
      heights.join(' '),
    );
  });

  it('keeps to its time, the oldest going first', async (t) => {
    const { ring, files, recordUdp } = await openRing(t, { maxSeconds: 1.5 });
    const { feed, send } = await recordUdp();
    await send();
    const first = await feed.frame();
    await feed.frame(() => (ring.range?.start ?? 0) > first.time + 1, 0);
    assert.ok(ring.range!.end - ring.range!.start < 4);
    assert.ok(files().length <= 5, files().join(' '));
    assert.equal(ring.at(first.time), null);
  });

  it('keeps to its size, except for what somebody holds', async (t) => {
    const { ring, files, recordUdp } = await openRing(t, { maxBytes: 10_000 });
    const { feed, send } = await recordUdp();
    await send();
    const first = await feed.frame(() => ring.between(0, Infinity).length > 1, 0);
    const held = ring.between(0, Infinity).slice(0, 1);
    const release = ring.hold(held);
    await feed.frame(
      () =>
        ring.range!.start >= held[0]!.start &&
        ring.between(held[0]!.end + 0.01, Infinity).length > 0 &&
        ring.between(0, Infinity)[1]!.start > held[0]!.end + 0.01,
      0,
    );
    assert.ok(existsSync(held[0]!.path), 'held');
    release();
    await feed.frame(() => !existsSync(held[0]!.path));
    const total = files().reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    assert.ok(total < 30_000, `${total} bytes`);
    assert.ok(first.time < ring.range!.start);
  });

  it('holds MJPEG without times too', async (t) => {
    const { ring, record } = await openRing(t);
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
    const feed = record(`${server}/video.mjpg`);
    await feed.frame(() => feed.frames.length >= 30, 0);
    const { time, images } = feed.frames[10]!;
    const segment = ring.at(time)!;
    const [frame] = await collect(
      decodeVideo({
        path: segment.path,
        images: [IMAGE],
        from: time - segment.offset - 1e-4,
        frames: 1,
      }),
    );
    assert.equal(numberOf(frame!.images[0]!), numberOf(images[0]!));
    const held = await Promise.all(ring.between(0, Infinity).slice(0, 4).map(segmentTimes));
    const most = Math.max(...held.map(({ length }) => length));
    assert.ok(most > 1, 'a file for every picture');
  });

  it(
    'holds what RTSP brings, which need not begin with a keyframe',
    { skip: rtspServerIsMissing() },
    async (t) => {
      const { ring, record } = await openRing(t);
      const { port } = await startRtspServer(t);
      // Somebody else watches already.
      await watch(t, `rtsp://127.0.0.1:${port}/road`).frame();
      const feed = record(`rtsp://127.0.0.1:${port}/road`);
      await feed.frame(() => feed.frames.length >= 30, 0);
      const { time } = feed.frames[25]!;
      const cut = await cutRing(ring, {
        start: feed.frames[0]!.time,
        end: time,
        around: time,
        output: join(folder, 'rtsp.mp4'),
      });
      const decoded = await collect(
        decodeVideo({ path: join(folder, 'rtsp.mp4'), images: [IMAGE] }),
      );
      // RTSP may give the first packet no time; the recording then has it together with the second.
      for (const frame of feed.frames.slice(2, 25)) {
        const nearest = Math.min(
          ...decoded.map(({ pts }) => Math.abs(pts + cut.start - frame.time)),
        );
        assert.ok(nearest < 0.002, `frame ${frame.sequence}: ${nearest} s`);
      }
    },
  );

  it('is gone with the feed, and so is what a process left that is no more', async (t) => {
    const { ring, parent, recordUdp } = await openRing(t);
    // Linux has no process of that number.
    const leftover = join(parent, 'roadgaze-live-99999999-abc');
    await mkdir(leftover);
    await (await SegmentRing.open({ parent, maxBytes: 1e6, maxSeconds: 10 })).close();
    assert.ok(!existsSync(leftover));
    const { feed, send } = await recordUdp();
    await send();
    await feed.frame();
    await feed.decoder.close();
    await ring.close();
    assert.deepEqual(readdirSync(parent), []);
  });

  it('says so where nothing is recorded, or the file cannot be written', async (t) => {
    const { ring, recordUdp } = await openRing(t);
    await assert.rejects(
      cutRing(ring, { start: 0, end: 1, around: 1, output: join(folder, 'none.mp4') }),
      (error) => error instanceof RoadgazeError && error.code === 'FEED_STALLED',
    );
    const { feed, send } = await recordUdp();
    await send();
    const { time } = await feed.frame(() => ring.range !== null);
    await assert.rejects(
      cutRing(ring, {
        start: time - 1,
        end: time,
        around: time,
        output: join(folder, 'nowhere', 'a.mp4'),
      }),
      (error) => error instanceof RoadgazeError && error.code === 'OUTPUT_NOT_WRITABLE',
    );
  });
});
