import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { before, describe, it } from 'node:test';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { ffmpegsOf } from '../support/children.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';

/** Far more than wait between ffmpeg and the network. */
const FRAMES = 1500;
/** Bytes of frames.csv: some dozen rows. */
const SOME = 1500;
const cleanUps: (() => void)[] = [];
const folder = temporaryFolder({ after: (done) => cleanUps.push(done as () => void) });
process.on('exit', () => cleanUps.forEach((cleanUp) => cleanUp()));
const clip = join(folder, 'drive.mp4');
let model = '';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
}

async function untilRowsAreWritten(name: string): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    const files = (await readdir(folder, { recursive: true })).filter(
      (file) => file.startsWith(name) && file.includes('frames.csv'),
    );
    for (const file of files)
      if (((await stat(join(folder, file)).catch(() => null))?.size ?? 0) > SOME) return;
    await sleep(10);
  }
  throw new Error('no rows come');
}

/**
 * Analyses the clip; `disturb` is called once there are some rows, with the id of its ffmpeg that
 * decodes.
 */
async function analyzed(
  name: string,
  disturb: (program: number) => unknown,
  ...options: string[]
): Promise<Outcome> {
  const output = join(folder, name);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [
      join(repositoryRoot, 'dist/node/server/cli/main.js'),
      'analyze',
      clip,
      '-m',
      model,
      '-o',
      output,
      '--provider',
      'cpu',
      '--workers',
      '1',
      ...options,
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
    });
  const closed = once(child, 'close') as Promise<[number | null]>;
  await untilRowsAreWritten(name);
  // With --video another one writes the overlay.
  await disturb((await ffmpegsOf(child.pid!, (command) => !command.includes('overlay.mp4')))[0]!);
  const [status] = await closed;
  return { status, ...text, output };
}

function isPart({ status, stdout, stderr, output }: Outcome, reason: RegExp): void {
  assert.equal(status, 1, `exit status ${status}: ${stdout}${stderr}`);
  const read = (name: string) => JSON.parse(readFileSync(join(output, name), 'utf8'));
  const summary = read('summary.json');
  const { frames } = summary.recording;
  assert.ok(frames > 0 && frames < FRAMES, `${frames} frames`);
  assert.equal(summary.complete, false);
  assert.equal(summary.framesExpected, FRAMES);
  assert.equal(summary.shortfall.code, 'VIDEO_INCOMPLETE');
  assert.match(summary.shortfall.message, reason);
  assert.equal(read('flags.json').complete, false);
  assert.match(stdout, new RegExp(`incomplete: ${frames} of ${FRAMES} frames`));
  assert.match(stderr.replaceAll(/\s+/g, ' '), new RegExp(`Only ${frames} of ${FRAMES} frames`));
  assert.match(stderr, /VIDEO_INCOMPLETE/);
  assert.ok(!existsSync(join(output, 'overlay.mp4')));
}

describe(
  'an analysis whose ffmpeg is stopped under way',
  { skip: existsSync('/proc/self/io') ? false : 'needs /proc' },
  () => {
    before(async () => {
      await makeNumberedClip(clip, { frames: FRAMES, size: [160, 96] });
      model = await writeReadingNetwork(folder);
    });

    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGINT'] as const) {
      it(`is told to be of a part only: ${signal}`, async () => {
        isPart(
          await analyzed(signal, (decoder) => process.kill(decoder, signal)),
          /ffmpeg was stopped/,
        );
      });
    }

    it('leaves no overlay of a part behind', async () => {
      isPart(
        await analyzed('overlay', (decoder) => process.kill(decoder, 'SIGTERM'), '--video'),
        /ffmpeg was stopped/,
      );
    });

    it('is told to be of a part only where the file is cut off under way', async () => {
      isPart(
        await analyzed('cut', () => truncate(clip, 30_000)),
        /has changed while it was decoded|decoding ended/,
      );
    });
  },
);
