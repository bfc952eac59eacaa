import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Layers } from '../../client/data/mask-layers.ts';
import type { PaintedSurface } from '../../client/stream/screen.svelte.ts';
import { frame, METHOD, opened, recording } from './support/messages.ts';
import { openRecording, startSession, type TestPicture } from './support/session.ts';

/** Keeps what was painted on it. */
class Canvas implements PaintedSurface<TestPicture> {
  readonly painted: { readonly picture: TestPicture | null; readonly layers: Layers }[] = [];

  paint(picture: TestPicture | null, layers: Layers): void {
    this.painted.push({ picture, layers });
  }

  /** Bytes of the masks that were painted last, by method. */
  get masks(): Record<string, number[]> {
    const masks = this.painted.at(-1)?.layers.masks ?? [];
    return Object.fromEntries([...masks].map(([method, { bytes }]) => [method, [...bytes]]));
  }
}

/** As `openRecording`, with what the page acknowledges. */
async function openScreen(t: TestContext) {
  const session = await openRecording(t);
  const acknowledged = async () => {
    const heard = await session.server.heard();
    return heard.flatMap((message) => (message.type === 'painted' ? [message.sequence] : []));
  };
  return { ...session, acknowledged };
}

test('a frame is acknowledged only after it has been drawn', async (t) => {
  const { server, clock, screen, acknowledged } = await openScreen(t);
  await server.say(frame({ frame: 4, sequence: 900 }));
  assert.deepEqual([screen.painted?.frame, await acknowledged()], [0, []]);
  clock.drawFrame();
  assert.deepEqual([screen.painted?.frame, await acknowledged()], [4, [900]]);
});

test('the numbers of a painted frame are in the display unit, its scores by method', async (t) => {
  const { screen, paint } = await openScreen(t);
  await paint({ frame: 4, steering: 2.5, driven: null, generation: 0, sequence: 901 });
  const { scores, ...painted } = screen.painted ?? assert.fail('nothing is painted');
  assert.deepEqual(painted, {
    frame: 4,
    pts: 5.4,
    sequence: 901,
    generation: 0,
    hasMask: true,
    values: {
      steering: 2.5,
      driven: NaN,
      pull: NaN,
      spearman: NaN,
      ssim: NaN,
      topOverlap: NaN,
      speed: NaN,
    },
    fit: { width: 1, height: 1 },
    inputs: {},
  });
  assert.deepEqual([...scores.keys()], [METHOD]);
  assert.equal(scores.get(METHOD)?.['onRoad'], 25);
});

test('steering on the wire in radians is painted in degrees', async (t) => {
  const { server, screen, paint } = await startSession(t);
  await server.say(opened({ network: { ...opened().network, unit: 'rad' } }));
  assert.deepEqual(screen.counts, { painted: 0, skipped: 0 });
  await paint({ frame: 1, steering: Math.PI / 2, driven: -Math.PI });
  assert.deepEqual(
    [screen.painted?.values['steering'], screen.painted?.values['driven']],
    [90, -180],
  );
  assert.equal(screen.counts.painted, 1);
});

test('one frame is drawn in an animation frame; of three that wait the oldest is thrown away', async (t) => {
  const { server, clock, screen, pictures, acknowledged } = await openScreen(t);
  const before = screen.counts;
  await server.say(frame({ frame: 1, sequence: 910 }), frame({ frame: 2, sequence: 911 }));
  await server.say(frame({ frame: 3, sequence: 912 }));
  assert.deepEqual(
    pictures.slice(-3).map(({ isClosed }) => isClosed),
    [true, false, false],
  );
  clock.drawFrame();
  assert.deepEqual([screen.painted?.frame, await acknowledged()], [2, [911]]);
  clock.drawFrame();
  assert.deepEqual([screen.painted?.frame, await acknowledged()], [3, [912]]);
  assert.equal(clock.drawFrame(), false);
  assert.deepEqual(screen.counts, { painted: before.painted + 2, skipped: before.skipped + 1 });
  assert.equal(screen.skipped, 1);
  await server.say({ type: 'statistics', framesPerSecond: 10, sent: 5, skipped: 7 });
  assert.equal(screen.skipped, 8);
});

test('a picture that cannot be decoded is one frame lost, and the server hears of it', async (t) => {
  const { server, clock, screen, acknowledged } = await openScreen(t);
  const damaged = frame({ frame: 5, sequence: 920 });
  damaged[damaged.length - 1] = 0;
  await server.say(damaged);
  assert.equal(clock.drawFrame(), false);
  assert.deepEqual([screen.painted?.frame, await acknowledged()], [0, [920]]);
});

test('frames of an old seek are not drawn, wherever they are, and are acknowledged', async (t) => {
  const { server, clock, screen, transport, acknowledged, pictures } = await openScreen(t);
  await server.say(frame({ frame: 6, sequence: 930 }), frame({ frame: 7, sequence: 931 }));
  transport.seek(50);
  // It names the newest of those that wait.
  assert.deepEqual(await acknowledged(), [931]);
  assert.deepEqual(
    pictures.slice(-2).map(({ isClosed }) => isClosed),
    [true, true],
  );
  await server.say(frame({ frame: 8, sequence: 932 }));
  assert.deepEqual(await acknowledged(), [932]);
  clock.drawFrame();
  assert.equal(screen.painted?.frame, 0);
  await server.say(frame({ frame: 50, sequence: 933, generation: 1 }));
  clock.drawFrame();
  assert.equal(screen.painted?.frame, 50);
  assert.equal(screen.skipped, 0);
});

