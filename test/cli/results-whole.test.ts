import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { smallDisk, withoutMounts } from '../support/small-disk.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import type { Outcome } from '../setup/support.ts';
import { roadgaze } from '../support/warm-cli.ts';

const main = join(repositoryRoot, 'dist/node/server/cli/main.js');

const cleanUps: (() => void)[] = [];
after(() => {
  for (const cleanUp of cleanUps) cleanUp();
});
const folder = temporaryFolder({
  after: (cleanUp: () => void) => {
    cleanUps.push(cleanUp);
  },
});
const clip = join(folder, 'drive.mp4');
const long = join(folder, 'long.mp4');
let model = '';

before(async () => {
  await makeNumberedClip(clip);
  await makeNumberedClip(long, { frames: 2000, size: [160, 96], filter: 'noise=alls=40:allf=t' });
  model = writeSteeringNetwork(folder);
});

const analyze = (input: string, output: string, ...args: readonly string[]) =>
  roadgaze(
    'analyze',
    input,
    '-m',
    model,
    '-o',
    output,
    '--provider',
    'cpu',
    '--workers',
    '1',
    ...args,
  );
const summaryIn = (output: string) =>
  JSON.parse(readFileSync(join(output, 'summary.json'), 'utf8')) as {
    recording: { frames: number };
  };

/** Starts an analysis of the long clip and waits until it writes. */
async function begin(output: string, ...args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [
      main,
      'analyze',
      long,
      '-m',
      model,
      '-o',
      output,
      '--provider',
      'cpu',
      '--workers',
      '1',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'close');
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const rows = () => {
    const drafts = existsSync(output)
      ? readdirSync(output).filter((name) => name.startsWith('.roadgaze-draft-'))
      : [];
    return drafts.some(
      (name) =>
        (statSync(join(output, name, 'frames.csv'), { throwIfNoEntry: false })?.size ?? 0) > 0,
    );
  };
  while (!rows() && child.exitCode === null) await delay(10);
  return { child, ended, stderr: () => stderr };
}

test('a run without --video leaves no video of an older run beside its rows', async (t) => {
  const output = temporaryFolder(t);
  assert.equal((await analyze(clip, output, '--video')).status, 0);
  assert.deepEqual(readdirSync(output).sort(), [
    'flags.json',
    'frames.csv',
    'overlay.mp4',
    'summary.json',
  ]);
  assert.equal((await analyze(clip, output)).status, 0);
  assert.deepEqual(readdirSync(output).sort(), ['flags.json', 'frames.csv', 'summary.json']);
});

test('a run that fails leaves the results of the run before as they were', async (t) => {
  const output = temporaryFolder(t);
  assert.equal((await analyze(clip, output)).status, 0);
  const before = readFileSync(join(output, 'frames.csv'), 'utf8');
  const broken = join(temporaryFolder(t), 'broken.mp4');
  writeFileSync(broken, 'no video');
  assert.equal((await analyze(broken, output)).status, 1);
  assert.equal(readFileSync(join(output, 'frames.csv'), 'utf8'), before);
  assert.equal(summaryIn(output).recording.frames, 60);
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`a run that ${signal} ends leaves nothing, and says nothing of a defect`, async (t) => {
    const output = join(temporaryFolder(t), 'out');
    const { child, ended, stderr } = await begin(output, '--video');
    child.kill(signal);
    assert.deepEqual(await ended, [status, null]);
    assert.equal(stderr(), '');
    assert.deepEqual(readdirSync(output), []);
  });
}

test('a second run at once is refused in plain words; after a kill the next one takes over', async (t) => {
  const output = temporaryFolder(t);
  const { child, ended } = await begin(output);
  // It is not to be through before the second one looks.
  child.kill('SIGSTOP');
  const second = await analyze(clip, output);
  assert.equal(second.status, 1);
  assert.match(
    second.stderr,
    new RegExp(
      `^error OUTPUT_NOT_WRITABLE: Process ${child.pid} is writing results into .* right now\\.`,
    ),
  );
  child.kill('SIGKILL');
  await ended;
  assert.deepEqual(
    readdirSync(output).filter((name) => !name.startsWith('.')),
    [],
  );
  assert.equal((await analyze(clip, output)).status, 0);
  assert.deepEqual(readdirSync(output).sort(), ['flags.json', 'frames.csv', 'summary.json']);
});

test('a folder that is removed under way is told', async (t) => {
  const output = join(temporaryFolder(t), 'out');
  const { ended, stderr } = await begin(output);
  rmSync(output, { recursive: true });
  assert.deepEqual(await ended, [1, null]);
  assert.match(stderr(), /^error OUTPUT_NOT_WRITABLE: .*: the folder is not there\.\n  → /);
  assert.ok(!existsSync(output));
});

