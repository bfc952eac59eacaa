import { GUESSED_ROAD } from '../../server/attention/road-specification.ts';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Webhook } from '../../server/alerts/webhook.ts';
import type { ServerOptions } from '../../server/api/server.ts';
import {
  CAUSE_DEGREES,
  DEFAULT_FLAG_SETTINGS,
  type Flag,
  type FlagSettings,
} from '../../shared/flags.ts';
import type { Point } from '../../shared/geometry.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const rectangle = (right: number): readonly Point[] => [
  [0, 0],
  [right, 0],
  [right, 1],
  [0, 1],
];
const leftHalf = { kind: 'polygon', points: rectangle(0.5) } as const;
/** Flags every frame whose attention is not wholly on the road. */
const strict: FlagSettings = {
  ...DEFAULT_FLAG_SETTINGS,
  enterBelow: 1,
  leaveAbove: 1,
  minimumSeconds: 0,
};

async function serveClip(
  t: TestContext,
  options: Partial<ServerOptions> = {},
  { frames = 50, fps = 30, output = {} } = {},
) {
  const folder = temporaryFolder(t);
  await makeNumberedClip(join(folder, 'a.mp4'), { frames, fps });
  const networks = [await writeReadingNetwork(folder, { output })];
  return {
    folder,
    start: () =>
      serve(t, { recordings: folder, networks, road: leftHalf, flags: strict, ...options }),
  };
}

async function openFlagged(viewer: Viewer): Promise<Flag> {
  const since = viewer.messages.length;
  await viewer.open('a.mp4', 'reading');
  await viewer.message('analysis', ({ complete }) => complete, since);
  return viewer.messages
    .slice(since)
    .flatMap((message) => (message.type === 'flags' ? [message.flags] : []))
    .at(-1)![0]!;
}

describe('a causal check', () => {
  it('runs on a flag with progress, and who asks after it was closed has the answer at once', async (t) => {
    const server = await (await serveClip(t)).start();
    const viewer = await Viewer.connect(server);
    const { kind, startFrame, endFrame } = await openFlagged(viewer);
    assert.deepEqual([kind, startFrame, endFrame], ['off-road', 0, 49]);
    viewer.send({ type: 'verify', request: 7, kind, startFrame });
    const { request, check } = await viewer.message('verified');
    assert.equal(request, 7);
    assert.equal(check.frames, 5);
    assert.ok(check.isConfirmed && check.region.x >= 160 && check.region.width > 0);
    const progress = viewer.messages.flatMap((message) =>
      message.type === 'verifying' ? [[message.request, message.done, message.total]] : [],
    );
    assert.deepEqual(
      progress,
      [1, 2, 3, 4, 5].map((done) => [7, done, 5]),
    );
    await viewer.close();

    const other = await Viewer.connect(server);
    await openFlagged(other);
    other.send({ type: 'verify', request: 1, kind, startFrame });
    assert.deepEqual((await other.message('verified')).check, check);
    assert.ok(!other.messages.some(({ type }) => type === 'verifying'));
    await other.close();
  });

  it('that is cancelled is not answered, and does not hold up the next', async (t) => {
    const server = await (await serveClip(t)).start();
    const viewer = await Viewer.connect(server);
    const { kind, startFrame } = await openFlagged(viewer);
    for (const request of [1, 2, 3]) viewer.send({ type: 'verify', request, kind, startFrame });
    for (const request of [1, 2]) viewer.send({ type: 'cancel', request });
    assert.equal((await viewer.message('verified')).request, 3);
    assert.ok(!viewer.messages.some(({ type }) => type === 'error'));
    await viewer.close();
  });

  it('of a flag that is not there is an error that names the request', async (t) => {
    const viewer = await Viewer.connect(await (await serveClip(t)).start());
    await openFlagged(viewer);
    viewer.send({ type: 'verify', request: 4, kind: 'dead', startFrame: 0 });
    const { code, request } = await viewer.message('error');
    assert.deepEqual([code, request], ['USAGE', 4]);
    await viewer.close();
  });
});

