import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { setupModule } from './support.ts';

const { withLock } = await setupModule<{
  withLock<T>(folder: string, onWait: () => void, work: () => Promise<T>): Promise<T>;
}>('lock.mjs');

test('work on the same folder never overlaps, and each that waits is told once', async (t) => {
  const folder = temporaryFolder(t);
  let running = 0;
  let waits = 0;
  const results = await Promise.all(
    [1, 2, 3, 4].map((number) =>
      withLock(
        folder,
        () => waits++,
        async () => {
          assert.equal(++running, 1);
          do await new Promise(setImmediate);
          while (waits < 3);
          running--;
          return number;
        },
      ),
    ),
  );
  assert.deepEqual(results, [1, 2, 3, 4]);
  assert.equal(waits, 3);
});

test('work on another folder does not wait, and a failure releases the lock', async (t) => {
  const [one, other] = [temporaryFolder(t), temporaryFolder(t)];
  const neverWait = (): never => assert.fail('it waited');
  await withLock(one, neverWait, () => withLock(other, neverWait, async () => {}));
  await assert.rejects(
    withLock(one, neverWait, () => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal(await withLock(one, neverWait, () => Promise.resolve(7)), 7);
});

test('a process that is killed lets go', async (t) => {
  const folder = temporaryFolder(t);
  const script = `import { withLock } from ${JSON.stringify(join(repositoryRoot, 'server/setup/lock.mjs'))};
    await withLock(${JSON.stringify(folder)}, () => {}, () => { console.log('held'); return new Promise((resolve) => setTimeout(resolve, 60000)); });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  let waited = false;
  await withLock(
    folder,
    () => {
      waited = true;
      child.kill('SIGKILL');
    },
    async () => {},
  );
  assert.ok(waited);
});
