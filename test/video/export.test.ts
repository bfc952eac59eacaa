import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import { exportOverlay, overlayPicture, type OverlayFrame } from '../../server/video/export.ts';
import type { VideoInfo } from '../../server/video/frame-source.ts';
import { probeVideo } from '../../server/video/probe.ts';
import {
  ffprobeFrameTimes,
  makeNumberedClip,
  readFrameNumber,
  type NumberedClip,
} from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const folder = temporaryFolder({ after: (done) => after(done as () => void) });
const MASK = { width: 80, height: 10 };
const CROP = { x: 0, y: 100, width: 320, height: 40, of: [320, 180] as const };
/** Opaque blue (light 0x29 to 0xff of it) from value 128 up, nothing below. */
const COLORMAP = Uint8Array.from({ length: 1024 }, (_, i) =>
  i % 4 === 2 || (i % 4 === 3 && i >= 512) ? 255 : 0,
);

/**
 * The frames of a clip, each with a mask that covers the tenth of the crop whose number is that of
 * the frame's last digit.
 */
async function* frames(source: string, most = Infinity): AsyncGenerator<OverlayFrame> {
  let n = 0;
  for await (const { pts, images } of decodeVideo({
    path: source,
    images: [overlayPicture(await probeVideo(source))],
  })) {
    if (n >= most) return;
    const mask = new Uint8Array(MASK.width * MASK.height);
    for (let y = 0; y < MASK.height; y++)
      mask.fill(255, y * MASK.width + (n % 10) * 8, y * MASK.width + (n % 10) * 8 + 8);
    yield { pts, picture: images[0]!, mask, text: `frame ${n++}` };
  }
}

async function exported(
  name: string,
  clip: NumberedClip,
  ending = 'mp4',
  told: Partial<VideoInfo> = {},
): Promise<{ input: number[]; output: string }> {
  const source = await makeNumberedClip(join(folder, `${name}.${ending}`), clip);
  const output = join(folder, `${name}-overlay.mp4`);
  const input = await ffprobeFrameTimes(source);
  await exportOverlay({
    video: { ...(await probeVideo(source)), ...told },
    output,
    frames: frames(source),
    maskSize: MASK,
    crop: CROP,
    colormap: COLORMAP,
  });
  return { input, output };
}

