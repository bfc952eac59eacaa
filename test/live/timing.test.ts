import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FeedSnapshot } from '../../server/live/live-feed.ts';
import { feedMetrics } from '../../server/live/metrics.ts';
import { FeedClock } from '../../server/live/feed-clock.ts';
import { MinimumDelay } from '../../server/live/minimum-delay.ts';
import { NewestFirst } from '../../server/live/newest-first.ts';
import { RateMeter } from '../../server/live/rate-meter.ts';
import { reconnectDelay } from '../../server/live/reconnect-delay.ts';
import { SegmentRows, type SegmentRow } from '../../server/live/segment-rows.ts';
import { SlidingPercentiles } from '../../server/live/sliding-percentiles.ts';
import { StreamLines } from '../../server/live/stream-lines.ts';

describe('newest first', () => {
  function queue(limit: number) {
    const running = new Map<number, (result: string) => void>();
    const failing = new Map<number, (error: Error) => void>();
    const log: string[] = [];
    const work = new NewestFirst<number, string>(
      limit,
      (item) =>
        new Promise((resolve, reject) => {
          running.set(item, resolve);
          failing.set(item, reject);
        }),
      {
        done: (item) => log.push(`done ${item}`),
        dropped: (item) => log.push(`dropped ${item}`),
        failed: (item) => log.push(`failed ${item}`),
      },
    );
    const settle = async (item: number): Promise<void> => {
      running.get(item)!('');
      running.delete(item);
      await new Promise(setImmediate);
    };
    return { work, running, failing, log, settle };
  }

  it('lets a newer item take the place of the one that waits, and tells of it', async () => {
    const { work, running, log, settle } = queue(1);
    for (const item of [1, 2, 3, 4]) work.offer(item);
    assert.deepEqual([...running.keys()], [1]);
    await settle(1);
    assert.deepEqual([...running.keys()], [4]);
    await settle(4);
    assert.deepEqual(log, ['dropped 2', 'dropped 3', 'done 1', 'done 4']);
  });

  it('runs no more than the limit, and drops a result that a newer one has overtaken', async () => {
    const { work, running, log, settle } = queue(2);
    for (const item of [1, 2, 3]) work.offer(item);
    assert.deepEqual([...running.keys()], [1, 2]);
    await settle(2);
    assert.deepEqual([...running.keys()], [1, 3]);
    await settle(1);
    await settle(3);
    assert.deepEqual(log, ['done 2', 'dropped 1', 'done 3']);
  });

  it('goes on after a failure', async () => {
    const { work, failing, log, settle } = queue(1);
    work.offer(1);
    work.offer(2);
    failing.get(1)!(new Error('no'));
    await new Promise(setImmediate);
    await settle(2);
    assert.deepEqual(log, ['failed 1', 'done 2']);
  });

  it('closes when what runs has ended, without a word', async () => {
    const { work, log, settle } = queue(1);
    work.offer(1);
    work.offer(2);
    const closed = work.close();
    await settle(1);
    await closed;
    work.offer(3);
    assert.deepEqual(log, []);
  });
});

describe('the clock of a feed', () => {
  it('runs as the stream does, from the arrival of its first picture', () => {
    const clock = new FeedClock();
    clock.startConnection();
    assert.deepEqual([clock.time(7, 1_000_000), clock.time(7.5, 1_000_900)], [1000, 1000.5]);
    assert.equal(clock.offset, 993);
  });

  it('never goes back when the stream begins anew', () => {
    const clock = new FeedClock();
    clock.startConnection();
    clock.time(0, 1_000_000);
    const last = clock.time(10, 1_004_000);
    clock.startConnection();
    assert.ok(clock.time(0, 1_005_000) > last);
  });
});

describe('the offset between clocks', () => {
  it('is the smallest difference of the last minute', () => {
    const delay = new MinimumDelay();
    assert.equal(delay.offset, null);
    assert.equal(delay.add(0, 100.3), 0);
    assert.ok(Math.abs(delay.add(1, 101.1)) < 1e-9);
    assert.ok(Math.abs(delay.add(2, 102.4) - 0.3) < 1e-9);
    assert.ok(Math.abs(delay.offset! - 100.1) < 1e-9);
    // A clock that drifts: the old minimum is forgotten.
    for (let s = 3; s < 130; s++) delay.add(s, s + 100.5);
    assert.ok(Math.abs(delay.offset! - 100.5) < 1e-9);
  });
});

