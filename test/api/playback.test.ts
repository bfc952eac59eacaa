import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import type { RunningServer } from '../../server/api/server.ts';
import { makeNumberedClip, makeSampleClip, type NumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { maskNumber, Viewer, type SeenFrame } from './support/viewer.ts';

const FRAMES = 90;
const FPS = 30;

const scratch = temporaryFolder({ after: (remove) => after(remove as () => void) });
/** Folders with `a.mp4` and the network, made once for each clip. */
const folders = new Map<string, Promise<string>>();

async function folderWith(clip: NumberedClip): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'clip-'));
  await Promise.all([makeNumberedClip(join(folder, 'a.mp4'), clip), writeReadingNetwork(folder)]);
  return folder;
}

async function serveClip(
  t: TestContext,
  clip: NumberedClip = { frames: FRAMES, fps: FPS },
): Promise<RunningServer> {
  const key = JSON.stringify(clip);
  const making = folders.get(key) ?? folderWith(clip);
  folders.set(key, making);
  const folder = await making;
  return serve(t, { recordings: folder, networks: [join(folder, 'reading.onnx')] });
}

/** Watches the clip with its analysis done, so that nothing else asks for the processor. */
async function watch(server: RunningServer): Promise<Viewer> {
  const viewer = await Viewer.connect(server);
  await viewer.open('a.mp4', 'reading');
  await viewer.message('analysis', ({ complete }) => complete);
  return viewer;
}

/** Plays to the end; gives the frames, when `play` was sent, and the last statistics. */
async function playToEnd(viewer: Viewer, speed: number, from = 0) {
  const [since, messagesSince, asked] = [
    viewer.frames.length,
    viewer.messages.length,
    performance.now(),
  ];
  viewer.send({ type: 'play', frame: from, speed, loop: false });
  await viewer.message('state', ({ ended }) => ended, messagesSince);
  const statistics = viewer.messages
    .slice(messagesSince)
    .filter((message) => message.type === 'statistics')
    .at(-1)!;
  return { frames: viewer.frames.slice(since), asked, statistics };
}

function assertAscending(frames: readonly SeenFrame[]): void {
  frames.forEach(({ frame }, index) =>
    assert.ok(index === 0 || frame > frames[index - 1]!.frame, `frame ${frame} came out of order`),
  );
}

function assertOwnMasks(frames: readonly SeenFrame[]): void {
  for (const frame of frames)
    assert.deepEqual([frame.steering, maskNumber(frame)], [frame.frame, frame.frame]);
}

/** The clock starts with the first frame, after `play` was sent. */
function assertNeverEarly(
  { frames, asked }: { frames: readonly SeenFrame[]; asked: number },
  speed: number,
): void {
  for (const { frame, pts, arrived } of frames) {
    assert.ok(
      arrived - asked >= ((pts - frames[0]!.pts) / speed) * 1000,
      `frame ${frame} came before it was due`,
    );
  }
}

