import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const PROGRAM = join(repositoryRoot, 'dist/node/server/cli/main.js');

function run(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [PROGRAM, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return { child, output, ended: once(child, 'close') as Promise<[number | null, string | null]> };
}

describe('roadgaze serve', () => {
  it('prints one address that serves, names what cannot be opened, and ends when it is interrupted', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'good.mp4'), { frames: 300 });
    await writeFile(join(folder, 'bad.mp4'), 'text');
    const { child, output, ended } = run(t, [
      folder,
      '--model',
      await writeReadingNetwork(folder),
      '--road',
      'none',
      '--provider',
      'cpu',
      '--workers',
      '1',
      '--port',
      '0',
    ]);
    while (!output.stdout.includes('Ctrl-C'))
      await Promise.race([
        once(child.stdout, 'data'),
        ended.then(() => assert.fail(output.stderr)),
      ]);
    const addresses = output.stdout.match(/http:\/\/\S+/g) ?? [];
    assert.equal(addresses.length, 1);
    assert.match(output.stdout, /^2 recordings in .*, 1 network\.$/m);
    assert.match(output.stdout, /^ {2}bad cannot be opened: /m);
    const viewer = await Viewer.connect({ port: Number(new URL(addresses[0]).port) });
    await viewer.open('good.mp4', 'reading');
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame > 3);
    const closed = once(viewer.socket, 'close');
    child.kill('SIGINT');
    assert.equal((await closed)[0], 1001);
    assert.equal((await ended)[0], 130);
    assert.equal(output.stderr, '');
  });

  it('says in one sentence that the port is in use, and how to get another', async (t) => {
    const { port } = await serve(t, { recordings: temporaryFolder(t), networks: [] });
    const { output, ended } = run(t, [temporaryFolder(t), '--port', String(port)]);
    assert.equal((await ended)[0], 1);
    assert.match(
      output.stderr,
      new RegExp(
        `^error PORT_IN_USE: Another program listens on port ${port}\\.\n {2}→ .*--port 0\\.\n$`,
      ),
    );
  });

  it('takes its token from a file or the environment, and says it only in the address', async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, 'token');
    await writeFile(file, 'a-token-in-a-file-of-mine\n');
    const ways: [string[], NodeJS.ProcessEnv, string][] = [
      [['--token-file', file], {}, 'a-token-in-a-file-of-mine'],
      [[], { ROADGAZE_TOKEN: 'a-token-in-the-environment' }, 'a-token-in-the-environment'],
      [
        ['--token-file', file],
        { ROADGAZE_TOKEN: 'a-token-in-the-environment' },
        'a-token-in-a-file-of-mine',
      ],
    ];
    for (const [args, env, token] of ways) {
      const { child, output, ended } = run(
        t,
        [folder, '--port', '0', '--provider', 'cpu', '--workers', '1', ...args],
        env,
      );
      while (!output.stdout.includes('Ctrl-C'))
        await Promise.race([
          once(child.stdout, 'data'),
          ended.then(() => assert.fail(output.stderr)),
        ]);
      assert.equal(output.stdout.split(token).length, 2);
      const url = /http:\/\/\S+/.exec(output.stdout)![0];
      assert.equal((await fetch(new URL('/healthz', url))).status, 401);
      assert.equal(
        (await fetch(new URL('/healthz', url), { headers: { Authorization: `Bearer ${token}` } }))
          .status,
        200,
      );
      child.kill('SIGKILL');
      assert.equal(output.stderr, '');
    }
    const { output, ended } = run(t, [folder, '--port', '0'], { ROADGAZE_TOKEN: '' });
    assert.equal((await ended)[0], 2);
    assert.match(output.stderr, /^error USAGE: The token is empty/);
  });

  it('refuses what cannot be right before it starts', async (t) => {
    const folder = temporaryFolder(t);
    const short = join(folder, 'short');
    await writeFile(short, 'secret\n');
    const wrong: [string[], number, RegExp][] = [
      [[join(folder, 'none')], 1, /^error INPUT_NOT_FOUND: /],
      [[folder, '--model', join(folder, 'none.onnx')], 1, /^error INPUT_NOT_FOUND: /],
      [[folder, '--road', 'polygon:0,0 1,1'], 1, /^error ROAD_INVALID: /],
      [[folder, '--road', 'polygon:0,0 1,1 2,0'], 1, /^error ROAD_INVALID: /],
      [[folder, '--port', '70000'], 2, /^error USAGE: /],
      [[folder, '--provider', 'tpu'], 2, /^error USAGE: /],
      [[folder, '--token', ''], 2, /^error USAGE: The token is empty.*\n.*for example: \S{16,}/],
      [[folder, '--host', '0.0.0.0', '--token', ''], 2, /^error USAGE: The token is empty/],
      [[folder, '--token', 'short'], 2, /^error USAGE: The token has fewer than 16/],
      [[folder, '--token-file', short], 2, /^error USAGE: The token has fewer than 16/],
      [
        [folder, '--token-file', join(folder, 'none')],
        1,
        /^error INPUT_NOT_FOUND: There is no token/,
      ],
      [
        [folder, '--token-file', short, '--token', 'a-token-of-some-length'],
        2,
        /^error USAGE: .*twice/,
      ],
      [[folder, '--host', '0.0.0.0'], 2, /^error USAGE: .*\n.*--token/],
      [[folder, '--flag-below', '0.9'], 2, /^error USAGE: --flag-until/],
      [[folder, '--webhook', 'ftp://example.org/'], 2, /^error USAGE: .*no address of a webhook/],
      [
        [folder, '--webhook', 'http://127.0.0.1/'],
        2,
        /^error USAGE: .*no secret.*\n.*ROADGAZE_WEBHOOK_SECRET/,
      ],
      [
        [folder, '--webhook', 'http://127.0.0.1/', '--webhook-secret-file', join(folder, 'none')],
        1,
        /^error INPUT_NOT_FOUND: /,
      ],
      [
        [folder, '--webhook', 'http://127.0.0.1/', '--webhook-secret-file', short],
        2,
        /^error USAGE: .*fewer than 16/,
      ],
    ];
    for (const [args, status, message] of wrong) {
      const told = await roadgaze(
        'serve',
        ...(args.includes('--port') ? args : [...args, '--port', '0']),
      );
      assert.equal(told.status, status, args.join(' '));
      assert.match(told.stderr, message, args.join(' '));
      assert.equal(told.stdout, '', args.join(' '));
    }
  });
});