describe('statistics', () => {
  it('give nearest-rank percentiles of the last values', () => {
    const values = new SlidingPercentiles(100);
    assert.equal(values.summary(), null);
    for (let value = 1; value <= 250; value++) values.add(value);
    assert.deepEqual(values.summary(), { count: 100, p50: 200, p95: 245 });
    const few = new SlidingPercentiles(100);
    for (const value of [9, 5, 7]) few.add(value);
    assert.deepEqual(few.summary(), { count: 3, p50: 7, p95: 9 });
  });

  it('give rates of the last two seconds', () => {
    const meter = new RateMeter();
    assert.equal(meter.rate(0), 0);
    for (let time = 0; time <= 5000; time += 40) meter.add(time);
    assert.equal(meter.rate(5000), 25);
    assert.equal(meter.rate(60_000), 0);
  });
});

it('pauses between attempts grow, stay below a second and a half while somebody may watch, and differ', () => {
  const longest = [1, 2, 3, 4, 5, 40].map((attempt) => reconnectDelay(attempt, 1000, () => 0));
  assert.deepEqual(longest.map(Math.round), [200, 360, 648, 1166, 1500, 1500]);
  assert.equal(
    reconnectDelay(1, 1000, () => 1),
    150,
  );
  assert.equal(
    reconnectDelay(40, 3_600_000, () => 0),
    10_000,
  );
});

describe('what ffmpeg says', () => {
  it('about the stream is read from its log', () => {
    const told: unknown[] = [];
    const lines = new StreamLines({
      opened: (source) => told.push(source),
      pictures: (info) => told.push(info),
      segment: (ticks) => told.push(ticks),
    });
    for (const line of [
      "[info] Input #0, mpegts, from 'udp://127.0.0.1:5000':",
      '[info]   Stream #0:1[0x101]: Audio: aac (LC), 48000 Hz, stereo, fltp',
      '[info]   Stream #0:0[0x100]: Video: h264 (Constrained Baseline) ([27][0][0][0] / 0x001B), yuv420p(progressive), 640x360 [SAR 1:1 DAR 16:9], 29.97 fps, 29.97 tbr, 90k tbn',
      '[info]   Stream #0:0: Video: rawvideo (RGB[24] / 0x18424752), rgb24, 64x36, 15 fps, 90k tbn',
      "[segment @ 0x55] [verbose] segment:'/tmp/a-000000.nut' starts with packet stream:0 pts:126000 pts_time:1.4 frame:0",
      '[graph 0 input from stream 0:0 @ 0x55] [verbose] w:640 h:360 pixfmt:yuv420p tb:1/90000 fr:15/1 sar:1/1',
    ])
      lines.add(line);
    assert.deepEqual(told, [
      { container: 'mpegts', codec: 'h264' },
      126000,
      {
        container: 'mpegts',
        codec: 'h264',
        width: 640,
        height: 360,
        framesPerSecond: 29.97,
        colorSpace: 'unknown',
      },
    ]);
  });

  it('reads a rate in thousands', () => {
    const rates: unknown[] = [];
    const lines = new StreamLines({
      opened: () => {},
      pictures: ({ framesPerSecond }) => rates.push(framesPerSecond),
      segment: () => {},
    });
    for (const line of [
      "[info] Input #0, mjpeg, from 'http://cam/x':",
      '[info]   Stream #0:0: Video: mjpeg (Baseline), yuvj420p(pc), 640x360, 1.2k fps, 1200k tbn',
      '[graph 0 input from stream 0:0 @ 0x55] [verbose] w:640 h:360 pixfmt:yuv420p tb:1/90000 fr:15/1 sar:1/1',
    ])
      lines.add(line);
    assert.deepEqual(rates, [1200]);
  });

  it('tells the matrix of its colours', () => {
    for (const [format, colorSpace] of [
      ['yuv420p(tv, bt709, progressive)', 'bt709'],
      ['yuv420p(tv, bt470bg/unknown/bt709)', 'bt470bg'],
      ['yuvj420p(pc, progressive)', 'unknown'],
      ['yuv420p', 'unknown'],
      ['yuv420p10le(tv, bt2020nc/bt2020/arib-std-b67)', 'bt2020nc'],
    ]) {
      const told: string[] = [];
      const lines = new StreamLines({
        opened: () => {},
        pictures: (info) => told.push(info.colorSpace),
        segment: () => {},
      });
      lines.add("[info] Input #0, mpegts, from 'udp://127.0.0.1:5000':");
      lines.add(
        `[info]   Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), ${format}, 640x360 [SAR 1:1 DAR 16:9], 30 fps, 30 tbr, 90k tbn`,
      );
      lines.add(
        '[graph 0 input from stream 0:0 @ 0x55] [verbose] w:640 h:360 pixfmt:yuv420p tb:1/90000 fr:30/1 sar:1/1',
      );
      assert.deepEqual(told, [colorSpace], format);
    }
  });

  it('about segments is read however its list is cut', () => {
    const text = 'a-000000.nut,0.000000,2.400000\na-000001.nut,2.400000,4.400000\n';
    for (let cut = 0; cut <= text.length; cut++) {
      const rows: SegmentRow[] = [];
      const reader = new SegmentRows((row) => rows.push(row));
      reader.add(Buffer.from(text.slice(0, cut)));
      reader.add(Buffer.from(text.slice(cut)));
      assert.deepEqual(rows, [
        { number: 0, start: 0, end: 2.4 },
        { number: 1, start: 2.4, end: 4.4 },
      ]);
    }
  });
});