describe('an exported clip', () => {
  const clips: [name: string, clip: NumberedClip, ending?: string][] = [
    [
      'vfr',
      {
        frames: 25,
        bFrames: 2,
        filter: "setpts='(N+0.4*mod(N,3)+7*gt(N,12))/(30*TB)'",
        options: ['-vsync', 'passthrough', '-enc_time_base', '1:90000'],
      },
    ],
    ['late', { frames: 25, bFrames: 2 }, 'ts'],
    [
      'below-zero',
      {
        frames: 25,
        bFrames: 2,
        options: ['-muxdelay', '0', '-muxpreload', '0', '-output_ts_offset', '-0.5'],
      },
      'ts',
    ],
  ];
  for (const [name, clip, ending] of clips) {
    it(`keeps the frames and their times, and puts each mask onto its frame: ${name}`, async () => {
      const { input, output } = await exported(name, clip, ending);
      const times = await ffprobeFrameTimes(output);
      assert.equal(times.length, input.length);
      const lastFor = (await probeVideo(output)).duration - (times.at(-1)! - times[0]!);
      assert.ok(Math.abs(lastFor - 1 / 30) < 0.01, `the last frame is shown for ${lastFor} s`);
      // Before ffmpeg 5.0 an MP4's start is told in milliseconds.
      const shift = times[0]! - input[0]!;
      assert.ok(Math.abs(shift + Math.min(0, input[0]!)) < 1e-3);
      for (const [i, time] of times.entries())
        assert.ok(
          Math.abs(time - shift - input[i]!) < 2e-5,
          `frame ${i}: ${time} instead of ${input[i]}`,
        );
      const strip = {
        crop: { x: 0, y: 100, width: 320, height: 40, of: [320, 180] as const },
        width: 320,
        height: 40,
        pixelFormat: 'rgb24' as const,
        resize: 'area' as const,
      };
      const bars = {
        crop: { x: 0, y: 40, width: 320, height: 40, of: [320, 180] as const },
        width: 64,
        height: 8,
        pixelFormat: 'gray' as const,
        resize: 'area' as const,
      };
      const print = {
        crop: { x: 0, y: 0, width: 320, height: 9, of: [320, 180] as const },
        width: 320,
        height: 9,
        pixelFormat: 'gray' as const,
        resize: 'area' as const,
      };
      let n = 0;
      for await (const {
        images: [rgb, gray, text],
      } of decodeVideo({ path: output, images: [strip, bars, print] })) {
        assert.equal(readFrameNumber(gray!, 64, 8), n);
        const blue = Array.from({ length: 10 }, (_, tenth) => {
          const pixel = (20 * 320 + tenth * 32 + 16) * 3;
          return rgb![pixel]! < 90 && rgb![pixel + 1]! < 90 && rgb![pixel + 2]! > 170;
        });
        assert.deepEqual(
          blue,
          Array.from({ length: 10 }, (_, tenth) => tenth === n % 10),
          `mask on frame ${n}`,
        );
        assert.ok(text!.some((value) => value > 200));
        n++;
      }
      assert.equal(n, input.length);
    });
  }

  it('keeps gaps of minutes between frames whose clock counts billionths of a second', async () => {
    const { input, output } = await exported(
      'gap',
      {
        frames: 12,
        filter: "setpts='(N+6000*gt(N,5))/(30*TB)'",
        options: ['-vsync', 'passthrough', '-enc_time_base', '1:90000'],
      },
      'mp4',
      { timeBase: { num: 1, den: 1_000_000_000 } },
    );
    const times = await ffprobeFrameTimes(output);
    assert.ok(input[6]! - input[5]! > 200);
    assert.equal(times.length, input.length);
    for (const [i, time] of times.entries())
      assert.ok(Math.abs(time - input[i]!) < 2e-5, `frame ${i}: ${time} instead of ${input[i]}`);
  });
});

describe('an export that fails', () => {
  let source: string;
  before(async () => {
    source = await makeNumberedClip(join(folder, 'source.mp4'));
  });

  it('leaves nothing behind when the masks fail', async () => {
    const output = join(folder, 'failed.mp4');
    async function* failing(): AsyncGenerator<OverlayFrame> {
      yield* frames(source, 2);
      throw new Error('no more masks');
    }
    await assert.rejects(
      exportOverlay({
        video: await probeVideo(source),
        output,
        frames: failing(),
        maskSize: MASK,
        crop: CROP,
        colormap: COLORMAP,
      }),
      /no more masks/,
    );
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('failed')),
      [],
    );
  });

  it('leaves nothing behind when it is aborted', async () => {
    const output = join(folder, 'aborted.mp4');
    const abort = new AbortController();
    async function* stopping(): AsyncGenerator<OverlayFrame> {
      yield* frames(source, 3);
      abort.abort(new Error('enough'));
    }
    await assert.rejects(
      exportOverlay({
        video: await probeVideo(source),
        output,
        frames: stopping(),
        maskSize: MASK,
        crop: CROP,
        colormap: COLORMAP,
        signal: abort.signal,
      }),
      /enough/,
    );
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('aborted')),
      [],
    );
  });

  it('says so where nothing can be written', async () => {
    const request = {
      video: await probeVideo(source),
      output: join(folder, 'nowhere', 'x.mp4'),
      frames: frames(source),
      maskSize: MASK,
      crop: CROP,
      colormap: COLORMAP,
    };
    await assert.rejects(
      exportOverlay(request),
      (error: unknown) => (error as { code: string }).code === 'OUTPUT_NOT_WRITABLE',
    );
  });
});
