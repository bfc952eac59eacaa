import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { parseFeedAddress } from '../../server/live/feed-address.ts';
import {
  LiveFeed,
  type ExplainedLiveFrame,
  type LiveFeedOptions,
} from '../../server/live/live-feed.ts';
import { feedMetrics } from '../../server/live/metrics.ts';
import { openSignalSocket } from '../../server/live/signal-socket.ts';
import { makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { until as holds } from '../support/until.ts';
import { freeUdpPort, rtspServerIsMissing, sendFile, startClockServer } from './support/sources.ts';
import { decoderProcesses, DISPLAY, IMAGE } from './support/watch.ts';

let folder: string;
let clip: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadgaze-test-'));
  clip = await makeNumberedClip(join(folder, 'source.ts'), {
    frames: 600,
    fps: 30,
    size: [160, 96],
    keyframes: 8,
  });
});
after(() => rm(folder, { recursive: true, force: true }));

type Read = number | null;
const read = (images: readonly Uint8Array[]): Read =>
  readFrameNumber(images[0]!, IMAGE.width, IMAGE.height);

async function open(
  t: TestContext,
  explain: LiveFeedOptions<Read>['explain'],
  workers = 1,
  reach = 0,
) {
  const port = await freeUdpPort();
  const feed = await LiveFeed.open<Read>({
    name: 'front',
    address: parseFeedAddress(`udp://127.0.0.1:${port}`),
    images: [IMAGE],
    display: DISPLAY,
    explain,
    workers,
    reach,
    ring: { maxBytes: 1 << 22, maxSeconds: 60 },
  });
  t.after(() => feed.close());
  await sendFile(t, clip, '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`);
  return { feed, port };
}

/** What a subscriber gets, and a promise for when it has got so many frames. */
function subscribe(feed: LiveFeed<Read>) {
  const frames: ExplainedLiveFrame<Read>[] = [];
  let wake = (): void => {};
  const leave = feed.subscribe({ frame: (frame) => (frames.push(frame), wake()), state: () => {} });
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (frames.length >= count) resolve();
      };
      wake();
    });
  return { frames, leave, until };
}

