import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { type Outcome, runNode, setupModule, smallCheckout, writeFiles } from './support.ts';

function start(
  root: string,
  args: readonly string[],
  options: Parameters<typeof runNode>[1] = {},
): Promise<Outcome> {
  return runNode([join(root, 'server/setup/roadgaze.mjs'), ...args], { cwd: root, ...options });
}

test("the first start builds and says so, the second does and says nothing; arguments and folder are the user's", async (t) => {
  const root = smallCheckout(t);
  const elsewhere = realpathSync(temporaryFolder(t));
  const first = await start(root, ['compile', 'my net.onnx'], { cwd: elsewhere });
  assert.deepEqual(JSON.parse(first.stdout), ['hello', 'compile', 'my net.onnx', elsewhere]);
  assert.match(first.stderr, /^Compiling the server …\nSet up in \d+ s\.\n$/);
  const compiled = statSync(join(root, 'dist/node/server/cli/main.js')).mtimeMs;
  const second = await start(root, ['compile', 'my net.onnx'], { cwd: elsewhere });
  assert.deepEqual(second, { status: 0, stdout: first.stdout, stderr: '' });
  assert.equal(statSync(join(root, 'dist/node/server/cli/main.js')).mtimeMs, compiled);
});

test('a changed source is compiled, a touched one is not; what was deleted leaves dist, and comes back when dist lost it', async (t) => {
  const root = smallCheckout(t);
  writeFiles(root, { 'test/old.test.ts': 'export {};\n' });
  await start(root, ['doctor']);
  const removed = join(root, 'dist/node/test/old.test.js');
  assert.ok(existsSync(removed));
  utimesSync(join(root, 'server/cli/greeting.ts'), new Date(), new Date());
  assert.equal((await start(root, ['doctor'])).stderr, '');
  writeFiles(root, { 'server/cli/greeting.ts': "export const greeting: string = 'good day';\n" });
  rmSync(join(root, 'test/old.test.ts'));
  assert.match((await start(root, ['doctor'])).stdout, /^\["good day"/);
  assert.ok(!existsSync(removed));
  rmSync(join(root, 'dist/node/server'), { recursive: true });
  assert.match((await start(root, ['doctor'])).stdout, /^\["good day"/);
});

test('a failed step is one sentence, a next step and exit status 1; all it said is in the log', async (t) => {
  const root = smallCheckout(t);
  writeFiles(root, { 'server/cli/greeting.ts': 'export const greeting: number = "hello";\n' });
  const { status, stdout, stderr } = await start(root, ['doctor']);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^Compiling the server …\nerror SETUP_FAILED: The server could not be compiled: server\/cli\/greeting\.ts\(1,14\): error TS2322: .*\n  → .*\.roadgaze\/setup\.log\.\n$/,
  );
  assert.match(readFileSync(join(root, '.roadgaze/setup.log'), 'utf8'), /TS2322/);
});

test('of two starts at the same time one sets up and the other waits for it', async (t) => {
  const root = smallCheckout(t);
  const outcomes = await Promise.all([start(root, ['doctor']), start(root, ['doctor'])]);
  for (const { status, stdout } of outcomes)
    assert.deepEqual([status, JSON.parse(stdout)[0]], [0, 'hello']);
  assert.deepEqual(outcomes.map(({ stderr }) => stderr.split('\n', 1)[0]).sort(), [
    'Compiling the server …',
    'Roadgaze is being set up by another start; waiting for it …',
  ]);
});

test('where ffmpeg is neither there nor to be had, only the commands that decode refuse to start', async (t) => {
  const root = smallCheckout(t);
  const env = {
    PATH: temporaryFolder(t),
    ROADGAZE_FFMPEG: '',
    ROADGAZE_FFPROBE: '',
    npm_config_offline: 'true',
    npm_config_cache: temporaryFolder(t),
  };
  const refused = await start(root, ['analyze', 'drive.mp4'], { env });
  assert.equal(refused.status, 1);
  assert.match(
    refused.stderr,
    /^Installing ffmpeg …\nerror FFMPEG_MISSING: ffmpeg and ffprobe are not on the PATH and could not be installed\.\n  → .*\n$/,
  );
  for (const args of [['doctor'], ['--help'], ['analyze', '--help'], ['compile', 'net.onnx']])
    assert.equal((await start(root, args, { env })).status, 0, args.join(' '));
});

test('each command asks for what it cannot do without', async () => {
  const { needsOf } = await setupModule<{ needsOf(args: readonly string[]): readonly string[] }>(
    'start.mjs',
  );
  assert.deepEqual(
    [
      ['serve'],
      ['serve', 'drive.mp4', '--port', '1'],
      ['serve', '--help'],
      ['analyze', 'x.mp4'],
      ['explain', 'x.mp4'],
      ['compile', 'serve'],
      ['doctor'],
      ['constructor'],
      [],
    ].map(needsOf),
    [
      ['runtime', 'ffmpeg', 'client'],
      ['runtime', 'ffmpeg', 'client'],
      [],
      ['runtime', 'ffmpeg'],
      ['runtime'],
      [],
      [],
      [],
      ['runtime', 'ffmpeg', 'client'],
    ],
  );
});

test('an old Node is told which one is needed', async (t) => {
  const root = smallCheckout(t);
  for (const version of ['18.20.8', '20.18.3']) {
    const pretend = join(temporaryFolder(t), 'pretend.mjs');
    writeFileSync(
      pretend,
      `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`,
    );
    const { status, stdout, stderr } = await runNode([
      '--import',
      pretend,
      join(root, 'server/setup/roadgaze.mjs'),
      '--version',
    ]);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(
      stderr,
      /^error SETUP_FAILED: Roadgaze needs Node 20\.19 or newer; this is v\d.*\n  → Install a current Node, .*\n$/,
    );
    assert.ok(!existsSync(join(root, '.roadgaze')));
  }
});

test(
  'a checkout that cannot be written to starts when it is built, and says so when it is not',
  { skip: process.getuid?.() === 0 && 'root may write everywhere' },
  async (t) => {
    const root = smallCheckout(t);
    await start(root, ['doctor']);
    writeFiles(root, { '.roadgaze/setup.log': '' });
    const modes = [
      [join(root, '.roadgaze/setup.log'), 0o444],
      [join(root, '.roadgaze'), 0o555],
      [root, 0o555],
    ] as const;
    for (const [path, mode] of modes) chmodSync(path, mode);
    try {
      assert.deepEqual((await start(root, ['doctor'])).stderr, '');
      writeFiles(root, {
        'server/cli/greeting.ts': "export const greeting: string = 'good day';\n",
      });
      assert.match(
        (await start(root, ['doctor'])).stderr,
        /^error SETUP_FAILED: Something has to be installed or built, but .* cannot be written to\.\n/,
      );
    } finally {
      for (const [path] of modes) chmodSync(path, 0o755);
    }
  },
);
