import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mapPlane } from '../../server/results/map-plane.ts';
import { overlayPicture } from '../../server/results/overlay-picture.ts';
import { writePng } from '../../server/results/png.ts';
import { findTools } from '../../server/video/tools.ts';
import { randomNumbers } from '../support/network.ts';
import { temporaryFolder } from '../support/paths.ts';

test('ffmpeg reads the pixels of a PNG as they were written', async (t) => {
  const random = randomNumbers(1);
  const [width, height] = [37, 21];
  const rgb = Uint8Array.from({ length: 3 * width * height }, () => Math.floor(random(0, 256)));
  const path = join(temporaryFolder(t), 'noise.png');
  writeFileSync(path, await writePng({ width, height, rgb }));
  const read = execFileSync((await findTools()).ffmpeg, [
    '-loglevel',
    'error',
    '-i',
    path,
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-',
  ]);
  assert.deepEqual(new Uint8Array(read), rgb);
});

const attribution = { kind: 'attribution', dims: [1, 2, 1, 2], layout: 'NCHW' } as const;

test('the colours of an attribution are added up, or the strongest is taken', () => {
  const values = Float32Array.of(1, -2, 3, 5);
  assert.deepEqual([...mapPlane({ ...attribution, values, signed: true }).values], [4, 3]);
  assert.deepEqual([...mapPlane({ ...attribution, values, signed: false }).values], [3, 5]);
  assert.deepEqual(
    [
      ...mapPlane({ ...attribution, dims: [1, 1, 2, 2], layout: 'NHWC', values, signed: true })
        .values,
    ],
    [-1, 8],
  );
});

test('what is the same for all colours of a place counts once', () => {
  assert.deepEqual(
    [...mapPlane({ ...attribution, values: Float32Array.of(-1, 2, -1, 2), signed: true }).values],
    [-1, 2],
  );
});

test('a few outliers of an attribution do not set the limit of its colours; those of a mask do', () => {
  const values = new Float32Array(1000).fill(0.5);
  values[10] = 90;
  assert.equal(
    mapPlane({ kind: 'attribution', dims: [1, 1, 10, 100], layout: 'NCHW', values, signed: true })
      .limit,
    0.5,
  );
  assert.equal(
    mapPlane({ kind: 'mask', dims: [1, 1, 10, 100], layout: 'NCHW', values, signed: false }).limit,
    90,
  );
  const single = new Float32Array(1000);
  single[3] = -7;
  assert.equal(
    mapPlane({
      kind: 'attribution',
      dims: [1, 1, 10, 100],
      layout: 'NCHW',
      values: single,
      signed: true,
    }).limit,
    7,
  );
});

test('an overlay colours its place by sign, leaves the rest alone, and writes a scale below', () => {
  const [width, height] = [640, 40];
  const picture = { width, height, rgb: new Uint8Array(3 * width * height).fill(100) };
  const map = { width: 2, height: 1, values: Float32Array.of(1, -1), limit: 1 };
  const overlay = overlayPicture({
    picture,
    place: { x: 100, y: 10, width: 200, height: 20 },
    map,
    signed: true,
    caption: 'gradient',
  });
  assert.equal(overlay.width, width);
  assert.ok(overlay.height > height);
  const pixel = (x: number, y: number) =>
    [...overlay.rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)] as [
      number,
      number,
      number,
    ];
  assert.deepEqual(pixel(50, 20), [100, 100, 100]);
  assert.deepEqual(pixel(320, 20), [100, 100, 100]);
  const [up, down] = [pixel(110, 20), pixel(290, 20)];
  assert.ok(up[0] > up[2] + 40, `${up} is not orange`);
  assert.ok(down[2] > down[0] + 40, `${down} is not blue`);
  assert.ok(pixel(2, height + 4)[2] > pixel(width - 3, height + 4)[2]);
});

test('a small picture is enlarged, and a map of zeros leaves it as it is', () => {
  const rgb = Uint8Array.from({ length: 3 * 4 * 2 }, (_, index) => index * 9);
  const overlay = overlayPicture({
    picture: { width: 4, height: 2, rgb },
    place: { x: 0, y: 0, width: 4, height: 2 },
    map: { width: 4, height: 2, values: new Float32Array(8), limit: 0 },
    signed: false,
    caption: '',
  });
  assert.equal(overlay.width, 640);
  for (const [x, y] of [
    [0, 0],
    [200, 100],
    [639, 319],
  ] as const) {
    const from = 3 * (Math.floor(y / 160) * 4 + Math.floor(x / 160));
    assert.deepEqual(
      [...overlay.rgb.subarray(3 * (y * 640 + x), 3 * (y * 640 + x) + 3)],
      [...rgb.subarray(from, from + 3)],
    );
  }
});