function outcomeOf(output: string, { status, stderr }: Outcome): void {
  assert.match(
    stderr,
    /^error OUTPUT_NOT_WRITABLE: .*: the disk is full\.\n  → Make room on the disk/,
  );
  assert.equal(stderr.trim().split('\n').length, 2, stderr);
  assert.equal(status, 1);
  assert.deepEqual(existsSync(output) ? readdirSync(output) : [], []);
}

/** Where each command writes on a full disk, and how many KiB there are. */
const onFullDisk: readonly (readonly [
  what: string,
  kibibytes: number,
  run: (output: string) => Promise<Outcome>,
])[] = [
  ['an analysis', 96, (output) => analyze(long, output)],
  ['an analysis with its video', 300, (output) => analyze(long, output, '--video')],
  ['an analysis that cannot even begin', 4, (output) => analyze(clip, output)],
  [
    'an explanation',
    16,
    (output) =>
      roadgaze('explain', clip, '--frame', '3', '-m', model, '-o', output, '--provider', 'cpu'),
  ],
];

for (const [what, kibibytes, run] of onFullDisk) {
  test(`${what} on a full disk says so and leaves nothing`, { skip: withoutMounts }, async (t) => {
    const output = join(smallDisk(t, kibibytes), 'out');
    outcomeOf(output, await run(output));
  });
}

test(
  'a network that is compiled onto a full disk is not there',
  { skip: withoutMounts },
  async (t) => {
    const disk = smallDisk(t, 4);
    const outcome = await roadgaze('compile', model, '-o', join(disk, 'small.vbp.onnx'));
    assert.match(
      outcome.stderr,
      /^error OUTPUT_NOT_WRITABLE: .*small\.vbp\.onnx cannot be written: the disk is full\./,
    );
    assert.deepEqual(readdirSync(disk), []);
  },
);

for (const [what, run] of [
  ['an analysis', (output: string) => analyze(clip, output)],
  [
    'an explanation',
    (output: string) =>
      roadgaze('explain', clip, '--frame', '3', '-m', model, '-o', output, '--provider', 'cpu'),
  ],
  [
    'a compiled network',
    (output: string) => roadgaze('compile', model, '-o', join(output, 'x.onnx')),
  ],
] as const) {
  test(
    `${what} on a disk that can only be read is refused in words`,
    { skip: withoutMounts },
    async (t: TestContext) => {
      const disk = smallDisk(t, 64);
      mkdirSync(join(disk, 'out'));
      const { execFileSync } = await import('node:child_process');
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      const outcome = await run(join(disk, 'out'));
      assert.match(outcome.stderr, /^error OUTPUT_NOT_WRITABLE: .*: it can only be read there\./);
      assert.equal(outcome.status, 1);
    },
  );
}

test(
  'an output of the command itself that takes nothing is told',
  { skip: existsSync('/dev/full') ? false : 'no /dev/full here' },
  async () => {
    const child = spawn(
      '/bin/sh',
      ['-c', 'exec "$0" "$@" > /dev/full', process.execPath, main, '--help'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [status] = await once(child, 'close');
    assert.match(
      stderr,
      /^error OUTPUT_NOT_WRITABLE: What the command says cannot be written: the disk is full\./,
    );
    assert.equal(status, 1);
  },
);

test('a file larger than the system allows is told', async (t) => {
  const output = join(temporaryFolder(t), 'out');
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      `ulimit -f 40; exec "$0" "$@"`,
      process.execPath,
      main,
      'analyze',
      long,
      '-m',
      model,
      '-o',
      output,
      '--provider',
      'cpu',
      '--workers',
      '1',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = await once(child, 'close');
  assert.match(
    stderr,
    /^error OUTPUT_NOT_WRITABLE: .*: the file becomes larger than the system allows\./,
  );
  assert.equal(status, 1);
  assert.deepEqual(readdirSync(output), []);
});

test('an explanation leaves no map of an older one beside it', async (t) => {
  const output = temporaryFolder(t);
  const explain = (method: string) =>
    roadgaze(
      'explain',
      clip,
      '--frame',
      '3',
      '-m',
      model,
      '-o',
      output,
      '--provider',
      'cpu',
      '--method',
      method,
    );
  assert.equal((await explain('gradient,saliency')).status, 0);
  assert.equal((await explain('visualbackprop')).status, 0);
  assert.deepEqual(readdirSync(output).sort(), [
    'explain.json',
    'visualbackprop.npy',
    'visualbackprop.png',
  ]);
});
