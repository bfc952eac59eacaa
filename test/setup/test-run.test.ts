import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { type Outcome, runNode, writeFiles } from './support.ts';

const testRun = pathToFileURL(join(repositoryRoot, 'server', 'setup', 'test-run.mjs')).href;
const { inOrder, together } = (await import(testRun)) as {
  readonly inOrder: (files: readonly string[], starts: readonly string[]) => string[];
  readonly together: (files: readonly string[], file: string) => string[];
};

/** Runs files in two groups as `npm test` does, three at once and one of the second group, in a process of its own. */
async function run(
  t: TestContext,
  parallel: Readonly<Record<string, string>>,
  serial: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const folder = temporaryFolder(t);
  writeFiles(folder, { ...parallel, ...serial });
  const group = (files: object, concurrency: number): object => ({
    files: Object.keys(files).map((name) => join(folder, name)),
    concurrency,
  });
  const script = `import { Readable } from 'node:stream';
    import { pipeline } from 'node:stream/promises';
    import { spec } from 'node:test/reporters';
    import { hasPassed, testEvents } from ${JSON.stringify(join(repositoryRoot, 'server/setup/test-run.mjs'))};
    const totals = new Map();
    await pipeline(Readable.from(testEvents(${JSON.stringify([group(serial, 1), group(parallel, 3)])}, 3, totals)), new spec(), process.stdout, { end: false });
    process.exitCode = hasPassed(totals) ? 0 : 1;`;
  // Node hands the options of a process, and so a script given as one, on to the processes of its
  // tests.
  writeFiles(folder, { 'run.mjs': script });
  return runNode([join(folder, 'run.mjs')]);
}

const HEAD = "import { test } from 'node:test';\n";
const PASSES = `${HEAD}test('one', () => {});\ntest('two', () => {});\n`;

test('groups run beside each other and are told in the order in which they begin, with one set of closing lines', async (t) => {
  const meets = (own: string, other: string) => `${HEAD}
    import { existsSync, writeFileSync } from 'node:fs';
    test('${own}', async () => {
      writeFileSync(new URL('${own}', import.meta.url), '');
      while (!existsSync(new URL('${other}', import.meta.url))) await new Promise((r) => setTimeout(r, 5));
    });\n`;
  const { status, stdout } = await run(
    t,
    { 'a.mjs': PASSES, 'b.mjs': meets('waits for the other group', 'is waited for') },
    {
      'e2e.mjs': `${meets('is waited for', 'waits for the other group')}test('not here', { skip: 'no browser' }, () => {});\n`,
    },
  );
  assert.equal(status, 0, stdout);
  const lines = stdout.split('\n');
  assert.deepEqual(
    lines
      .filter((line) => /^. .* \([\d.]+ms\)/.test(line))
      .map((line) => line.slice(2).split(' (')[0]),
    ['is waited for', 'not here', 'one', 'two', 'waits for the other group'],
  );
  const closing = lines
    .filter((line) => /^. (tests|pass|fail|cancelled|skipped|duration_ms) /.test(line))
    .map((line) => line.slice(2));
  assert.deepEqual(closing.slice(0, 5), [
    'tests 5',
    'pass 4',
    'fail 0',
    'cancelled 0',
    'skipped 1',
  ]);
  assert.equal(closing.length, 6);
});

test('a group runs no more files than it may, and what it leaves free is used by the other', async (t) => {
  const noted = join(temporaryFolder(t), 'noted');
  // Ends when so many have begun.
  const ends = (own: string, begun: number) => `${HEAD}
    import { appendFileSync, readFileSync } from 'node:fs';
    const note = (word) => appendFileSync(${JSON.stringify(noted)}, word + ' ${own}\\n');
    const begun = () => readFileSync(${JSON.stringify(noted)}, 'utf8').match(/begins/g).length;
    test('${own}', async () => {
      note('begins');
      while (begun() < ${begun}) await new Promise((r) => setTimeout(r, 5));
      note('ends');
    });\n`;
  const { status, stdout } = await run(
    t,
    {
      'a.mjs': ends('a', 3),
      'b.mjs': ends('b', 3),
      'c.mjs': ends('c', 7),
      'd.mjs': ends('d', 7),
      'e.mjs': ends('e', 7),
    },
    { 'x.mjs': ends('x', 3), 'y.mjs': ends('y', 3) },
  );
  assert.equal(status, 0, stdout);
  const running = new Set<string>();
  let most = 0;
  for (const line of readFileSync(noted, 'utf8').trim().split('\n')) {
    const [word, name] = line.split(' ') as [string, string];
    if (word === 'begins') running.add(name);
    else running.delete(name);
    most = Math.max(most, running.size);
    assert.ok(!(running.has('x') && running.has('y')), 'only one of its group');
  }
  assert.equal(most, 3);
});

test('files are put in order by the beginning of their path', () =>
  assert.deepEqual(inOrder(['a/1', 'b/1', 'c/1', 'a/2', 'c/2'], ['c/2', 'b', 'c']), [
    'c/2',
    'b/1',
    'c/1',
    'a/1',
    'a/2',
  ]));

test('a failure in either group fails the run', async (t) => {
  const fails = `${HEAD}test('three', () => { throw new Error('broken'); });\n`;
  assert.equal((await run(t, { 'a.mjs': fails }, { 'b.mjs': PASSES })).status, 1);
  const { status, stdout } = await run(t, { 'a.mjs': PASSES }, { 'b.mjs': fails });
  assert.equal(status, 1);
  assert.match(stdout, /fail 1/);
  assert.match(stdout, /broken/);
});

test('files that share a process run as if each had its own, and fail as one that cannot be loaded', async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, { 'a.mjs': PASSES, 'b.mjs': PASSES, 'c.mjs': "import './nowhere.mjs';\n" });
  const paths = ['a', 'b', 'c'].map((name) => join(folder, `${name}.mjs`));
  assert.deepEqual(together(paths.slice(0, 1), join(folder, 'one')), paths.slice(0, 1));
  const importing = (count: number) => {
    const file = join(folder, 'groups', `${count}.mjs`);
    assert.deepEqual(together(paths.slice(0, count), file), [file]);
    return { 'all.mjs': `import ${JSON.stringify(pathToFileURL(file).href)};\n` };
  };
  const { status, stdout } = await run(t, importing(2), {});
  assert.equal(status, 0, stdout);
  assert.match(stdout, /tests 4\n/);
  assert.equal((await run(t, importing(3), {})).status, 1);
});

test('a file that cannot be loaded fails the run', async (t) =>
  assert.equal(
    (await run(t, { 'a.mjs': PASSES, 'b.mjs': "import './nowhere.mjs';\n" }, {})).status,
    1,
  ));

test('a run without any test, or with skipped ones only, fails', async (t) => {
  assert.equal((await run(t, {}, {})).status, 1);
  assert.equal(
    (await run(t, { 'a.mjs': `${HEAD}test('one', { skip: true }, () => {});\n` }, {})).status,
    1,
  );
});
