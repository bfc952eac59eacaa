import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { CausalCheck, Flag } from '../../shared/flags.ts';
import { runNode } from '../setup/support.ts';
import { repositoryRoot, sharedFolder, temporaryFolder } from '../support/paths.ts';

const run = promisify(execFile);
const real = sharedFolder ? join(sharedFolder, 'real') : '';
const options = {
  skip: existsSync(join(real, 'solidWhiteRight.mp4')) ? false : 'the shared footage is not here',
};

/**
 * Every frame's on-road share, and the flags with their causal checks, as the command writes them.
 */
async function analyzed(
  clip: string,
  output: string,
): Promise<{
  onRoad: number[];
  pull: number[];
  flags: (Flag & { check?: CausalCheck })[];
  printed: string;
}> {
  const { status, stderr, stdout } = await runNode([
    join(repositoryRoot, 'dist/node/server/cli/main.js'),
    'analyze',
    clip,
    '--model',
    join(real, 'nethvf.onnx'),
    '--road',
    join(real, 'lane-segmentation.onnx'),
    '--verify-flags',
    '--flag-pull',
    '0.05',
    '--provider',
    'cpu',
    '-o',
    output,
  ]);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const [heading, ...rows] = readFileSync(join(output, 'frames.csv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const column = (name: string) => rows.map((row) => Number(row[heading!.indexOf(name)]));
  return {
    onRoad: column('onRoad'),
    pull: column('pull'),
    flags: JSON.parse(readFileSync(join(output, 'flags.json'), 'utf8')).flags,
    printed: stdout,
  };
}

test(
  "on a real motorway the authors' network looks at the road in every frame, and nothing is flagged",
  options,
  async (t) => {
    const { onRoad, pull, flags } = await analyzed(
      join(real, 'solidWhiteRight.mp4'),
      temporaryFolder(t),
    );
    assert.equal(onRoad.length, 221);
    assert.ok(Math.min(...onRoad) >= 0.9, `lowest share ${Math.min(...onRoad)}`);
    assert.ok(pull.every((value) => value === 0));
    assert.deepEqual(flags, []);
  },
);

test(
  'a bright striped board on the verge is flagged while it stands there, and covering it changes the steering',
  options,
  async (t) => {
    const folder = temporaryFolder(t);
    const [board, clip] = [join(folder, 'board.png'), join(folder, 'board.mp4')];
    const place = { x: 820, y: 400, width: 120, height: 90 };
    const stripes = '255*lt(mod(X+Y,24),12)';
    await run('ffmpeg', [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      `color=white:s=${place.width}x${place.height},format=rgba,geq=r='${stripes}':g='${stripes}':b='${stripes}':a=255`,
      '-frames:v',
      '1',
      board,
    ]);
    await run('ffmpeg', [
      '-v',
      'error',
      '-i',
      join(real, 'solidWhiteRight.mp4'),
      '-i',
      board,
      '-filter_complex',
      `overlay=x=${place.x}:y=${place.y}:enable='between(t,3,5)'`,
      '-an',
      '-c:v',
      'libx264',
      '-crf',
      '14',
      clip,
    ]);
    const { pull, flags, printed } = await analyzed(clip, join(folder, 'results'));
    // A pull is a mean of 0.4 s.
    const [pulled, offRoad, ...more] = flags;
    assert.deepEqual([pulled!.kind, more], ['pull', []]);
    assert.ok(Math.abs(pulled!.startPts - 3) <= 0.2 && Math.abs(pulled!.endPts - 5) <= 0.2);
    pull.forEach((value, frame) => {
      if (frame / 25 < 2.8 || frame / 25 > 5.2) assert.equal(value, 0);
    });
    const { kind, startPts, endPts, check } = offRoad!;
    assert.deepEqual([kind, startPts, endPts], ['off-road', 3, 5]);
    assert.ok(check);
    assert.equal(check.isConfirmed, true);
    assert.ok(
      Math.abs(check.change) > check.threshold && Math.abs(check.change) > 5 * check.control!,
      `change ${check.change}, the same cover elsewhere ${check.control}`,
    );
    // What was replaced is the board: each centre lies inside the other.
    const { x, y, width, height } = check.region;
    const inside = (px: number, py: number, box: typeof place) =>
      px >= box.x && px <= box.x + box.width && py >= box.y && py <= box.y + box.height;
    assert.ok(
      inside(x + width / 2, y + height / 2, place) &&
        inside(place.x + place.width / 2, place.y + place.height / 2, check.region),
      JSON.stringify(check.region),
    );
    assert.match(printed, /2 flags, 2 confirmed/);
  },
);
