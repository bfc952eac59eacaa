import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileSet } from '../../server/files/file-set.ts';
import { temporaryFolder } from '../support/paths.ts';
import { smallDisk, withoutMounts } from '../support/small-disk.ts';

const names = ['rows.csv', 'extra.mp4', 'summary.json'];

test('files take their names together, and nothing of an older run is left beside them', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of names) writeFileSync(join(folder, name), 'old');
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  const set = await FileSet.open(folder, names);
  await set.write('rows.csv', 'new');
  await set.write('summary.json', 'new');
  assert.equal(readFileSync(join(folder, 'rows.csv'), 'utf8'), 'old');
  await set.publish();
  assert.deepEqual(readdirSync(folder).sort(), ['notes.txt', 'rows.csv', 'summary.json']);
  assert.equal(readFileSync(join(folder, 'rows.csv'), 'utf8'), 'new');
});

test('an abandoned run leaves what was there', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'rows.csv'), 'old');
  const set = await FileSet.open(folder, names);
  await set.write('rows.csv', 'new');
  await set.abandon();
  assert.deepEqual(readdirSync(folder), ['rows.csv']);
  assert.equal(readFileSync(join(folder, 'rows.csv'), 'utf8'), 'old');
});

test('a second run into the same folder is refused in words while the first goes on, and let in after it', async (t) => {
  const folder = temporaryFolder(t);
  const first = await FileSet.open(folder, names);
  await assert.rejects(FileSet.open(folder, names), {
    code: 'OUTPUT_NOT_WRITABLE',
    message: `Process ${process.pid} is writing results into ${folder} right now.`,
    hint: /another folder with -o/,
  });
  await first.write('rows.csv', 'first');
  await first.publish();
  const second = await FileSet.open(folder, names);
  await second.abandon();
  assert.deepEqual(readdirSync(folder), ['rows.csv']);
});

test('of many that open a folder at once exactly one gets it', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(
    join(folder, '.roadgaze.lock'),
    JSON.stringify({ pid: 2 ** 30, host: hostname(), started: '1' }),
  );
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, () => FileSet.open(folder, names)),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value.abandon();
  assert.deepEqual(readdirSync(folder), []);
});

test('the lock and the drafts of a process that was killed are cleared away', async (t) => {
  const folder = temporaryFolder(t);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const { pid } = child;
  child.kill('SIGKILL');
  await once(child, 'exit');
  writeFileSync(
    join(folder, '.roadgaze.lock'),
    JSON.stringify({ pid, host: hostname(), started: '1' }),
  );
  mkdirSync(join(folder, '.roadgaze-draft-1'));
  writeFileSync(join(folder, '.roadgaze-draft-1', 'rows.csv'), 'half');
  const set = await FileSet.open(folder, names);
  await set.write('summary.json', '{}');
  await set.publish();
  assert.deepEqual(readdirSync(folder), ['summary.json']);
});

test(
  'a process of the same number that began later does not hold the folder',
  { skip: existsSync('/proc/self/stat') ? false : 'no /proc here' },
  async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(
      join(folder, '.roadgaze.lock'),
      JSON.stringify({ pid: process.ppid, host: hostname(), started: '1' }),
    );
    await (await FileSet.open(folder, names)).abandon();
  },
);

test('what runs on another machine cannot be seen, so its lock holds, and the message says which file it is', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(
    join(folder, '.roadgaze.lock'),
    JSON.stringify({ pid: 1, host: 'elsewhere', started: '1' }),
  );
  await assert.rejects(FileSet.open(folder, names), {
    code: 'OUTPUT_NOT_WRITABLE',
    message: /^Process 1 on elsewhere is writing/,
    hint: /remove .*\.roadgaze\.lock\.$/,
  });
});

test('a folder that is removed under way is said to be gone', async (t) => {
  const folder = join(temporaryFolder(t), 'out');
  const set = await FileSet.open(folder, names);
  await set.write('rows.csv', 'x');
  rmSync(folder, { recursive: true });
  await assert.rejects(set.write('summary.json', '{}'), {
    code: 'OUTPUT_NOT_WRITABLE',
    message: /: the folder is not there\.$/,
  });
  await assert.rejects(set.publish(), { code: 'OUTPUT_NOT_WRITABLE' });
  await set.abandon();
});

test(
  'a full disk is said to be full, and nothing has its name',
  { skip: withoutMounts },
  async (t) => {
    const folder = join(smallDisk(t, 64), 'out');
    const set = await FileSet.open(folder, names);
    await assert.rejects(set.write('rows.csv', Buffer.alloc(1 << 20)), {
      code: 'OUTPUT_NOT_WRITABLE',
      message: `Results cannot be written to ${folder}: the disk is full.`,
    });
    await set.abandon();
    assert.deepEqual(readdirSync(folder), []);
  },
);
