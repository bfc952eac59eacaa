import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { serve } from '../api/support/server.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import '../support/runes.ts';
import { openSocket } from './support/open-socket.ts';
import { TestPicture } from './support/session.ts';
import { MemoryTexts, SystemTheme, Told } from './support/viewer.ts';

const { createViewer } = await import('../../client/state/viewer.svelte.ts');
const { until, withEffects } = await import('./support/effects.svelte.ts');

const FRAMES = 40;

/** The page's state with the product's own server, whose network reads the number of each frame. */
async function openPage(t: TestContext) {
  const folder = temporaryFolder(t);
  const network = await writeReadingNetwork(folder);
  await makeNumberedClip(join(folder, 'a.mp4'), { frames: FRAMES, fps: 20 });
  const { port } = await serve(t, { recordings: folder, networks: [network] });
  const { made: viewer, end } = withEffects(() =>
    createViewer({
      now: () => performance.now(),
      nextFrame: setImmediate,
      openSocket: (handlers) => openSocket(port, handlers),
      decode: async (jpeg) => new TestPicture(jpeg),
      ...new Told().tools,
      address: '',
      writeAddress: () => {},
      kept: new MemoryTexts(),
      lightSystem: new SystemTheme(),
      wantsStillness: true,
    }),
  );
  t.after(end);
  await until(
    () => viewer.screen.painted?.hasMask === true && viewer.analysis.progress?.complete === true,
  );
  return viewer;
}

test('with the product’s server, every frame that is asked for is the one that is painted', async (t) => {
  const { analysis, screen, transport, drive } = await openPage(t);
  assert.equal(drive.isReady, true);
  const steering = Array.from({ length: FRAMES }, (_, number) => number);
  assert.deepEqual([...(analysis.columns?.of('steering') ?? [])].map(Math.round), steering);
  const shows = (number: number) =>
    until(() => screen.painted?.frame === number && screen.painted.hasMask);
  for (const number of [7, 33, 0]) {
    transport.seek(number);
    await shows(number);
    assert.equal(Math.round(screen.painted?.values['steering'] ?? NaN), number);
    assert.equal(transport.playhead.position, number);
  }
  transport.step(1);
  await shows(1);
  transport.stepSeconds(0.5);
  await shows(11);
});

test('with the product’s server, a range is played again and again, and nothing behind it', async (t) => {
  const { playback, screen, transport } = await openPage(t);
  const painted: number[] = [];
  screen.arrived.on(({ frame }) => painted.push(frame));
  transport.setRange(10, 14);
  transport.seek(10);
  transport.setSpeed(0);
  transport.play();
  await new Promise<void>((resolve) => {
    let times = 0;
    screen.arrived.on(({ frame, generation }) => {
      if (frame === 10 && generation > 1) times++;
      // As fast as it goes, any single frame may give way to a newer one; not in every round.
      if (times >= 2 && painted.includes(12)) resolve();
    });
  });
  assert.equal(playback.playing, true);
  assert.deepEqual(
    painted.filter((frame) => frame > 14),
    [],
  );
  transport.repeat.clearRange();
  transport.repeat.toggle();
  await until(() => playback.state.ended);
});

test('with the product’s server, a slow method runs on the frame that rests', async (t) => {
  const { panes, slowRuns, drive } = await openPage(t);
  panes.choose(0, 'occlusion');
  await until(() => slowRuns.runs.get('occlusion')?.phase === 'done');
  assert.equal(drive.isReady, true);
});
