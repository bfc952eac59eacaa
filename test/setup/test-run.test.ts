import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { type Outcome, runNode, writeFiles } from './support.ts';

/** Runs files in two groups as `npm test` does, in a process of its own. */
async function run(
  t: TestContext,
  parallel: Readonly<Record<string, string>>,
  serial: Readonly<Record<string, string>>,
): Promise<Outcome & { folder: string }> {
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
    await pipeline(Readable.from(testEvents(${JSON.stringify([group(parallel, 2), group(serial, 1)])}, totals)), new spec(), process.stdout, { end: false });
    process.exitCode = hasPassed(totals) ? 0 : 1;`;
  // Node hands the options of a process, and so a script given as one, on to the processes of its
  // tests.
  writeFiles(folder, { 'run.mjs': script });
  return { ...(await runNode([join(folder, 'run.mjs')])), folder };
}

const HEAD = "import { test } from 'node:test';\n";
const PASSES = `${HEAD}test('one', () => {});\ntest('two', () => {});\n`;

test('groups follow one another as one run with one set of closing lines', async (t) => {
  const { status, stdout, folder } = await run(
    t,
    {
      'a.mjs': PASSES,
      'b.mjs': `${HEAD}import { writeFileSync } from 'node:fs';\ntest('late', async () => { await new Promise((r) => setTimeout(r, 300)); writeFileSync(new URL('done', import.meta.url), ''); });\n`,
    },
    {
      'e2e.mjs': `${HEAD}import { existsSync } from 'node:fs';\ntest('after the others', (t) => { if (!existsSync(new URL('done', import.meta.url))) throw new Error('too early'); });\ntest('not here', { skip: 'no browser' }, () => {});\n`,
    },
  );
  assert.equal(status, 0, stdout);
  assert.ok(existsSync(join(folder, 'done')));
  const closing = stdout
    .split('\n')
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

test('a failure in either group fails the run', async (t) => {
  const fails = `${HEAD}test('three', () => { throw new Error('broken'); });\n`;
  assert.equal((await run(t, { 'a.mjs': fails }, { 'b.mjs': PASSES })).status, 1);
  const { status, stdout } = await run(t, { 'a.mjs': PASSES }, { 'b.mjs': fails });
  assert.equal(status, 1);
  assert.match(stdout, /fail 1/);
  assert.match(stdout, /broken/);
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
