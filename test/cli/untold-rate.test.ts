import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';

const cleanUps: (() => void)[] = [];
const folder = temporaryFolder({ after: (done) => cleanUps.push(done as () => void) });
process.on('exit', () => cleanUps.forEach((cleanUp) => cleanUp()));
const clip = join(folder, 'drive.mjpeg');
const output = join(folder, 'out');
let model = '';

const analyzed = (...options: string[]) =>
  roadgaze(
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
  );

function rows(): { pts: number; driven: string }[] {
  const [header = '', ...lines] = readFileSync(join(output, 'frames.csv'), 'utf8')
    .trim()
    .split('\n');
  const names = header.split(',');
  const pts = names.findIndex((name) => name.startsWith('pts'));
  const driven = names.findIndex((name) => name.startsWith('driven'));
  return lines.map((line) => ({
    pts: Number(line.split(',')[pts]),
    driven: line.split(',')[driven]!,
  }));
}

describe('a raw stream that tells no frame rate', { concurrency: false }, () => {
  before(async () => {
    await makeNumberedClip(clip, {
      frames: 20,
      codec: ['mjpeg'],
      pixelFormat: 'yuvj420p',
      options: ['-f', 'mjpeg'],
    });
    model = await writeReadingNetwork(folder, {
      name: 'reading',
      output: { quantity: 'angle', unit: 'rad', positive: 'left' },
    });
  });

  it('is refused by analyze and explain with a hint to --fps', async () => {
    for (const { status, stderr } of [
      await analyzed(),
      await roadgaze('explain', clip, '--frame', '3', '-m', model, '-o', output),
    ]) {
      assert.equal(status, 1);
      assert.match(stderr, /VIDEO_RATE_UNKNOWN: drive\.mjpeg has neither times nor a frame rate/);
      assert.match(stderr, /--fps/);
    }
  });

  it('has the times that --fps gives it, and the summary says so', async () => {
    const { status, stdout, stderr } = await analyzed('--fps', '20');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /note: drive\.mjpeg does not tell its frame rate; 20 a second are taken/);
    assert.deepEqual(
      rows().map(({ pts }) => pts.toFixed(6)),
      Array.from({ length: 20 }, (_, frame) => (frame / 20).toFixed(6)),
    );
    assert.match(
      JSON.parse(readFileSync(join(output, 'summary.json'), 'utf8')).assumptions[0],
      /as --fps says/,
    );
  });

  it('refuses a rate that is none', async () => {
    for (const rate of ['0', '-3', '30/0', 'NaN', '1e9', '']) {
      const { status, stderr } = await analyzed('--fps', rate);
      assert.deepEqual([status, /USAGE.*--fps/.test(stderr)], [2, true], `${rate}: ${stderr}`);
    }
  });

  it('has the times of a log that has a row for each of its frames, and what was driven is that row', async () => {
    writeFileSync(
      join(folder, 'drive.csv'),
      [
        't [s],steering [rad]',
        ...Array.from({ length: 20 }, (_, row) => `${row / 10},${row / 100}`),
        '',
      ].join('\n'),
    );
    const { status, stderr } = await analyzed();
    assert.equal(status, 0, stderr);
    for (const [frame, { pts, driven }] of rows().entries())
      assert.deepEqual([pts, Number(driven)], [frame / 10, frame / 100]);
  });
});
