import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Outcome, runNode, writeFiles } from '../setup/support.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';

const cli = join(repositoryRoot, 'dist/node/server/cli');
/** Each in a process of its own. */
const started = (...args: readonly string[]): Promise<Outcome> =>
  runNode([join(cli, 'main.js'), ...args]);

/**
 * A program of one command, `act`, whose action is the given code; `onInterrupt` and
 * `RoadgazeError` are at hand.
 */
function programOf(t: TestContext, action: string): string {
  const folder = temporaryFolder(t);
  writeFiles(folder, {
    'program.mjs': `import { createProgram, onInterrupt, runProgram } from ${JSON.stringify(join(cli, 'command-line.js'))};
      import { RoadgazeError } from ${JSON.stringify(join(repositoryRoot, 'dist/node/shared/errors.js'))};
      const program = createProgram();
      program.command('act').action(async () => { ${action} });
      await runProgram(program, ['act']);`,
  });
  return join(folder, 'program.mjs');
}

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(await started('--version'), {
    status: 0,
    stdout: `${version}\n`,
    stderr: '',
  });
});

test('--help names every command, on stdout, in 80 columns', async () => {
  const { status, stdout, stderr } = await started('--help');
  assert.deepEqual([status, stderr], [0, '']);
  for (const command of ['serve', 'analyze', 'explain', 'compile', 'doctor'])
    assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
});

for (const command of ['serve', 'analyze', 'explain', 'compile', 'doctor']) {
  test(`${command} --help says what it does, has an example to type, and fits 80 columns`, async () => {
    const { status, stdout, stderr } = await roadgaze(command, '--help');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^Usage: roadgaze ${command}`));
    assert.match(stdout, new RegExp(`^Examples:\\n  roadgaze ${command}`, 'm'));
    const [options = ''] = stdout.split('\nExamples:');
    assert.deepEqual(
      options.split('\n').filter((line) => line.length > 80),
      [],
    );
  });
}

test('without a command the demo is served', async (t) => {
  const child = spawn(process.execPath, [join(cli, 'main.js')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  const told = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (/8470/.test((said += text))) resolve();
      });
    }
    child.on('close', () => resolve());
  });
  await told;
  // Another server may listen on that port while the tests run.
  assert.match(said, /http:\/\/127\.0\.0\.1:8470\/|^error PORT_IN_USE: .* port 8470\./m);
});

const wrongUses: readonly (readonly [args: readonly string[], stderr: string])[] = [
  [['analyse'], "error USAGE: Unknown command 'analyse'.\n  → Did you mean analyze?\n"],
  [['xyzzy'], "error USAGE: Unknown command 'xyzzy'.\n  → See what there is with --help.\n"],
  [['doctor', '--jsom'], "error USAGE: Unknown option '--jsom'.\n  → Did you mean --json?\n"],
];

for (const [args, expected] of wrongUses) {
  test(`\`roadgaze ${args.join(' ')}\` exits with 2, one sentence and a next step`, async () =>
    assert.deepEqual(await started(...args), { status: 2, stdout: '', stderr: expected }));
}

const report = 'error VIDEO_UNREADABLE: drive.mp4 is text.\n  → Name a video.\n';
const raise = "throw new RoadgazeError('VIDEO_UNREADABLE', 'drive.mp4 is text.', 'Name a video.');";
const ends: readonly (readonly [title: string, action: string, status: number, stderr: string])[] =
  [
    ['a known error exits with the status of its code', raise, 1, report],
    [
      'an error of wrong use exits with 2',
      "throw new RoadgazeError('METHOD_UNKNOWN', 'No.', 'Yes.');",
      2,
      'error METHOD_UNKNOWN: No.\n  → Yes.\n',
    ],
    [
      'a rejection that nobody handles ends in the same form',
      `void (async () => { ${raise} })(); await new Promise((resolve) => setTimeout(resolve, 10000));`,
      1,
      report,
    ],
    [
      'an exception in a callback ends in the same form',
      `setTimeout(() => { ${raise} }); await new Promise((resolve) => setTimeout(resolve, 10000));`,
      1,
      report,
    ],
    [
      'a defect shows no stack trace',
      'null.length;',
      1,
      "error INTERNAL: Something unexpected failed: Cannot read properties of null (reading 'length')\n  → Please report this, with the input that caused it.\n",
    ],
    [
      'what libraries warn of is not shown',
      "process.emitWarning('old', 'DeprecationWarning'); await new Promise(setImmediate);",
      0,
      '',
    ],
  ];

for (const [title, action, status, stderr] of ends) {
  test(title, async (t) =>
    assert.deepEqual(await runNode([programOf(t, action)]), { status, stdout: '', stderr }),
  );
}

test('with ROADGAZE_DEBUG=1 the stack trace follows', async (t) => {
  const { status, stderr } = await runNode([programOf(t, raise)], { env: { ROADGAZE_DEBUG: '1' } });
  assert.equal(status, 1);
  assert.ok(stderr.startsWith(report));
  assert.match(stderr, /\n {4}at .*program\.mjs/);
});

test('a reader that goes away ends the program quietly', async (t) => {
  const program = programOf(
    t,
    "for (;;) { process.stdout.write('line\\n'.repeat(10000)); await new Promise(setImmediate); }",
  );
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  child.stdout.once('data', () => child.stdout.destroy());
  assert.deepEqual([...(await once(child, 'close')), stderr], [0, null, '']);
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} cleans up and exits with ${status}`, async (t) => {
    const program = programOf(
      t,
      "onInterrupt(async () => console.log('cleaned up')); console.log('ready'); await new Promise((resolve) => setTimeout(resolve, 60000));",
    );
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => {
      if (output === '') child.kill(signal);
      output += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
    assert.deepEqual(
      [...(await once(child, 'close')), output],
      [status, null, 'ready\ncleaned up\n'],
    );
  });
}

test('a second Ctrl-C does not wait for a clean-up that hangs', async (t) => {
  const program = programOf(
    t,
    "onInterrupt(() => new Promise(() => console.log('cleaning up'))); console.log('ready'); await new Promise((resolve) => setTimeout(resolve, 60000));",
  );
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', () => child.kill('SIGINT'));
  assert.deepEqual(await once(child, 'close'), [130, null]);
});
