import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { makeNumberedClip } from '../support/clips.ts';
import { childrenOf } from '../support/children.ts';
import { writeDeepNetwork } from '../support/deep-network.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const workshops = () =>
  childrenOf(process.pid, (_, command) => command.includes('workshop-process'));

/** Hundredths of a second that a process has computed. */
function computed(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/**
 * A viewer who has opened a network that takes long to compile, once that is under way in the
 * process that is given back.
 */
async function compiling(
  t: TestContext,
  ask: object = {
    type: 'open',
    recording: 'a.mp4',
    network: 'deep',
    methods: ['visualbackprop', 'gradient'],
  },
): Promise<{ viewer: Viewer; process: number; server: Awaited<ReturnType<typeof serve>> }> {
  const folder = temporaryFolder(t);
  await makeNumberedClip(join(folder, 'a.mp4'), { frames: 10, size: [160, 96] });
  const server = await serve(t, {
    recordings: folder,
    networks: [writeDeepNetwork(folder, 2000), await writeReadingNetwork(folder)],
  });
  const viewer = await Viewer.connect(server);
  await viewer.message('hello');
  const before = new Map((await workshops()).map((pid) => [pid, computed(pid)]));
  viewer.send(ask as Parameters<Viewer['send']>[0]);
  for (let count = 0; count < 400; count++) {
    for (const pid of await workshops())
      if (computed(pid) - (before.get(pid) ?? 0) > 30) return { viewer, process: pid, server };
    await pause(20);
  }
  throw new Error('nothing was compiled');
}

async function isGoneSoon(pid: number): Promise<boolean> {
  for (let count = 0; count < 50; count++) {
    if (!(await workshops()).includes(pid)) return true;
    await pause(20);
  }
  return false;
}

describe(
  'work on a network',
  { skip: process.platform === 'linux' ? false : 'processes are counted in /proc' },
  () => {
    it('ends at once when the viewer who waits for it leaves', async (t) => {
      const { viewer, process } = await compiling(t);
      await viewer.close();
      assert.ok(await isGoneSoon(process), 'it went on');
    });

    it('for a live feed ends at once when the viewer who adds it leaves, and there is no feed', async (t) => {
      const { viewer, process, server } = await compiling(t, {
        type: 'add-feed',
        address: 'udp://127.0.0.1:9',
        network: 'deep',
      });
      await viewer.close();
      assert.ok(await isGoneSoon(process), 'it went on');
      const next = await Viewer.connect(server);
      assert.deepEqual((await next.message('hello')).feeds, []);
      await next.close();
    });

    it('ends at once when its viewer opens something else, which opens', async (t) => {
      const { viewer, process } = await compiling(t);
      viewer.send({
        type: 'open',
        recording: 'a.mp4',
        network: 'reading',
        methods: ['visualbackprop'],
      });
      assert.ok(await isGoneSoon(process), 'it went on');
      await viewer.openedRecording(({ network }) => network.id === 'reading');
      await viewer.close();
    });
  },
);
