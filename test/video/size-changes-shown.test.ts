import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import type { Fit } from '../../shared/geometry.ts';
import { ffmpeg } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const DISPLAY = { maxWidth: 320, quality: 2 } as const;
const FOR_PEOPLE = {
  crop: null,
  width: 320,
  height: 160,
  pixelFormat: 'gray',
  resize: 'area',
  keepsShape: true,
} as const;

/** A white disc, a quarter of the shorter side in radius, in the middle of grey. */
function disc(path: string, [width, height]: readonly [number, number], ...codec: string[]) {
  const radius = Math.min(width, height) / 4;
  return ffmpeg(
    '-f',
    'lavfi',
    '-i',
    `nullsrc=s=${width}x${height}:r=20:d=0.5,format=gray,geq=lum='if(lt(hypot(X-${(width - 1) / 2},Y-${(height - 1) / 2}),${radius}),235,128)'`,
    ...codec,
    '-pix_fmt',
    'yuv420p',
    path,
  );
}

/** Of all pictures of a stream of JPEG that keep their size, back to back. */
async function luma(path: string): Promise<Uint8Array> {
  const raw = `${path}.gray`;
  await ffmpeg('-i', path, '-vf', 'format=gray', '-fps_mode', 'passthrough', '-f', 'rawvideo', raw);
  return readFileSync(raw);
}

interface Seen {
  /** Columns and rows from the first to the last that are white, in the middle. */
  readonly disc: readonly [number, number];
  /** Those that are not black. */
  readonly filled: readonly [number, number];
}

function look(picture: Uint8Array, width: number, height: number): Seen {
  const across = Array.from({ length: width }, (_, x) => picture[(height >> 1) * width + x]!);
  const down = Array.from({ length: height }, (_, y) => picture[y * width + (width >> 1)]!);
  const above = (line: number[], level: number) =>
    line.findLastIndex((value) => value > level) - line.findIndex((value) => value > level) + 1;
  return {
    disc: [above(across, 190), above(down, 190)],
    filled: [above(across, 64), above(down, 64)],
  };
}

const SIZES = [
  [320, 160],
  [160, 320],
  [640, 320],
  [320, 240],
  [480, 160],
] as const;

for (const [name, ending, codec] of [
  ['raw H.264', 'h264', ['-c:v', 'libx264']],
  ['MPEG-TS', 'ts', ['-c:v', 'libx264', '-f', 'mpegts']],
  ['raw MJPEG', 'mjpeg', ['-c:v', 'mjpeg', '-q:v', '2']],
] as const) {
  test(`where the shape of pictures changes under way, a disc stays one and the frame tells what it fills: ${name}`, async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, `changes.${ending}`);
    for (const [index, size] of SIZES.entries()) {
      const part = join(folder, `${index}.${ending}`);
      await disc(part, size, ...codec);
      appendFileSync(path, readFileSync(part));
    }
    writeFileSync(join(folder, 'changes.log.json'), '{"roadgazeLog":1,"fps":20}');
    const stream = decodeVideo({ path, images: [FOR_PEOPLE], display: DISPLAY });
    const fits: Fit[] = [];
    const handedOver: Uint8Array[] = [];
    for await (const { images, display, fit } of stream) {
      appendFileSync(join(folder, 'shown.mjpeg'), display!);
      fits.push(fit);
      handedOver.push(images[0]!);
    }
    assert.equal(fits.length, 50);
    const shown = await luma(join(folder, 'shown.mjpeg'));
    assert.equal(shown.length, 50 * 320 * 160);
    for (const [frame, fit] of fits.entries()) {
      const size = SIZES[Math.floor(frame / 10)]!;
      const scale = Math.min(320 / size[0], 160 / size[1]);
      const filled = [size[0] * scale, size[1] * scale];
      const across = (Math.min(...size) / 2) * scale;
      const near = (value: number, wanted: number, what: string) =>
        assert.ok(Math.abs(value - wanted) <= 4, `frame ${frame}, ${what}: ${value} ≠ ${wanted}`);
      for (const picture of [
        shown.subarray(frame * 320 * 160, (frame + 1) * 320 * 160),
        handedOver[frame]!,
      ]) {
        const seen = look(picture, 320, 160);
        near(seen.filled[0], filled[0]!, 'columns filled');
        near(seen.filled[1], filled[1]!, 'rows filled');
        near(seen.disc[0], across, 'width of the disc');
        near(seen.disc[1], across, 'height of the disc');
      }
      near(fit.width * 320, filled[0]!, 'columns told');
      near(fit.height * 160, filled[1]!, 'rows told');
    }
    assert.equal(
      stream.warnings.filter((line) => line.startsWith('The pictures change')).length,
      4,
    );
  });
}

test('a frame after the pictures have changed their size is found as any other', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'changes.h264');
  for (const [index, size] of SIZES.entries()) {
    const part = join(folder, `${index}.h264`);
    await disc(part, size, '-c:v', 'libx264');
    appendFileSync(path, readFileSync(part));
  }
  const all: number[] = [];
  for await (const { pts } of decodeVideo({ path, images: [], display: DISPLAY })) all.push(pts);
  assert.equal(all.length, 50);
  for (const frame of [3, 10, 17, 25, 38, 49]) {
    const found: number[] = [];
    for await (const { pts } of decodeVideo({
      path,
      images: [],
      display: DISPLAY,
      from: all[frame]! - 0.001,
      frames: 3,
    }))
      found.push(pts);
    assert.deepEqual(found, all.slice(frame, frame + 3), `frame ${frame}`);
  }
});
