import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import { exportOverlay, type OverlayMask } from '../../server/video/export.ts';
import { collect } from '../support/collect.ts';
import { ffprobeFrameTimes, makeNumberedClip, readFrameNumber, type NumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const folder = temporaryFolder({ after: (done) => after(done as () => void) });
const MASK = { width: 80, height: 10 };
const CROP = { x: 0, y: 100, width: 320, height: 40, of: [320, 180] as const };
/** Opaque blue (light 0x29 to 0xff of it) from value 128 up, nothing below. */
const COLORMAP = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 2 || (i % 4 === 3 && i >= 512) ? 255 : 0));

/** Covers the tenth of the crop whose number is that of the frame's last digit. */
async function* masks(times: readonly number[]): AsyncGenerator<OverlayMask> {
  for (const [n, pts] of times.entries()) {
    const mask = new Uint8Array(MASK.width * MASK.height);
    for (let y = 0; y < MASK.height; y++) mask.fill(255, y * MASK.width + (n % 10) * 8, y * MASK.width + (n % 10) * 8 + 8);
    yield { pts, mask, text: `frame ${n}` };
  }
}

async function exported(name: string, clip: NumberedClip, ending = 'mp4'): Promise<{ input: number[]; output: string }> {
  const source = await makeNumberedClip(join(folder, `${name}.${ending}`), clip);
  const output = join(folder, `${name}-overlay.mp4`);
  const input = (await collect(decodeVideo({ path: source, images: [], display: { maxWidth: 16, quality: 31 } }))).map(({ pts }) => pts);
  await exportOverlay({ input: source, output, masks: masks(input), maskSize: MASK, crop: CROP, colormap: COLORMAP });
  return { input, output };
}

describe('an exported clip', () => {
  const clips: [name: string, clip: NumberedClip, ending?: string][] = [
    ['vfr', { frames: 25, bFrames: 2, filter: "setpts='(N+0.4*mod(N,3)+7*gt(N,12))/(30*TB)'", options: ['-vsync', 'passthrough', '-enc_time_base', '1:90000'] }],
    ['late', { frames: 25, bFrames: 2 }, 'ts'],
  ];
  for (const [name, clip, ending] of clips) {
    it(`keeps the frames and their times, and puts each mask onto its frame: ${name}`, async () => {
      const { input, output } = await exported(name, clip, ending);
      const times = await ffprobeFrameTimes(output);
      assert.equal(times.length, input.length);
      // Before ffmpeg 5.0 an MP4's start is told in milliseconds.
      const shift = times[0]! - input[0]!;
      assert.ok(Math.abs(shift) < 1e-3);
      for (const [i, time] of times.entries()) assert.ok(Math.abs(time - shift - input[i]!) < 2e-5, `frame ${i}: ${time} instead of ${input[i]}`);
      const strip = { crop: { x: 0, y: 100, width: 320, height: 40, of: [320, 180] as const }, width: 320, height: 40, pixelFormat: 'rgb24' as const, resize: 'area' as const };
      const bars = { crop: { x: 0, y: 40, width: 320, height: 40, of: [320, 180] as const }, width: 64, height: 8, pixelFormat: 'gray' as const, resize: 'area' as const };
      const print = { crop: { x: 0, y: 0, width: 320, height: 9, of: [320, 180] as const }, width: 320, height: 9, pixelFormat: 'gray' as const, resize: 'area' as const };
      let n = 0;
      for await (const { images: [rgb, gray, text] } of decodeVideo({ path: output, images: [strip, bars, print] })) {
        assert.equal(readFrameNumber(gray!, 64, 8), n);
        const blue = Array.from({ length: 10 }, (_, tenth) => {
          const pixel = (20 * 320 + tenth * 32 + 16) * 3;
          return rgb![pixel]! < 90 && rgb![pixel + 1]! < 90 && rgb![pixel + 2]! > 170;
        });
        assert.deepEqual(blue, Array.from({ length: 10 }, (_, tenth) => tenth === n % 10), `mask on frame ${n}`);
        assert.ok(text!.some((value) => value > 200));
        n++;
      }
      assert.equal(n, input.length);
    });
  }
});

describe('an export that fails', () => {
  let source: string;
  before(async () => {
    source = await makeNumberedClip(join(folder, 'source.mp4'));
  });

  it('leaves nothing behind when the masks fail', async () => {
    const output = join(folder, 'failed.mp4');
    async function* failing(): AsyncGenerator<OverlayMask> {
      yield* masks([0, 1 / 30]);
      throw new Error('no more masks');
    }
    await assert.rejects(exportOverlay({ input: source, output, masks: failing(), maskSize: MASK, crop: CROP, colormap: COLORMAP }), /no more masks/);
    assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('failed')), []);
  });

  it('leaves nothing behind when it is aborted', async () => {
    const output = join(folder, 'aborted.mp4');
    const abort = new AbortController();
    async function* stopping(): AsyncGenerator<OverlayMask> {
      for await (const mask of masks([0, 1 / 30, 2 / 30])) yield mask;
      abort.abort(new Error('enough'));
    }
    await assert.rejects(exportOverlay({ input: source, output, masks: stopping(), maskSize: MASK, crop: CROP, colormap: COLORMAP, signal: abort.signal }), /enough/);
    assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('aborted')), []);
  });

  it('says so where nothing can be written', async () => {
    const request = { input: source, output: join(folder, 'nowhere', 'x.mp4'), masks: masks([]), maskSize: MASK, crop: CROP, colormap: COLORMAP };
    await assert.rejects(exportOverlay(request), (error: unknown) => (error as { code: string }).code === 'OUTPUT_NOT_WRITABLE');
  });
});
