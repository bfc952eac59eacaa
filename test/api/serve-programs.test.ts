import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { childrenOf, ffmpegsOf } from '../support/children.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { serveWithin } from './support/limited-serve.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { Viewer } from './support/viewer.ts';

const notLinux =
  process.platform !== 'linux' && 'processes are found in /proc, which is there on Linux only';

/** The command line's `serve` whose viewer plays, and the programs below it. */
async function playing(t: TestContext) {
  const folder = temporaryFolder(t);
  await makeNumberedClip(join(folder, 'a.mp4'), { frames: 3000, size: [160, 96] });
  const server = await serveWithin(t, 'true', folder, '--model', await writeReadingNetwork(folder));
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.socket.terminate());
  await viewer.open('a.mp4', 'reading');
  viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
  await viewer.frame(({ frame }) => frame > 3, viewer.frames.length);
  const [spawner, ...others] = await childrenOf(server.child.pid!, (_, command) =>
    command.includes('spawner-process'),
  );
  assert.deepEqual(others, []);
  const programs = await childrenOf(spawner!, () => true);
  return { ...server, viewer, spawner: spawner!, programs };
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const isRunning = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  while (pids.some(isRunning)) await pause(20);
}

describe('what serve has started', { skip: notLinux }, () => {
  it('is below the one process that starts programs, and ends with serve even where that is killed', async (t) => {
    const { child, spawner, programs } = await playing(t);
    assert.deepEqual(await ffmpegsOf(child.pid!), []);
    assert.ok((await ffmpegsOf(spawner)).length > 0);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await untilGone([spawner, ...programs]);
  });

  it('ends with serve where that is interrupted', async (t) => {
    const { child, spawner, programs, errors } = await playing(t);
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    await gone;
    await untilGone([spawner, ...programs]);
    assert.equal(errors(), '');
  });

  it('ends with the process that starts programs, after which serve goes on with another one', async (t) => {
    const { child, port, spawner, programs, errors } = await playing(t);
    process.kill(spawner, 'SIGKILL');
    await untilGone(programs);
    const viewer = await Viewer.connect({ port });
    await viewer.open('a.mp4', 'reading');
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame > 3, viewer.frames.length);
    await viewer.close();
    const [next] = await childrenOf(child.pid!, (_, command) =>
      command.includes('spawner-process'),
    );
    assert.notEqual(next, spawner);
    assert.equal(errors(), '');
  });
});
