import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Check } from '../../server/cli/doctor-checks.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { runNode } from '../setup/support.ts';

const main = join(repositoryRoot, 'dist/node/server/cli/main.js');

function states(stdout: string): Record<string, string> {
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return Object.fromEntries(checks.map(({ name, state }) => [name, state]));
}

test('doctor --json reports this machine, on which these tests run, as complete', async () => {
  const { status, stdout, stderr } = await runNode([main, 'doctor', '--json']);
  assert.deepEqual([status, stderr], [0, '']);
  const { complete, checks } = JSON.parse(stdout) as { complete: boolean; checks: Check[] };
  assert.equal(complete, true);
  assert.deepEqual(
    checks.map(({ name }) => name),
    [
      'Node',
      'npm packages',
      'ffmpeg',
      'ffprobe',
      'decoders',
      'encoders',
      'filters',
      'CUDA',
      'WebGPU',
      'CPU',
      'Chromium',
      'port 8470',
    ],
  );
  for (const { state, hint } of checks) assert.equal(hint === null, state === 'present');
});

test('without ffmpeg doctor exits with 1, marks it and says how to get it', async (t) => {
  const { status, stdout } = await runNode([main, 'doctor'], {
    env: {
      PATH: temporaryFolder(t),
      ROADGAZE_FFMPEG: join(temporaryFolder(t), 'nowhere'),
      ROADGAZE_CHROMIUM: '',
    },
  });
  assert.equal(status, 1);
  assert.match(stdout, /^ {2}✗ ffmpeg +ROADGAZE_FFMPEG names/m);
  assert.match(stdout, /→ Correct or unset ROADGAZE_FFMPEG\./);
  assert.match(stdout, /^ {2}– Chromium +not found/m);
  assert.match(stdout, /\n\n {2}Roadgaze cannot work before what is marked ✗ is there\.\n$/);
});

test('a busy port is told, and is no failure', async (t) => {
  const server = createServer();
  // Whoever has it: a Roadgaze may be running beside the tests.
  await new Promise<void>((resolve) =>
    server
      .once('listening', resolve)
      .once('error', () => resolve())
      .listen(8470, '127.0.0.1'),
  );
  t.after(() => server.close());
  const { status, stdout } = await runNode([main, 'doctor', '--json']);
  assert.deepEqual([status, states(stdout)['port 8470']], [0, 'absent']);
});