describe('playing', () => {
  it('sends frames in order and never before they are due; what it does not send, it counts', async (t) => {
    const viewer = await watch(await serveClip(t));
    const played = await playToEnd(viewer, 1);
    assert.equal(played.frames[0]?.frame, 0);
    assertAscending(played.frames);
    assertOwnMasks(played.frames);
    assertNeverEarly(played, 1);
    assert.equal(played.statistics.sent, played.frames.length);
    assert.equal(played.statistics.sent + played.statistics.skipped, FRAMES);
    await viewer.close();
  });

  it('keeps to four times the rate in the same way', async (t) => {
    const viewer = await watch(await serveClip(t, { frames: FRAMES, fps: 15 }));
    const played = await playToEnd(viewer, 4);
    assertAscending(played.frames);
    assertOwnMasks(played.frames);
    assertNeverEarly(played, 4);
    assert.equal(played.statistics.sent + played.statistics.skipped, FRAMES);
    await viewer.close();
  });

  it('decodes no more frames than a screen can show, and does not count the others as skipped', async (t) => {
    const viewer = await watch(await serveClip(t, { frames: 240, fps: 30 }));
    const { frames, statistics } = await playToEnd(viewer, 8);
    assertAscending(frames);
    assertOwnMasks(frames);
    assert.ok(
      frames.every(({ pts }, index) => index === 0 || pts - frames[index - 1]!.pts > 8 / 60 - 1e-6),
    );
    assert.ok(statistics.sent + statistics.skipped <= 240 / 4);
    await viewer.close();
  });

  it('follows the timestamps of a variable frame rate', async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeSampleClip('variable frame rate', folder);
    const viewer = await Viewer.connect(
      await serve(t, { recordings: clip, networks: [await writeReadingNetwork(folder)] }),
    );
    const { recordings } = await viewer.message('hello');
    await viewer.open(recordings[0]!.id, 'reading');
    await viewer.message('analysis', ({ complete }) => complete);
    const played = await playToEnd(viewer, 1);
    assertAscending(played.frames);
    assertOwnMasks(played.frames);
    assertNeverEarly(played, 1);
    await viewer.close();
  });

  it('sends every frame at speed 0, as fast as they are acknowledged', async (t) => {
    const viewer = await watch(await serveClip(t));
    const { frames, statistics } = await playToEnd(viewer, 0);
    assert.deepEqual(
      frames.map(({ frame }) => frame),
      Array.from({ length: FRAMES }, (_, frame) => frame),
    );
    assertOwnMasks(frames);
    assert.equal(statistics.skipped, 0);
    await viewer.close();
  });

  it('starts at the frame asked for, and where the playhead is without one', async (t) => {
    const viewer = await watch(await serveClip(t));
    const { frames } = await playToEnd(viewer, 0, 80);
    assert.equal(frames[0]?.frame, 80);
    await viewer.seek(85, 1);
    const since = viewer.frames.length;
    viewer.send({ type: 'play', speed: 0, loop: false });
    assert.equal((await viewer.frame(() => true, since)).frame, 85);
    await viewer.close();
  });

  it('goes on at the beginning when it loops', async (t) => {
    const viewer = await watch(await serveClip(t));
    const since = viewer.frames.length;
    viewer.send({ type: 'play', frame: 84, speed: 0, loop: true });
    await viewer.frame(({ frame }) => frame === 3, since);
    assert.deepEqual(
      viewer.frames.slice(since, since + 10).map(({ frame }) => frame),
      [84, 85, 86, 87, 88, 89, 0, 1, 2, 3],
    );
    await viewer.close();
  });

  it('sends nothing more once it has said that it is paused', async (t) => {
    const viewer = await watch(await serveClip(t));
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame > 5);
    const messagesSince = viewer.messages.length;
    viewer.send({ type: 'pause' });
    await viewer.message('state', ({ playing }) => !playing, messagesSince);
    const since = viewer.frames.length;
    const [next] = [await viewer.seek(40, 1)];
    assert.equal(viewer.frames.length, since + 1);
    assert.equal(next.frame, 40);
    await viewer.close();
  });
});

describe('the acknowledgement window', () => {
  it('never has more than three frames unacknowledged', async (t) => {
    const viewer = await watch(await serveClip(t));
    viewer.acknowledgeAfter = null;
    const since = viewer.frames.length;
    viewer.send({ type: 'play', frame: 0, speed: 0, loop: false });
    await viewer.frame(({ frame }) => frame === 2, since);
    // A fourth frame would come before the answer to what is sent after it.
    viewer.send({ type: 'pause' });
    await viewer.message('state', ({ playing }) => !playing, viewer.messages.length);
    assert.equal(viewer.frames.length, since + 3);
    await viewer.close();
  });

  it('holds a seek back until there is room', async (t) => {
    const viewer = await watch(await serveClip(t));
    viewer.acknowledgeAfter = null;
    const since = viewer.frames.length;
    viewer.send({ type: 'play', frame: 0, speed: 0, loop: false });
    await viewer.frame(({ frame }) => frame === 2, since);
    viewer.send({ type: 'seek', frame: 50, generation: 1 });
    await viewer.message('state', ({ playing }) => !playing, viewer.messages.length);
    assert.equal(viewer.frames.length, since + 3);
    viewer.acknowledge(viewer.frames.at(-1)!);
    assert.equal((await viewer.frame(({ generation }) => generation === 1)).frame, 50);
    await viewer.close();
  });

  it('leaves out what has passed when the client is slow, and never sends it late', async (t) => {
    const viewer = await watch(await serveClip(t));
    viewer.acknowledgeAfter = null;
    const [since, messagesSince] = [viewer.frames.length, viewer.messages.length];
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: false });
    const first = await viewer.frame(() => true, since);
    let seen = since;
    const acknowledged: { at: number; next: SeenFrame }[] = [];
    const ended = () =>
      viewer.messages
        .slice(messagesSince)
        .some((message) => message.type === 'state' && message.ended);
    await viewer.frame(() => viewer.frames.length === since + 3, since);
    while (!ended()) {
      // Statistics come twice a second, and when it ends.
      const told = viewer.messages.length;
      await viewer.until(
        () => viewer.messages.slice(told).some(({ type }) => type === 'statistics') || ended(),
      );
      seen = viewer.frames.length;
      const at = performance.now();
      viewer.acknowledge(viewer.frames.at(-1)!);
      if (!(await viewer.until(() => viewer.frames.length > seen || ended()))) break;
      const next = viewer.frames[seen];
      if (next) acknowledged.push({ at, next });
      await viewer.until(() => viewer.frames.length >= seen + 3 || ended());
    }
    assert.ok(acknowledged.length > 0);
    for (const { at, next } of acknowledged) {
      // The window was closed until `at`: a frame that was over before then, by more than the
      // tolerance, is stale.
      const over = first.arrived + (next.pts - first.pts + 1 / FPS) * 1000 + 20;
      assert.ok(over >= at, `frame ${next.frame} was sent ${at - over} ms after its time`);
    }
    const statistics = viewer.messages
      .slice(messagesSince)
      .filter((message) => message.type === 'statistics')
      .at(-1)!;
    assert.ok(statistics.skipped > 0);
    assert.equal(statistics.sent + statistics.skipped, FRAMES);
    await viewer.close();
  });

  it('gives each viewer its own pace', async (t) => {
    const server = await serveClip(t);
    const [idle, busy] = [await watch(server), await watch(server)];
    idle.acknowledgeAfter = null;
    const since = idle.frames.length;
    idle.send({ type: 'play', frame: 0, speed: 0, loop: true });
    await idle.frame(() => idle.frames.length === since + 3, since);
    const { frames } = await playToEnd(busy, 0);
    assert.equal(frames.length, FRAMES);
    assert.equal(idle.frames.length, since + 3);
    await Promise.all([idle.close(), busy.close()]);
  });
});

