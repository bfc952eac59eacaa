import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { alphaOf, colorAt, signedColorAt } from '../../shared/color-maps.ts';
import { mapPlane } from '../../server/results/map-plane.ts';
import { enlarged, overlayPicture } from '../../server/results/overlay-picture.ts';
import { writePng } from '../../server/results/png.ts';
import { LINE_HEIGHT, writeLine } from '../../server/video/small-print.ts';
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

/** One pixel of a picture. */
function pixelOf({ rgb, width }: { rgb: Uint8Array; width: number }, x: number, y: number) {
  return [...rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
}

/** Bilinear, the slow way: every value of the map counts by how near its centre is. */
function tents(values: readonly (readonly number[])[], x: number, y: number): number {
  const [rows, columns] = [values.length, values[0]!.length];
  const nearness = (at: number, index: number, last: number) =>
    Math.max(0, 1 - Math.abs(Math.min(last, Math.max(0, at - 0.5)) - index));
  return values
    .flatMap((row, i) =>
      row.map((value, j) => value * nearness(y, i, rows - 1) * nearness(x, j, columns - 1)),
    )
    .reduce((sum, value) => sum + value, 0);
}

for (const signed of [true, false])
  test(`every pixel of an overlay ${signed ? 'with' : 'without'} signs is between the nearest values of the map`, () => {
    const [width, height] = [640, 20];
    const random = randomNumbers(3);
    const rgb = Uint8Array.from({ length: 3 * width * height }, () => Math.floor(random(0, 256)));
    const values = [
      [0.1, 0.9, -0.4, 0.3],
      [-1.3, 0.2, 0.7, -0.6],
      [0.5, -0.8, 0.15, 1],
    ];
    const place = { x: 7, y: 4, width: 23, height: 13 };
    const limit = 0.8;
    const overlay = overlayPicture({
      picture: { width, height, rgb: rgb.slice() },
      place,
      map: { width: 4, height: 3, values: Float32Array.from(values.flat()), limit },
      signed,
      caption: '',
    });
    const style = { opacity: 0.85, threshold: 0.05 };
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const before = pixelOf({ rgb, width }, x, y);
        const [column, row] = [x - place.x, y - place.y];
        const isInside = column >= 0 && column < place.width && row >= 0 && row < place.height;
        const value = tents(
          values,
          ((column + 0.5) * 4) / place.width,
          ((row + 0.5) * 3) / place.height,
        );
        const share = Math.min(1, Math.max(signed ? -1 : 0, value / limit));
        const byte = Math.round(signed ? 128 + 127 * share : 255 * share);
        const size = signed ? Math.abs((byte - 128) / 127) : byte / 255;
        const color = signed ? signedColorAt((byte - 128) / 127) : colorAt('inferno', byte / 255);
        const alpha = Math.round(255 * alphaOf(size, style)) / 255;
        const after = isInside
          ? before.map((channel, index) => channel * (1 - alpha) + color[index]! * alpha)
          : before;
        for (const [index, channel] of pixelOf(overlay, x, y).entries())
          assert.ok(Math.abs(channel - after[index]!) <= 0.501, `${x}, ${y}: ${channel}`);
      }
  });

/** The ink of a line of small print, enlarged, as rows of a picture would have it. */
function printed(text: string, width: number, times: number): number[][] {
  const line = { width: Math.floor(width / times), height: LINE_HEIGHT };
  const print = new Uint8Array(line.width * line.height);
  writeLine(print, line, 0, text);
  return Array.from({ length: times * line.height }, (_, y) =>
    Array.from({ length: width }, (_, x) =>
      x < line.width * times && print[Math.floor(y / times) * line.width + Math.floor(x / times)]
        ? 235
        : 24,
    ),
  );
}

for (const [width, times, signed, limit, ends] of [
  [640, 1, true, 0.25, ['-0.250', '0.250']],
  [1291, 2, false, 0.0001234, ['0', '1.23e-4']],
  [640, 1, false, 0.001, ['0', '0.00100']],
  [640, 1, true, 0, ['-0.00', '0.00']],
] as const)
  test(`the scale below a picture ${width} wide ends at ${ends.join(' and ')}`, () => {
    const height = 5;
    const caption =
      'a caption that is cut off where the number at the other end needs the room '.repeat(2);
    const scale = overlayPicture({
      picture: { width, height, rgb: new Uint8Array(3 * width * height).fill(200) },
      place: { x: 0, y: 0, width, height },
      map: { width: 1, height: 1, values: Float32Array.of(0), limit },
      signed,
      caption,
    });
    // Of the picture, a gap, the colours, a gap, the print, a gap.
    const rows = [height, 2, 6, 1, LINE_HEIGHT, 1].map((part, index) =>
      index === 0 ? part : part * times,
    );
    const total = rows.reduce((sum, part) => sum + part, 0);
    assert.equal(scale.height, total);
    assert.equal(scale.rgb.length, 3 * width * total);
    const row = (y: number) => Array.from({ length: width }, (_, x) => pixelOf(scale, x, y));
    const bar = rows[0]! + rows[1]!;
    const print = bar + rows[2]! + rows[3]!;
    const isPicture = (y: number) => y < height;
    const isBar = (y: number) => y >= bar && y < bar + rows[2]!;
    const isPrint = (y: number) => y >= print && y < print + rows[4]!;
    const room = Math.floor((Math.floor(width / times) - 1) / 6) - ends[1].length;
    const ink = printed(
      `${ends[0]}   ${caption}`.slice(0, room - 1).padEnd(room) + ends[1],
      width,
      times,
    );
    for (let y = 0; y < total; y++) {
      const expected = isPrint(y)
        ? ink[y - print]!.map((grey) => [grey, grey, grey])
        : isBar(y)
          ? Array.from({ length: width }, (_, x) => {
              const byte = Math.round((255 * x) / (width - 1));
              return signed
                ? signedColorAt(Math.max(-1, (byte - 128) / 127))
                : colorAt('inferno', byte / 255);
            })
          : new Array<number[]>(width).fill(new Array<number>(3).fill(isPicture(y) ? 200 : 24));
      assert.deepEqual(row(y), expected, `row ${y}`);
    }
  });

test('a picture a little wider than half is enlarged twice, a wide one is not', () => {
  for (const [width, factor] of [
    [639, 2],
    [320, 2],
    [640, 1],
    [641, 1],
  ] as const)
    assert.deepEqual(
      (({ width, height }) => ({ width, height }))(
        enlarged({ width, height: 2, rgb: new Uint8Array(3 * width * 2) }),
      ),
      { width: width * factor, height: 2 * factor },
    );
});
