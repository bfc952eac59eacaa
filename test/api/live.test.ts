import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { FeedStatus } from '../../shared/protocol/summaries.ts';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';
import { parseWebhookUrl, Webhook } from '../../server/alerts/webhook.ts';
import type { ServerOptions } from '../../server/api/server.ts';
import {
  freeTcpPort,
  freeUdpPort,
  kill,
  publishWhenListening,
  sendFile,
  startWebServer,
} from '../live/support/sources.ts';
import { decoderProcesses } from '../live/support/watch.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { smallDisk, withoutMounts } from '../support/small-disk.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { maskNumber, Viewer, type SeenFrame } from './support/viewer.ts';

let folder: string;
let clip: string;
let network: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadgaze-test-'));
  clip = await makeNumberedClip(join(folder, 'source.ts'), {
    frames: 600,
    fps: 15,
    size: [160, 96],
    keyframes: 8,
  });
  network = await writeReadingNetwork(folder);
});
after(() => rm(folder, { recursive: true, force: true }));

/** A road that attention is never on. */
const CORNER = {
  kind: 'polygon',
  points: [
    [0, 0.9],
    [0.1, 0.9],
    [0.1, 1],
    [0, 1],
  ],
} as const;

async function start(t: TestContext, options: Partial<ServerOptions> = {}) {
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
      stallSeconds: 0.6,
      clips: null,
    },
    ...options,
  });
  const connect = async () => {
    const viewer = await Viewer.connect(server);
    t.after(() => viewer.close());
    return viewer;
  };
  return { server, connect };
}