describe('seeking', () => {
  for (const name of ['B-frames', 'variable frame rate', 'MPEG-TS', 'start at +5 s'] as const) {
    it(`shows exactly the frame asked for: ${name}`, async (t) => {
      const folder = temporaryFolder(t);
      const clip = await makeSampleClip(name, folder);
      const viewer = await Viewer.connect(
        await serve(t, { recordings: clip, networks: [await writeReadingNetwork(folder)] }),
      );
      const { recordings } = await viewer.message('hello');
      const { pts } = await viewer.open(recordings[0]!.id, 'reading');
      for (const [index, number] of [41, 12, 11, 59, 1, 30, 29, 31, 0].entries()) {
        const frame = await viewer.seek(number, index + 1);
        assert.deepEqual(
          [frame.frame, frame.steering, maskNumber(frame)],
          [number, number, number],
        );
        assert.ok(Math.abs(frame.pts - pts[number]!) < 1e-6);
      }
      await viewer.close();
    });
  }

  it('steps through every frame forwards and backwards', async (t) => {
    const viewer = await watch(await serveClip(t));
    let generation = 0;
    for (let number = 20; number < 50; number++)
      assert.equal((await viewer.seek(number, ++generation)).steering, number);
    for (let number = 49; number >= 20; number--)
      assert.equal((await viewer.seek(number, ++generation)).steering, number);
    await viewer.close();
  });

  it('answers the newest of many seeks, and no older one after it', async (t) => {
    const viewer = await watch(await serveClip(t));
    const since = viewer.frames.length;
    for (let generation = 1; generation <= 30; generation++)
      viewer.send({ type: 'seek', frame: (generation * 37) % FRAMES, generation });
    const last = await viewer.frame(({ generation }) => generation === 30, since);
    assert.equal(last.steering, (30 * 37) % FRAMES);
    assert.equal((await viewer.seek(5, 31)).steering, 5);
    const generations = viewer.frames.slice(since).map(({ generation }) => generation);
    assert.deepEqual(
      generations,
      [...generations].sort((a, b) => a - b),
    );
    await viewer.close();
  });

  it('ends playback, and shows the last frame for one past the end', async (t) => {
    const viewer = await watch(await serveClip(t));
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame > 2);
    const frame = await viewer.seek(1_000_000, 1);
    assert.deepEqual([frame.frame, frame.steering], [FRAMES - 1, FRAMES - 1]);
    assert.deepEqual(viewer.messages.filter((message) => message.type === 'state').at(-1), {
      type: 'state',
      playing: false,
      speed: 1,
      ended: false,
    });
    await viewer.close();
  });
});