describe('the road', () => {
  for (const [when, road] of [
    ['nothing is given', null],
    ['a guess is asked for', GUESSED_ROAD],
  ] as const)
    it(`is a guess where ${when}, then the one that is drawn, and a guess again`, async (t) => {
      const { folder, start } = await serveClip(t, { road });
      const file = join(folder, 'roadgaze.road.json');
      const viewer = await Viewer.connect(await start());
      assert.equal((await viewer.open('a.mp4', 'reading')).road.kind, 'guess');
      await viewer.seek(20, 1);
      const points = rectangle(0.4);
      for (const [drawn, kind] of [
        [points, 'polygon'],
        [null, 'guess'],
      ] as const) {
        const [messages, frames] = [viewer.messages.length, viewer.frames.length];
        viewer.send({ type: 'road', points: drawn });
        const { road } = await viewer.openedRecording(undefined, messages);
        assert.equal(road.kind, kind);
        if (drawn) assert.deepEqual(road, { kind, points });
        assert.equal(
          (await viewer.frame(({ parts }) => parts.some((part) => part.kind === 'road'), frames))
            .frame,
          20,
        );
        assert.equal(existsSync(file), drawn !== null);
      }
      await viewer.close();
    });

  it('that was drawn twice in a row is the later one', async (t) => {
    const { folder, start } = await serveClip(t, { road: null });
    const viewer = await Viewer.connect(await start());
    await viewer.open('a.mp4', 'reading');
    const since = viewer.messages.length;
    viewer.send({ type: 'road', points: rectangle(0.3) });
    viewer.send({ type: 'road', points: rectangle(0.7) });
    await viewer.openedRecording(
      ({ road }) => road.kind === 'polygon' && road.points[1]![0] === 0.7,
      since,
    );
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'roadgaze.road.json'), 'utf8')), {
      roadgazeRoad: 1,
      points: rectangle(0.7),
    });
    await viewer.close();
  });

  it('of a recording that has its own is drawn there, with its margin; a file that cannot be read is mended', async (t) => {
    const { folder, start } = await serveClip(t, { road: null });
    const file = join(folder, 'a.road.json');
    writeFileSync(file, JSON.stringify({ roadgazeRoad: 1, points: rectangle(0.2), margin: 5 }));
    const viewer = await Viewer.connect(await start());
    await viewer.open('a.mp4', 'reading');
    for (const [width, margin] of [
      [0.3, { margin: 5 }],
      [0.6, {}],
    ] as const) {
      const since = viewer.messages.length;
      viewer.send({ type: 'road', points: rectangle(width) });
      await viewer.openedRecording(undefined, since);
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
        roadgazeRoad: 1,
        points: rectangle(width),
        ...margin,
      });
      assert.equal(existsSync(join(folder, 'roadgaze.road.json')), false);
      writeFileSync(file, '{');
    }
    await viewer.close();
  });

  it('that was named for all recordings is not drawn over', async (t) => {
    const { folder, start } = await serveClip(t);
    const viewer = await Viewer.connect(await start());
    await viewer.open('a.mp4', 'reading');
    viewer.send({ type: 'road', points: rectangle(0.3) });
    assert.equal((await viewer.message('error')).code, 'USAGE');
    assert.equal(existsSync(join(folder, 'roadgaze.road.json')), false);
    assert.equal((await viewer.seek(5, 1)).frame, 5);
    await viewer.close();
  });
});

describe('causal truth beside a recording', () => {
  const rows = (heading: string) =>
    [
      `t,${heading}`,
      ...Array.from({ length: 50 }, (_, frame) => `${(frame / 25).toFixed(6)},${frame}`),
    ].join('\n');

  it("comes with what is opened, in the output's unit", async (t) => {
    const { folder, start } = await serveClip(
      t,
      {},
      { fps: 25, output: { quantity: 'angle', unit: 'rad', positive: 'left' } },
    );
    writeFileSync(join(folder, 'a.causal.csv'), rows('reading [deg]'));
    const viewer = await Viewer.connect(await start());
    const { cause } = await viewer.open('a.mp4', 'reading');
    assert.equal(cause!.threshold, (CAUSE_DEGREES * Math.PI) / 180);
    assert.equal(cause!.change.length, 50);
    cause!.change.forEach((value, frame) =>
      assert.ok(Math.abs(value! - (frame * Math.PI) / 180) < 1e-6),
    );
    await viewer.close();
  });

  it('of another network is none, and a file that cannot be read is told', async (t) => {
    const { folder, start } = await serveClip(
      t,
      {},
      { fps: 25, output: { quantity: 'angle', unit: 'rad', positive: 'left' } },
    );
    writeFileSync(join(folder, 'a.causal.csv'), rows('other [rad]'));
    const server = await start();
    const viewer = await Viewer.connect(server);
    assert.equal((await viewer.open('a.mp4', 'reading')).cause, null);
    writeFileSync(join(folder, 'a.causal.csv'), 'reading [rad]\n1');
    const again = await Viewer.connect(server);
    assert.equal((await again.open('a.mp4', 'reading', ['gradient'])).cause, null);
    assert.equal((await again.message('error')).code, 'LOG_INVALID');
    await Promise.all([viewer.close(), again.close()]);
  });
});

