import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { serveWithin } from './support/limited-serve.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { Restless } from './support/restless.ts';
import { Viewer } from './support/viewer.ts';

async function playsNow(port: number): Promise<void> {
  const viewer = await Viewer.connect({ port });
  await viewer.open('a.mp4', 'reading');
  viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
  await viewer.frame(({ frame }) => frame > 3, viewer.frames.length);
  await viewer.close();
}

async function serveClip(t: TestContext, limit: string) {
  const folder = temporaryFolder(t);
  await makeNumberedClip(join(folder, 'a.mp4'), { frames: 300, size: [160, 96] });
  return serveWithin(t, limit, folder, '--model', await writeReadingNetwork(folder));
}

const notLinux =
  process.platform !== 'linux' && 'descriptors are limited and counted as Linux does';

describe('a crowd that opens and plays', { skip: notLinux }, () => {
  for (const limit of [180, 230]) {
    it(`has to do with ${limit} descriptors: some are told that there is no room, and who comes later is served`, async (t) => {
      const { child, port, errors } = await serveClip(t, `ulimit -n ${limit}`);
      const crowd = Array.from({ length: 100 }, () => new Restless(port, 'a.mp4'));
      await Promise.all(crowd.map(({ settled }) => settled));
      assert.equal(child.exitCode, null, errors());
      assert.ok(crowd.some(({ frames }) => frames > 20));
      assert.ok(crowd.some(({ codes }) => codes.includes('SERVER_BUSY')));
      for (const { codes } of crowd)
        for (const code of codes)
          assert.ok(code === 'SERVER_BUSY' || code === 'MACHINE_EXHAUSTED', code);
      await Promise.all(crowd.map((each) => each.leave()));
      await playsNow(port);
      assert.equal(errors(), '');
    });
  }

  it(
    'is told that the machine has no more descriptors when it runs out of them, which ends nothing else',
    { skip: !existsSync('/usr/bin/prlimit') && 'prlimit is not installed' },
    async (t) => {
      const { child, port, errors } = await serveClip(t, 'ulimit -n 4096');
      await playsNow(port);
      const told: string[] = [];
      for (const spare of [2, 5, 9, 14, 20, 30]) {
        const open = readdirSync(`/proc/${child.pid}/fd`).length;
        execFileSync('/usr/bin/prlimit', [
          '--pid',
          String(child.pid),
          `--nofile=${open + spare}:4096`,
        ]);
        const crowd = Array.from({ length: 8 }, () => new Restless(port, 'a.mp4'));
        await Promise.all(crowd.map(({ settled }) => settled));
        told.push(...crowd.flatMap(({ codes }) => codes));
        await Promise.all(crowd.map((each) => each.leave()));
        assert.equal(child.exitCode, null, errors());
      }
      assert.deepEqual([...new Set(told)], ['MACHINE_EXHAUSTED']);
      execFileSync('/usr/bin/prlimit', ['--pid', String(child.pid), '--nofile=4096:4096']);
      await playsNow(port);
      assert.equal(errors(), '');
    },
  );
});
