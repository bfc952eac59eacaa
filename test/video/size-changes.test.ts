import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import { ffmpeg } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

/** The left half black, the right half white. */
function halves(path: string, size: string): Promise<void> {
  return ffmpeg(
    '-f',
    'lavfi',
    '-i',
    `color=c=black:s=${size}:r=20:d=1,drawbox=x=iw/2:y=0:w=iw/2:h=ih:c=white:t=fill`,
    '-c:v',
    'libx264',
    '-pix_fmt',
    'yuv420p',
    path,
  );
}

test('where pictures change their size under way, all frames come, the crop is that part of each size, and each change is told with its time', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'changes.h264');
  await halves(path, '320x160');
  for (const [index, size] of ['160x320', '320x160', '640x320'].entries()) {
    const part = join(folder, `${index}.h264`);
    await halves(part, size);
    appendFileSync(path, readFileSync(part));
  }
  const rightHalf = { x: 160, y: 0, width: 160, height: 160, of: [320, 160] } as const;
  const stream = decodeVideo({
    path,
    images: [{ crop: rightHalf, width: 8, height: 8, pixelFormat: 'gray', resize: 'area' }],
  });
  let frames = 0;
  for await (const { images, pts } of stream) {
    assert.ok(Math.abs(pts - frames / 20) < 0.06, `frame ${frames} at ${pts}`);
    assert.ok(
      images[0]!.every((value) => value > 230),
      `frame ${frames}: ${images[0]!.join(' ')}`,
    );
    frames++;
  }
  assert.equal(frames, 80);
  const told = stream.warnings.map((warning) =>
    /^The pictures change from (\S+) to (\S+) at (\S+) s;/.exec(warning)!.slice(1),
  );
  assert.deepEqual(
    told.map(([from, to]) => [from, to]),
    [
      ['320×160', '160×320'],
      ['160×320', '320×160'],
      ['320×160', '640×320'],
    ],
  );
  for (const [index, [, , time]] of told.entries())
    assert.ok(Math.abs(Number(time) - (index + 1)) < 0.11, `${time} s`);
});

test('nothing is told of pictures that keep their size', async (t) => {
  const path = join(temporaryFolder(t), 'same.h264');
  await halves(path, '320x160');
  const stream = decodeVideo({
    path,
    images: [{ crop: null, width: 8, height: 8, pixelFormat: 'gray', resize: 'area' }],
  });
  for await (const _ of stream);
  assert.deepEqual(stream.warnings, []);
});