describe('a live feed', { concurrency: 2 }, () => {
  it('decodes and explains each frame once for all who watch', async (t) => {
    let explained = 0;
    const { feed, port } = await open(t, async (images) => (explained++, read(images)));
    const [a, b] = [subscribe(feed), subscribe(feed)];
    await Promise.all([a.until(20), b.until(20)]);
    assert.equal(a.frames[5], b.frames[5]);
    assert.ok(a.frames.every(({ explanation }) => explanation !== null));
    assert.equal(explained, feed.snapshot().explained);
    assert.equal(decoderProcesses(`:${port}`).length, 1);
    a.leave();
    const left = a.frames.length;
    await b.until(b.frames.length + 5);
    assert.equal(a.frames.length, left);
    assert.equal(feed.latest, b.frames.at(-1));
  });

  it('explains the newest frame when the network is too slow, and counts the others', async (t) => {
    const opened: { feed?: LiveFeed<Read> } = {};
    const decoded = () => opened.feed?.snapshot().decoded ?? 0;
    const behind: number[][] = [];
    const explain: LiveFeedOptions<Read>['explain'] = async (images, _, { older }) => {
      const number = read(images);
      behind.push(older.map((frame) => (number! - read(frame.images)! + 600) % 600));
      // Three come meanwhile.
      const before = decoded();
      await holds(() => decoded() >= before + 3 || opened.feed?.state.name === 'closed');
      return number;
    };
    const { feed } = await open(t, explain, 1, 2);
    opened.feed = feed;
    const { frames, until } = subscribe(feed);
    await until(12);
    const { dropped, explained, decoded: all } = feed.snapshot();
    assert.ok(
      dropped.inference > explained,
      `${dropped.inference} dropped, ${explained} explained`,
    );
    // What came before is told, also where nobody explained it.
    for (const steps of behind.slice(2))
      if (dropped.decode === 0) assert.deepEqual(steps, [1, 2]);
      else assert.ok(steps.length === 2 && 0 < steps[0]! && steps[0]! < steps[1]!);
    // One is explained, and one may wait.
    assert.ok(all - dropped.inference - dropped.decode - explained <= 2);
    for (const [n, { time }] of frames.slice(1).entries()) assert.ok(time > frames[n]!.time);
    for (const { sequence, explanation } of frames)
      assert.equal(
        (explanation! - frames[0]!.explanation! + 600) % 600,
        sequence - frames[0]!.sequence,
      );
  });

  it('goes on when a frame cannot be explained', async (t) => {
    let call = 0;
    const { feed } = await open(t, async (images) => {
      if (++call === 3) throw new Error('no');
      return read(images);
    });
    await subscribe(feed).until(8);
    const { inferenceErrors, lastInferenceError } = feed.snapshot();
    assert.deepEqual([inferenceErrors, lastInferenceError?.code], [1, 'INTERNAL']);
  });

  it('joins driving signals to its frames', async (t) => {
    const { feed } = await open(t, async (images) => read(images));
    const socket = await openSignalSocket(feed.signals, { port: 0 });
    t.after(() => socket.close());
    const sender = createSocket('udp4');
    const sent: number[] = [];
    const timer = setInterval(() => {
      const t = performance.now();
      sender.send(
        JSON.stringify({ t: t / 1000, steering: sent.push(t) - 1, speed: 10 }),
        socket.port,
        '127.0.0.1',
      );
    }, 20);
    t.after(() => {
      clearInterval(timer);
      sender.close();
    });
    const { frames } = subscribe(feed);
    const joined = () => frames.filter(({ driven }) => driven !== null);
    const steerings = () => joined().map(({ driven }) => driven!.steering!);
    // From one frame to the next it may go back, where a faster one shows when the others came.
    await holds(() => joined().length >= 10 && steerings().at(-1)! >= steerings()[0]! + 5);
    for (const { driven, explainedAt } of joined()) {
      assert.equal(driven!.speed, 10);
      assert.ok(performance.timeOrigin + sent[driven!.steering!]! <= explainedAt + 1);
    }
    // A signal says nothing of a picture that was taken more than a second later.
    for (const { time, driven } of joined())
      assert.ok(time >= driven!.time && time - driven!.time <= 1);
  });

  it('tells Prometheus what it does', async (t) => {
    const { feed } = await open(t, async (images) => read(images));
    await subscribe(feed).until(5);
    feed.countViewerDrops(3);
    feed.notePainted({ arrival: performance.timeOrigin + performance.now() - 40, takenAt: null });
    const registry = feedMetrics(() => [feed.snapshot()]);
    const text = await registry.metrics();
    assert.match(registry.contentType, /^text\/plain/);
    for (const line of [
      /^# TYPE roadgaze_feed_decoded_frames_total counter$/m,
      /^roadgaze_feed_explained_frames_total\{feed="front"\} \d+$/m,
      /^roadgaze_feed_dropped_frames_total\{feed="front",stage="viewer"\} 3$/m,
      /^roadgaze_feed_state\{feed="front",state="live"\} 1$/m,
      /^roadgaze_feed_state\{feed="front",state="stalled"\} 0$/m,
      /^roadgaze_feed_source_clock\{feed="front",state="none"\} 1$/m,
    ])
      assert.match(text, line);
    assert.doesNotMatch(text, /^roadgaze_feed_source_delay_seconds\{/m);
    const painted = /^roadgaze_feed_delay_seconds\{.*stage="painted",quantile="0.95"\} (\S+)$/m;
    assert.ok(Number(painted.exec(text)![1]) >= 0.04, 'in seconds, since the picture arrived');
    const again = await registry.metrics();
    assert.ok(
      Number(/explained_frames_total\{feed="front"\} (\d+)/.exec(again)![1]) <=
        feed.snapshot().explained,
      'counts are not added up at every look',
    );
  });

  it(
    'tells the delay since the source took a picture, where the stream says when',
    { skip: rtspServerIsMissing() },
    async (t) => {
      const { address } = await startClockServer(
        t,
        'x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=8',
        'rtph264pay config-interval=1',
      );
      const feed = await LiveFeed.open({
        name: 'front',
        address: parseFeedAddress(address),
        images: [IMAGE],
        display: DISPLAY,
        workers: 1,
        ring: null,
        explain: async () => null,
      });
      t.after(() => feed.close());
      await new Promise<void>((resolve) => {
        feed.subscribe({
          state: () => {},
          frame: (frame) => {
            feed.notePainted(frame);
            if (frame.takenAt !== null) resolve();
          },
        });
      });
      const { sourceClock, sourceDelay, delay } = feed.snapshot();
      assert.deepEqual(sourceClock, { name: 'synchronized' });
      assert.ok(
        sourceDelay.arrival!.p50 > 0 &&
          sourceDelay.painted!.p50 >= sourceDelay.arrival!.p50 &&
          sourceDelay.painted!.p50 > delay.painted!.p50,
      );
      const text = await feedMetrics(() => [feed.snapshot()]).metrics();
      for (const line of [
        /^roadgaze_feed_source_clock\{feed="front",state="synchronized"\} 1$/m,
        /^roadgaze_feed_source_delay_seconds\{feed="front",stage="arrival",quantile="0.5"\} \d/m,
        /^roadgaze_feed_source_delay_seconds\{feed="front",stage="painted",quantile="0.95"\} \d/m,
      ])
        assert.match(text, line);
    },
  );

  it('closes while it explains, and gives nothing more', async (t) => {
    let calls = 0;
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const { feed, port } = await open(t, async (images) => {
      if (++calls === 3) await finished;
      return read(images);
    });
    const { frames, until } = subscribe(feed);
    await until(2);
    await holds(() => calls === 3);
    const closing = feed.close();
    finish();
    await closing;
    assert.deepEqual(decoderProcesses(`:${port}`), []);
    assert.deepEqual([frames.length, calls], [3, 3]);
    assert.equal(feed.state.name, 'closed');
  });
});