describe('alerts', () => {
  /** Ten times the driver steers otherwise for half a second. */
  const wrong = (frame: number) => frame % 60 >= 30 && frame % 60 < 45;
  const starts = Array.from({ length: 10 }, (_, index) => 60 * index + 30);
  const flags: FlagSettings = {
    ...DEFAULT_FLAG_SETTINGS,
    minimumSeconds: 0.3,
    mergeSeconds: 0.2,
    errorAbove: 50,
  };

  async function serveWrongs(t: TestContext, options: Partial<ServerOptions> = {}) {
    const output = { quantity: 'angle', unit: 'deg', positive: 'left' };
    const { folder, start } = await serveClip(
      t,
      { road: { kind: 'polygon', points: rectangle(1) }, flags, ...options },
      { frames: 600, output },
    );
    writeFileSync(
      join(folder, 'a.csv'),
      [
        't,steering [deg]',
        ...Array.from(
          { length: 600 },
          (_, frame) => `${(frame / 30).toFixed(6)},${frame + (wrong(frame) ? 100 : 0)}`,
        ),
      ].join('\n'),
    );
    return start();
  }

  it('tell of flags as the analysis finds them, the newest of those that came together', async (t) => {
    const viewer = await Viewer.connect(await serveWrongs(t));
    await viewer.open('a.mp4', 'reading');
    await viewer.message('alert', ({ flag }) => flag.startFrame === starts.at(-1));
    const told = viewer.messages.flatMap((message) =>
      message.type === 'alert' ? [message.flag] : [],
    );
    assert.ok(
      told.every(
        ({ kind, startFrame }, index) =>
          kind === 'steers-wrong' && startFrame > (told[index - 1]?.startFrame ?? -1),
      ),
    );
    const late = await Viewer.connect({ port: Number(new URL(viewer.socket.url).port) });
    await late.open('a.mp4', 'reading');
    await late.message('analysis', ({ complete }) => complete);
    assert.ok(!late.messages.some(({ type }) => type === 'alert'));
    await Promise.all([viewer.close(), late.close()]);
  });

  it('go to the webhook once, though the analysis is left under way and made anew', async (t) => {
    const taken: number[] = [];
    const receiver = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      taken.push((JSON.parse(body) as { flag: Flag }).flag.startFrame);
      response.end();
      receiver.emit('taken');
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    t.after(() => receiver.close());
    const webhook = new Webhook({
      url: new URL(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`),
      secret: 'shared',
      onFailure: assert.fail,
    });
    const server = await serveWrongs(t, { alerts: { webhook, flags, version: '1' } });
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'reading');
    while (taken.length < 2) await once(receiver, 'taken');
    assert.ok(!viewer.messages.some((message) => message.type === 'analysis' && message.complete));
    await viewer.close();
    const again = await Viewer.connect(server);
    await again.open('a.mp4', 'reading');
    await again.message('analysis', ({ complete }) => complete);
    while (!taken.includes(starts.at(-1)!)) await once(receiver, 'taken');
    assert.deepEqual(taken, starts);
    await again.close();
  });

  it('go to the webhook, each flag once, signed', async (t) => {
    const taken: { body: string; signature: unknown; timestamp: unknown }[] = [];
    const receiver = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      taken.push({
        body,
        signature: request.headers['x-roadgaze-signature'],
        timestamp: request.headers['x-roadgaze-timestamp'],
      });
      response.end();
      receiver.emit('taken');
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    t.after(() => receiver.close());
    const webhook = new Webhook({
      url: new URL(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`),
      secret: 'shared',
      onFailure: assert.fail,
    });
    const viewer = await Viewer.connect(
      await serveWrongs(t, { alerts: { webhook, flags, version: '1.2.3' } }),
    );
    await viewer.open('a.mp4', 'reading');
    while (taken.length < starts.length) await once(receiver, 'taken');
    const bodies = taken.map(({ body }) => JSON.parse(body) as { flag: Flag; time: string });
    assert.deepEqual(
      bodies.map(({ flag }) => flag.startFrame),
      starts,
    );
    const [{ flag, time, ...rest }] = bodies as [(typeof bodies)[number]];
    assert.ok(
      flag.kind === 'steers-wrong' && Math.abs(flag.worst - 100) < 1 && Date.parse(time) > 0,
    );
    assert.deepEqual(rest, {
      event: 'flag',
      product: { name: 'Roadgaze', version: '1.2.3' },
      recording: { id: 'a.mp4', name: 'a' },
      network: { id: 'reading', name: 'reading', unit: 'deg' },
      method: 'visualbackprop',
      leftOut: 0,
    });
    for (const { body, signature, timestamp } of taken) {
      assert.equal(
        signature,
        `sha256=${createHmac('sha256', 'shared')
          .update(`${timestamp as string}.${body}`)
          .digest('hex')}`,
      );
    }
    await viewer.close();
  });
});