async function udpSource(t: TestContext) {
  const port = await freeUdpPort();
  const send = () =>
    sendFile(t, clip, '-muxdelay', '0', '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`);
  return { port, send, address: `udp://127.0.0.1:${port}` };
}

async function addFeed(viewer: Viewer, address: string, name?: string): Promise<string> {
  viewer.send({ type: 'add-feed', address, ...(name === undefined ? {} : { name }) });
  const { feed } = await viewer.message('feed-added');
  return feed;
}

const stateOf = (viewer: Viewer, name: FeedStatus['name'], since = 0) =>
  viewer.message('feed-state', ({ state }) => state.name === name, since);

/** The number in the mask is the one that the network read: both are of the same picture. */
function checkFrame(frame: SeenFrame): number {
  const number = maskNumber(frame);
  assert.notEqual(number, null);
  assert.equal(frame.steering, number);
  assert.deepEqual(
    frame.parts.map(({ kind }) => kind),
    ['picture', 'mask'],
  );
  assert.ok(frame.parts[0]!.width === 160 && frame.parts[0]!.height === 96);
  return number!;
}

describe("live feeds on the page's connection", { concurrency: 2 }, () => {
  it('shows frames with their masks, tells when the source is gone, and shows it again when it is back', async (t) => {
    const { connect } = await start(t);
    const { address, send } = await udpSource(t);
    const viewer = await connect();
    const feed = await addFeed(viewer, address, 'front');
    const sender = await send();
    viewer.send({ type: 'watch', feed });
    const watching = await viewer.openedFeed();
    assert.deepEqual(
      [watching.feed.name, watching.network.id, watching.network.methods, watching.road.kind],
      ['front', 'reading', ['visualbackprop'], 'none'],
    );
    const live = await stateOf(viewer, 'live');
    assert.ok(
      live.state.name === 'live' &&
        live.state.stream.width === 160 &&
        live.state.stream.codec === 'h264',
    );
    await viewer.until(() => viewer.frames.length >= 12);
    const numbers = viewer.frames.map(checkFrame);
    for (const [index, { frame, pts }] of viewer.frames.slice(1).entries()) {
      const before = viewer.frames[index]!;
      assert.ok(frame > before.frame && pts > before.pts);
      assert.equal((numbers[index + 1]! - numbers[index]! + 600) % 600, frame - before.frame);
    }
    const rows = await viewer.message('feed-rows', ({ columns }) => columns.frame.length > 0);
    assert.equal(rows.columns.steering.length, rows.columns.frame.length);
    const statistics = await viewer.message('feed-statistics', ({ explained }) => explained > 10);
    assert.ok(
      statistics.delay.explained!.p50 > 0 &&
        statistics.delay.painted!.p95 > 0 &&
        statistics.viewers === 1,
    );
    assert.ok(statistics.recording!.range!.end > statistics.recording!.range!.start);

    await kill(sender);
    const gone = await stateOf(viewer, 'reconnecting');
    assert.ok(gone.state.name === 'reconnecting' && gone.state.reason.code === 'FEED_STALLED');
    assert.ok(Math.abs(gone.state.since / 1000 - viewer.frames.at(-1)!.pts) < 3);
    const [messages, frames] = [viewer.messages.length, viewer.frames.length];
    await send();
    await stateOf(viewer, 'live', messages);
    checkFrame(await viewer.frame(() => true, frames));
  });

  it('decodes once for two viewers, each at its own pace', async (t) => {
    const { connect } = await start(t);
    const { address, port, send } = await udpSource(t);
    const [fast, slow] = [await connect(), await connect()];
    const feed = await addFeed(fast, address);
    await send();
    slow.acknowledgeAfter = null;
    for (const viewer of [fast, slow]) viewer.send({ type: 'watch', feed });
    await fast.until(() => fast.frames.length >= 20);
    assert.equal(decoderProcesses(`:${port}`).length, 1);
    assert.equal(slow.frames.length, 3, 'three unacknowledged at most');
    const { dropped, viewers } = await fast.message(
      'feed-statistics',
      ({ dropped: { viewer } }) => viewer > 5,
    );
    assert.ok(dropped.viewer > 5 && viewers === 2);
    const last = slow.frames.at(-1)!;
    slow.acknowledge(last);
    const next = await slow.frame(({ sequence }) => sequence > last.sequence);
    assert.ok(next.frame > last.frame + 5, 'the newest, not what has piled up');
  });

  it('shows recorded frames again while the feed goes on: sought, stepped, played, explained', async (t) => {
    const { connect } = await start(t);
    const { address, send } = await udpSource(t);
    const viewer = await connect();
    const feed = await addFeed(viewer, address);
    await send();
    viewer.send({ type: 'watch', feed });
    await viewer.until(() => viewer.frames.length >= 40);
    const live = viewer.frames.slice(0, 40);
    let generation = 0;
    for (const wanted of [live[10]!, live[3]!, live[25]!]) {
      viewer.send({ type: 'seek-time', time: wanted.pts, generation: ++generation });
      const shown = await viewer.frame((frame) => frame.generation === generation);
      assert.equal(checkFrame(shown), checkFrame(wanted));
      assert.ok(Math.abs(shown.pts - wanted.pts) < 0.001);
      assert.equal(shown.frame, wanted.frame);
    }
    const start25 = checkFrame(live[25]!);
    for (const [frames, expected] of [
      [1, 1],
      [1, 2],
      [-12, -10],
      [11, 1],
    ] as const) {
      viewer.send({ type: 'step', frames, generation: ++generation });
      assert.equal(
        (checkFrame(await viewer.frame((frame) => frame.generation === generation)) -
          start25 +
          600) %
          600,
        (expected + 600) % 600,
      );
    }
    const paused = await viewer.message('feed-playback', ({ mode }) => mode === 'paused');
    assert.equal(paused.generation, 1);

    viewer.send({ type: 'play-from', time: live[5]!.pts, speed: 8, generation: ++generation });
    const first = await viewer.frame((frame) => frame.generation === generation);
    assert.equal(checkFrame(first), checkFrame(live[5]!));
    await viewer.message(
      'feed-playback',
      (message) => message.generation === generation && message.mode === 'live',
    );
    const { length } = viewer.frames;
    await viewer.until(() => viewer.frames.length > length + 3);
    // A slow machine leaves out what its clock has passed; what is shown then is live.
    for (const { pts } of viewer.frames.slice(length)) assert.ok(pts > live[39]!.pts);
    const played = viewer.frames.filter((frame) => frame.generation === generation);
    played.forEach(checkFrame);
    for (const [index, { pts }] of played.slice(1).entries())
      assert.ok(pts > played[index]!.pts - 1e-3);

    viewer.send({
      type: 'explain-at',
      request: 1,
      time: live[8]!.pts,
      method: 'occlusion',
      target: 'abs',
    });
    const answer = await viewer.until(() =>
      viewer.messages.find((message) => message.type === 'explained' || message.type === 'error'),
    );
    assert.equal(answer.type, 'explained', JSON.stringify(answer));
    const explained = viewer.frames.findLast(({ parts }) =>
      parts.some(({ method }) => method === 'occlusion:abs'),
    )!;
    assert.equal(explained.steering, live[8]!.steering);
  });

  it('takes other methods for all who watch, without a break', async (t) => {
    const { connect } = await start(t);
    const { address, send } = await udpSource(t);
    const [one, other] = [await connect(), await connect()];
    const feed = await addFeed(one, address);
    await send();
    for (const viewer of [one, other]) viewer.send({ type: 'watch', feed });
    await other.until(() => other.frames.length >= 3);
    const since = other.messages.length;
    one.send({ type: 'watch', feed, methods: ['visualbackprop', 'gradient'] });
    for (const viewer of [one, other]) {
      const { network: described } = await viewer.openedFeed(
        ({ network: { methods } }) => methods.length === 2,
      );
      assert.deepEqual(described.methods, ['visualbackprop', 'gradient']);
      const frame = await viewer.frame(({ scores }) => scores.length === 2);
      assert.deepEqual(
        frame.parts.map(({ method }) => method),
        ['', 'visualbackprop', 'gradient'],
      );
    }
    const rows = await other.message(
      'feed-rows',
      ({ columns }) => columns.scores.length === 2,
      since,
    );
    assert.equal(rows.restart, true);
  });

  it('takes a road that is drawn, and the colours that the stream tells', async (t) => {
    const { connect } = await start(t, {
      road: null,
      networks: [writeSteeringNetwork(temporaryFolder(t), { channels: 3 })],
    });
    const { address } = await udpSource(t);
    const viewer = await connect();
    const feed = await addFeed(viewer, address);
    const tagged = await makeNumberedClip(join(temporaryFolder(t), 'tagged.ts'), {
      frames: 300,
      fps: 15,
      size: [160, 96],
      keyframes: 8,
      options: ['-colorspace', 'bt709'],
    });
    await sendFile(t, tagged, '-muxdelay', '0', '-f', 'mpegts', `${address}?pkt_size=1316`);
    viewer.send({ type: 'watch', feed });
    assert.equal((await viewer.openedFeed()).road.kind, 'guess');
    const { state } = await stateOf(viewer, 'live');
    assert.equal(state.name === 'live' && state.stream.colorSpace, 'bt709');
    viewer.send({
      type: 'road',
      points: [
        [0, 0.5],
        [0.5, 0.5],
        [0.5, 1],
      ],
    });
    const { road } = await viewer.openedFeed((message) => message.road.kind === 'polygon');
    assert.deepEqual(road, {
      kind: 'polygon',
      points: [
        [0, 0.5],
        [0.5, 0.5],
        [0.5, 1],
      ],
    });
    const since = viewer.frames.length;
    const frame = await viewer.frame(
      ({ parts }) =>
        parts.some(({ kind, bytes }) => kind === 'road' && bytes[bytes.length - 1] === 0),
      since,
    );
    assert.ok(frame.scores[0]!.onRoad !== null);
    viewer.send({ type: 'road', points: null });
    await viewer.openedFeed((message) => message.road.kind === 'guess', viewer.messages.length);
  });

  it('adds, renames and removes feeds for all who are connected', async (t) => {
    const { connect } = await start(t);
    const rtmp = `rtmp://127.0.0.1:${await freeTcpPort()}/live/road?listen=1`;
    const [one, other] = [await connect(), await connect()];
    assert.deepEqual((await one.message('hello')).feeds, []);
    const feed = await addFeed(one, rtmp, 'rear');
    const added = await other.message('feeds');
    assert.deepEqual(
      added.feeds.map(({ id, name, network: used, state }) => [id, name, used, state.name]),
      [[feed, 'rear', 'reading', 'connecting']],
    );
    other.send({ type: 'watch', feed });
    await other.openedFeed();
    await publishWhenListening(t, clip, rtmp.replace('?listen=1', ''));
    checkFrame(await other.frame(() => true));
    one.send({ type: 'rename-feed', feed, name: 'back' });
    await other.message('feeds', ({ feeds }) => feeds[0]?.name === 'back');
    assert.deepEqual(
      (await (await connect()).message('hello')).feeds.map(({ name }) => name),
      ['back'],
    );
    one.send({ type: 'remove-feed', feed });
    await other.message('feeds', ({ feeds }) => feeds.length === 0);
    await other.message('feed-state', ({ state }) => state.name === 'closed');
    assert.deepEqual(decoderProcesses(rtmp.slice(7, 24)), []);
    one.send({ type: 'watch', feed });
    assert.equal((await one.message('error')).code, 'FEED_UNKNOWN');
  });

  it('goes from a feed to a recording and back', async (t) => {
    const recordings = temporaryFolder(t);
    await makeNumberedClip(join(recordings, 'drive.mp4'), { frames: 90 });
    const { connect } = await start(t, { recordings });
    const { address, send } = await udpSource(t);
    const viewer = await connect();
    const feed = await addFeed(viewer, address);
    await send();
    viewer.send({ type: 'watch', feed });
    await viewer.until(() => viewer.frames.length >= 3);
    await viewer.open('drive.mp4', 'reading');
    assert.equal((await viewer.seek(7, 1)).frame, 7);
    const { length } = viewer.frames;
    assert.ok(viewer.frames.at(-1)!.pts < 10);
    viewer.send({ type: 'watch', feed });
    assert.ok((await viewer.frame(() => true, length)).pts > 1e9);
  });

  it("posts a flag to the webhook under the feed's name", async (t) => {
    const posted: string[] = [];
    const url = await startWebServer(t, async (request, response) => {
      posted.push(Buffer.concat(await request.toArray()).toString());
      response.end();
    });
    const webhook = new Webhook({
      url: parseWebhookUrl(url),
      secret: 'a secret that is long enough',
      onFailure: (sentence) => posted.push(sentence),
    });
    const { connect } = await start(t, {
      road: CORNER,
      alerts: { webhook, flags: DEFAULT_FLAG_SETTINGS, version: '1' },
    });
    const { address, send } = await udpSource(t);
    const viewer = await connect();
    const feed = await addFeed(viewer, address, 'front');
    await send();
    viewer.send({ type: 'watch', feed });
    await viewer.frame(() => posted.length > 0);
    const body = JSON.parse(posted[0]!) as { event: string; feed: object; flag: { kind: string } };
    assert.deepEqual(
      [body.event, body.feed, body.flag.kind],
      ['flag', { id: feed, name: 'front' }, 'off-road'],
    );
  });

  it('keeps a clip of a flag as a recording, with its analysis beside it', async (t) => {
    const clips = join(temporaryFolder(t), 'clips');
    const { connect } = await start(t, {
      road: CORNER,
      clips,
      feeds: {
        ring: {
          parent: temporaryFolder(t),
          maxBytes: 1 << 24,
          maxSeconds: 120,
          segmentSeconds: 0.5,
        },
        clips: { folder: clips, maxClips: 5, maxBytes: 1 << 24 },
      },
    });
    const { address, send } = await udpSource(t);
    const viewer = await connect();
    const feed = await addFeed(viewer, address, 'front');
    const sender = await send();
    viewer.send({ type: 'watch', feed });
    const { flag } = await viewer.message('feed-alert');
    assert.equal(flag.kind, 'off-road');
    const { flags } = await viewer.message('feed-flags', (message) => message.flags.length > 0);
    assert.ok(flags[0]!.startPts > 1e9 && flags[0]!.startFrame >= 0);
    await viewer.until(() => viewer.frames.length >= 20);
    // The flag ends with the signal.
    await kill(sender);
    const kept = await viewer.until(() =>
      viewer.messages.find((message) => message.type === 'clip-kept' || message.type === 'error'),
    );
    assert.ok(kept.type === 'clip-kept', JSON.stringify(kept));
    const later = await connect();
    const { recordings } = await later.message('hello');
    assert.deepEqual(
      recordings.map(({ id, error }) => [id, error]),
      [[kept.recording, null]],
    );
    const name = kept.recording.replace(/\.mp4$/, '');
    const rows = (await readFile(join(clips, name, 'frames.csv'), 'utf8')).trim().split('\n');
    assert.match(rows[0]!, /^frame,pts,steering,onRoad/);
    assert.ok(rows.length > 10);
    const analysis = JSON.parse(await readFile(join(clips, name, 'flags.json'), 'utf8')) as {
      flags: { startFrame: number; startPts: number }[];
    };
    await later.open(kept.recording, 'reading');
    // What the analysis says of a frame of the clip is what its picture shows.
    const [number, , steering] = rows[5]!.split(',');
    assert.equal(maskNumber(await later.seek(Number(number), 1)), Number(steering));
    assert.ok(analysis.flags[0]!.startPts < 6 && analysis.flags[0]!.startFrame < 90);
  });

  it(
    'says that a clip cannot be kept on a full disk, and leaves none there',
    { skip: withoutMounts },
    async (t) => {
      const clips = smallDisk(t, 64);
      await writeFile(join(clips, 'others'), Buffer.alloc(56 << 10));
      const { connect } = await start(t, {
        road: CORNER,
        clips,
        feeds: {
          ring: {
            parent: temporaryFolder(t),
            maxBytes: 1 << 24,
            maxSeconds: 120,
            segmentSeconds: 0.5,
          },
          clips: { folder: clips, maxClips: 5, maxBytes: 1 << 24 },
        },
      });
      const { address, send } = await udpSource(t);
      const viewer = await connect();
      const feed = await addFeed(viewer, address, 'front');
      const sender = await send();
      viewer.send({ type: 'watch', feed });
      await viewer.message('feed-alert');
      await viewer.until(() => viewer.frames.length >= 40);
      await kill(sender);
      const refused = await viewer.message('error');
      assert.equal(refused.code, 'OUTPUT_NOT_WRITABLE');
      assert.match(refused.message, /: the disk is full\.$/);
      assert.deepEqual(await readdir(clips), ['others']);
    },
  );

  it('keeps a clip with the road that was drawn, so that its flag is found and checked as one of any recording', async (t) => {
    const clips = join(temporaryFolder(t), 'clips');
    const { connect } = await start(t, {
      road: null,
      clips,
      feeds: {
        ring: {
          parent: temporaryFolder(t),
          maxBytes: 1 << 24,
          maxSeconds: 120,
          segmentSeconds: 0.5,
        },
        clips: { folder: clips, maxClips: 5, maxBytes: 1 << 24 },
        roads: clips,
      },
    });
    const { address, send } = await udpSource(t);
    const viewer = await connect();
    const feed = await addFeed(viewer, address, 'front');
    viewer.send({ type: 'watch', feed });
    await viewer.openedFeed();
    const { points } = CORNER;
    viewer.send({ type: 'road', points });
    await viewer.openedFeed(({ road }) => road.kind === 'polygon');
    const sender = await send();
    await viewer.message('feed-alert');
    await viewer.until(() => viewer.frames.length >= 20);
    await kill(sender);
    const { recording } = await viewer.message('clip-kept');

    const later = await connect();
    await later.open(recording, 'reading');
    await later.message('analysis', ({ complete }) => complete);
    const opened = await later.openedRecording();
    assert.deepEqual(opened.road, { kind: 'polygon', points });
    const flag = later.messages
      .flatMap((message) => (message.type === 'flags' ? [message.flags] : []))
      .at(-1)!
      .find(({ kind }) => kind === 'off-road')!;
    later.send({ type: 'verify', request: 1, kind: flag.kind, startFrame: flag.startFrame });
    const { check } = await later.message('verified');
    assert.ok(check.frames >= 2 && check.region.width > 0);
  });
});