test('while something else is opened only its first picture is drawn, without masks', async (t) => {
  const { screen, opener, server, paint } = await openScreen(t);
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await paint({ frame: 9 });
  assert.equal(screen.painted?.frame, 0);
  await paint({ frame: 3, masks: {} });
  assert.deepEqual([screen.painted?.frame, screen.painted?.hasMask], [3, false]);
  await server.say(opened({ recording: recording('b') }));
  // It is of what has been opened, so it stays until it comes with its mask.
  assert.equal(screen.painted?.frame, 3);
  opener.open({ recording: 'a', network: 'net', methods: [METHOD] });
  await paint({ frame: 0 });
  await server.say(opened());
  assert.equal(screen.painted?.frame, 3);
});

test('a frame that is not of what is open is left when something else is', async (t) => {
  const { screen, opener, server } = await openScreen(t);
  opener.open({ recording: 'b', network: 'net', methods: [METHOD] });
  await server.say(opened({ recording: recording('b') }));
  assert.equal(screen.painted, null);
});

test('a frame that came before something was opened is not drawn with its mask', async (t) => {
  const { server, clock, screen, opener } = await openScreen(t);
  await server.say(frame({ frame: 5 }));
  opener.open({ recording: 'a', network: 'net', methods: [METHOD] });
  await server.say(opened());
  clock.drawFrame();
  assert.equal(screen.painted?.frame, 0);
});

test('all panes are painted at once, and one that comes later begins with what is seen', async (t) => {
  const { screen, paint, pictures } = await openScreen(t);
  const [first, later] = [new Canvas(), new Canvas()];
  const detach = screen.attach(first);
  assert.deepEqual(first.masks, { [METHOD]: [1, 2, 3, 4] });
  await paint({ frame: 1, masks: { [METHOD]: [5, 6, 7, 8] } });
  screen.attach(later);
  assert.deepEqual(
    [first.masks, later.masks],
    [{ [METHOD]: [5, 6, 7, 8] }, { [METHOD]: [5, 6, 7, 8] }],
  );
  assert.equal(later.painted[0]?.picture, pictures.at(-1));
  assert.deepEqual(
    pictures.map(({ isClosed }) => isClosed),
    [true, false],
  );
  detach();
  await paint({ frame: 2 });
  assert.deepEqual([first.painted.length, later.painted.length], [2, 2]);
});

test('masks lie where the network’s crop is', async (t) => {
  const { server, screen, paint } = await startSession(t);
  const canvas = new Canvas();
  screen.attach(canvas);
  assert.deepEqual(canvas.painted.at(-1)?.layers.place, { x: 0, y: 0, width: 1, height: 1 });
  const crop = { of: [640, 360], x: 64, y: 180, width: 320, height: 90 } as const;
  await server.say(opened({ network: { ...opened().network, crop } }));
  await paint({ frame: 1 });
  assert.deepEqual(canvas.painted.at(-1)?.layers.place, {
    x: 0.1,
    y: 0.5,
    width: 0.5,
    height: 0.25,
  });
});

test('the mask of a slow method lies over the frame that it is of, until another is painted', async (t) => {
  const { server, clock, screen, paint, pictures } = await openScreen(t);
  const canvas = new Canvas();
  screen.attach(canvas);
  const painted = screen.painted;
  await server.say(frame({ frame: 0, masks: { occlusion: [9, 9, 9, 9] } }));
  clock.drawFrame();
  assert.deepEqual(canvas.masks, { [METHOD]: [1, 2, 3, 4], occlusion: [9, 9, 9, 9] });
  assert.deepEqual([canvas.painted.at(-1)?.picture, screen.painted], [null, painted]);
  assert.equal(pictures.at(-1)?.isClosed, true);
  // The same frame streamed again keeps it.
  await paint({ frame: 0 });
  assert.deepEqual(Object.keys(canvas.masks), [METHOD, 'occlusion']);
  await paint({ frame: 1 });
  assert.deepEqual(Object.keys(canvas.masks), [METHOD]);
  // It came too late.
  await server.say(frame({ frame: 0, masks: { occlusion: [9, 9, 9, 9] } }));
  clock.drawFrame();
  assert.deepEqual(Object.keys(canvas.masks), [METHOD]);
});

test('the rate of painting is that of the last second, told twice a second', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { clock, screen, paint } = await openScreen(t);
  for (const number of [1, 2, 3]) await paint({ frame: number });
  clock.time += 500;
  t.mock.timers.tick(499);
  assert.equal(screen.paintedPerSecond, 0);
  t.mock.timers.tick(1);
  // The one of opening, too.
  assert.equal(screen.paintedPerSecond, 4);
  for (const number of [4, 5]) await paint({ frame: number });
  clock.time += 700;
  t.mock.timers.tick(500);
  assert.equal(screen.paintedPerSecond, 5);
  clock.time += 300;
  t.mock.timers.tick(500);
  assert.equal(screen.paintedPerSecond, 2);
});

test('frames of the connection before are not drawn on the next one', async (t) => {
  const { server, clock, connection, screen } = await openScreen(t);
  await server.say(frame({ frame: 5, sequence: 2000 }));
  connection.reconnect();
  await server.until(() => connection.isOpen && server.connections === 2);
  clock.drawFrame();
  assert.equal(screen.painted?.frame, 0);
  await server.say(opened());
  // Counted from 0 again: it is not older than the last one.
  await server.say(frame({ frame: 6, sequence: 0 }));
  clock.drawFrame();
  assert.equal(screen.painted?.frame, 6);
});

test('a frame tells how much of the picture it fills, and one that does not fills it', async (t) => {
  const { screen, paint } = await openRecording(t);
  await paint({ frame: 1, fit: { width: 0.25, height: 1 } });
  assert.deepEqual(screen.painted?.fit, { width: 0.25, height: 1 });
  await paint({ frame: 2 });
  assert.deepEqual(screen.painted?.fit, { width: 1, height: 1 });
});