it('metrics are the numbers of each feed as they are, delays in seconds, and nothing for what is not known', async () => {
  const feed: FeedSnapshot = {
    name: 'front',
    label: '',
    state: { name: 'stalled' } as FeedSnapshot['state'],
    decoded: 1201,
    explained: 1102,
    dropped: { decode: 3, inference: 96, viewer: 7 },
    damaged: 4,
    inferenceErrors: 5,
    lastInferenceError: null,
    reconnects: 6,
    subscribers: 2,
    decodeRate: 29.5,
    inferenceRate: 27.25,
    delay: {
      lag: { count: 9, p50: 12, p95: 250 },
      explained: { count: 9, p50: 40, p95: 1500 },
      painted: null,
    },
    sourceClock: { name: 'synchronized' },
    sourceDelay: { arrival: { count: 1, p50: 8, p95: 16 }, painted: null },
    recording: { bytes: 4096, start: null, end: null, failure: null },
    signals: { received: 11, rejected: 13 } as FeedSnapshot['signals'],
  };
  const other: FeedSnapshot = {
    ...feed,
    name: 'rear',
    state: { name: 'live' } as FeedSnapshot['state'],
    recording: null,
    delay: { lag: null, explained: null, painted: null },
    sourceClock: { name: 'none' },
    sourceDelay: { arrival: null, painted: null },
  };
  const registry = feedMetrics(() => [feed, other]);
  await registry.metrics();
  const lines = (await registry.metrics()).split('\n').filter((line) => /^roadgaze/.test(line));
  const of = (name: string) =>
    lines
      .filter((line) => line.includes(`feed="${name}"`))
      .map((line) =>
        line
          .replace(/^roadgaze_feed_/, '')
          .replace(`{feed="${name}"}`, '')
          .replace(`feed="${name}",`, ''),
      )
      .sort();
  const states = (now: string) =>
    ['connecting', 'live', 'stalled', 'reconnecting', 'failed', 'closed'].map(
      (state) => `state{state="${state}"} ${state === now ? 1 : 0}`,
    );
  const clocks = (now: string) =>
    ['none', 'synchronized', 'unsynchronized'].map(
      (state) => `source_clock{state="${state}"} ${state === now ? 1 : 0}`,
    );
  const numbers = [
    'decoded_frames_total 1201',
    'explained_frames_total 1102',
    'dropped_frames_total{stage="decode"} 3',
    'dropped_frames_total{stage="inference"} 96',
    'dropped_frames_total{stage="viewer"} 7',
    'damage_total 4',
    'inference_errors_total 5',
    'reconnects_total 6',
    'signals_total{result="received"} 11',
    'signals_total{result="rejected"} 13',
    'decode_rate 29.5',
    'inference_rate 27.25',
    'subscribers 2',
  ];
  assert.deepEqual(
    of('front'),
    [
      ...numbers,
      ...states('stalled'),
      ...clocks('synchronized'),
      'recording_bytes 4096',
      'delay_seconds{stage="lag",quantile="0.5"} 0.012',
      'delay_seconds{stage="lag",quantile="0.95"} 0.25',
      'delay_seconds{stage="explained",quantile="0.5"} 0.04',
      'delay_seconds{stage="explained",quantile="0.95"} 1.5',
      'source_delay_seconds{stage="arrival",quantile="0.5"} 0.008',
      'source_delay_seconds{stage="arrival",quantile="0.95"} 0.016',
    ].sort(),
  );
  assert.deepEqual(of('rear'), [...numbers, ...states('live'), ...clocks('none')].sort());
  assert.equal(lines.length, of('front').length + of('rear').length);
});
