import assert from 'node:assert/strict';
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { WHOLE_FRAME, type Crop } from '../../shared/geometry.ts';
import { decodeVideo } from '../../server/video/decoder.ts';
import { exportOverlay, overlayPicture, type OverlayFrame } from '../../server/video/export.ts';
import type { ImageFormat, VideoInfo } from '../../server/video/frame-source.ts';
import { probeVideo } from '../../server/video/probe.ts';
import { writeLine } from '../../server/video/small-print.ts';
import {
  ffmpeg,
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
async function* frames(
  source: string,
  most = Infinity,
  { width, height } = MASK,
): AsyncGenerator<OverlayFrame> {
  let n = 0;
  for await (const { pts, images, fit } of decodeVideo({
    path: source,
    images: [overlayPicture(await probeVideo(source))],
  })) {
    if (n >= most) return;
    const mask = new Uint8Array(width * height);
    const tenth = width / 10;
    for (let y = 0; y < height; y++)
      mask.fill(255, y * width + (n % 10) * tenth, y * width + ((n % 10) + 1) * tenth);
    yield { pts, picture: images[0]!, fit, mask, text: `frame ${n++}` };
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

describe('the pictures of an export', () => {
  /** Grey pictures, each with a mask that holds every value once, and what comes out of them. */
  async function shown(width: number, crop: Crop, text: string): Promise<Uint8Array> {
    const source = join(folder, 'grey.mp4');
    if (!(await readdir(folder)).includes('grey.mp4'))
      await makeNumberedClip(source, { frames: 2 });
    const output = join(folder, `grey-${width}.mp4`);
    const size = { width, height: 180 };
    const picture = new Uint8Array((3 * size.width * size.height) / 2).fill(128);
    picture.fill(110, 0, size.width * size.height);
    const mask = Uint8Array.from({ length: 256 }, (_, value) => value);
    await exportOverlay({
      video: { ...(await probeVideo(source)), ...size },
      output,
      frames: Readable.from(
        [0, 1 / 30].map((pts) => ({ pts, picture, fit: WHOLE_FRAME, mask, text })),
      ),
      maskSize: { width: 16, height: 16 },
      crop,
      colormap: Uint8Array.from({ length: 1024 }, (_, at) => lookOf(at >> 2)[at & 3]!),
    });
    for await (const { images } of decodeVideo({
      path: output,
      images: [
        {
          crop: { x: 0, y: 0, ...size, of: [width, 180] },
          ...size,
          pixelFormat: 'rgb24',
          resize: 'area',
        },
      ],
    }))
      return images[0]!;
    assert.fail('there is no picture');
  }
  const grey = ((110 - 16) / 219) * 255;
  /** Nothing of the lowest values, half of the highest, all between. */
  const lookOf = (value: number) => [
    value,
    255 - value,
    128,
    value < 8 ? 0 : value < 248 ? 255 : 128,
  ];
  const meanOf = (rgb: Uint8Array, width: number, x: number, y: number, side: number) =>
    [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let j = 0; j < side; j++)
        for (let i = 0; i < side; i++) sum += rgb[3 * ((y + j) * width + x + i) + channel]!;
      return sum / side ** 2;
    });

  it('have the colour and opacity of each value of the mask, in its place in the crop', async () => {
    const [x, y, across, down] = [32, 36, 16, 8];
    const crop = { x, y, width: 256, height: 128, of: [320, 180] as const };
    const rgb = await shown(320, crop, '');
    for (let value = 0; value < 256; value++) {
      // Within a cell the value changes by a few.
      if (Math.abs(value - 7.5) < 4 || Math.abs(value - 247.5) < 4) continue;
      const [left, top] = [x + (value % 16) * across, y + Math.floor(value / 16) * down];
      const opacity = lookOf(value)[3]! / 255;
      const found = meanOf(rgb, 320, left + across / 2 - 1, top + down / 2 - 1, 2);
      for (const channel of [0, 1, 2])
        assert.ok(
          Math.abs(found[channel]! - (lookOf(value)[channel]! * opacity + grey * (1 - opacity))) <
            12,
          `${found.map(Math.round)} for ${value}`,
        );
    }
    for (const [left, top] of [
      [4, 100],
      [300, 100],
      [100, 20],
      [100, 170],
    ] as const)
      assert.ok(meanOf(rgb, 320, left, top, 6).every((channel) => Math.abs(channel - grey) < 4));
  });

  for (const [width, times] of [
    [320, 1],
    [1280, 2],
  ] as const)
    it(`${width} wide have a line of print ${times} times its size on a dark band`, async () => {
      const crop = { x: 0, y: 100, width, height: 40, of: [width, 180] as const };
      const rgb = await shown(width, crop, '12:34 frame 7');
      const line = { width: width / times, height: 9 };
      const print = new Uint8Array(line.width * line.height);
      writeLine(print, line, 0, '12:34 frame 7');
      assert.ok(print.includes(255));
      for (let y = 0; y < line.height; y++)
        for (let x = 0; x < line.width; x++) {
          const [, green] = meanOf(rgb, width, x * times, y * times, times);
          // Of 255 parts, the band takes 150.
          const expected = print[y * line.width + x] ? 255 : grey * (105 / 255);
          assert.ok(Math.abs(green! - expected) < 60, `${green} at ${x}, ${y}`);
        }
      const band = meanOf(rgb, width, width - 20, 0, 8)[1]!;
      assert.ok(Math.abs(band - (grey * 105) / 255) < 4, `the band is ${band}`);
      const below = meanOf(rgb, width, width - 20, 9 * times + 1, 8)[1]!;
      assert.ok(Math.abs(below - grey) < 4, `${below} below the band`);
    });

  it('are even, as H.264 wants them, and lose a row and a column at most', () => {
    const asked = (width: number, height: number) => {
      const { crop, ...image } = overlayPicture({ width, height });
      return [crop, image.width, image.height];
    };
    assert.deepEqual(asked(321, 181), [
      { x: 0, y: 0, width: 320, height: 180, of: [321, 181] },
      320,
      180,
    ]);
    assert.deepEqual(asked(322, 180), [
      { x: 0, y: 0, width: 322, height: 180, of: [322, 180] },
      322,
      180,
    ]);
    assert.deepEqual(asked(1, 1).slice(1), [2, 2]);
  });
});

/** Grey 160 at this size, ten frames. */
async function greyPart(path: string, [width, height]: readonly [number, number]): Promise<void> {
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    `color=c=0xa0a0a0:s=${width}x${height}:r=20:d=0.5`,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    path,
  );
}

/** First and last place of what is so. */
function span<Value>(values: readonly Value[], isSo: (value: Value) => boolean): [number, number] {
  return [values.findIndex(isSo), values.findLastIndex(isSo)];
}

describe('an export of pictures that change their shape under way', () => {
  const crop = { x: 80, y: 40, width: 200, height: 100, of: [320, 160] as const };
  const sizes = [
    [320, 160],
    [160, 320],
    [640, 320],
    [320, 240],
    [480, 160],
    [320, 160],
  ] as const;

  for (const mask of [MASK, { width: 400, height: 10 }])
    it(`shows each in its own shape, with its mask where the network saw it: masks ${mask.width} wide`, async () => {
      const source = join(folder, `shapes-${mask.width}.h264`);
      for (const [index, size] of sizes.entries()) {
        const part = join(folder, `shape-${mask.width}-${index}.h264`);
        await greyPart(part, size);
        await appendFile(source, await readFile(part));
      }
      const output = join(folder, `shapes-${mask.width}.mp4`);
      await exportOverlay({
        video: await probeVideo(source),
        output,
        frames: frames(source, Infinity, mask),
        maskSize: mask,
        crop,
        colormap: COLORMAP,
      });
      const whole = { crop: null, width: 320, height: 160, pixelFormat: 'rgb24', resize: 'area' };
      let n = 0;
      for await (const {
        images: [rgb],
      } of decodeVideo({ path: output, images: [whole as ImageFormat] })) {
        const [wide, high] = sizes[Math.floor(n / 10)]!;
        const scale = Math.min(320 / wide, 160 / high);
        const place = (share: number, whole: number, side: number) =>
          (whole - side * scale) / 2 + share * side * scale;
        const at = (x: number, y: number) => [...rgb!.subarray(3 * (y * 320 + x)).subarray(0, 3)];
        const isLight = ([, green]: number[]) => green! > 80;
        const isBlue = ([red, , blue]: number[]) => blue! > 170 && red! < 90;
        const row = (y: number) => Array.from({ length: 320 }, (_, x) => at(x, y));
        const column = (x: number) => Array.from({ length: 160 }, (_, y) => at(x, y));
        const near = (seen: [number, number], wanted: [number, number], what: string) =>
          assert.ok(
            Math.abs(seen[0] - wanted[0]) <= 3 && Math.abs(seen[1] + 1 - wanted[1]) <= 3,
            `frame ${n}, ${what}: ${seen.join('…')} instead of ${wanted.join('…')}`,
          );
        // A row and a column that the mask does not reach, and not the text either.
        const clear = Math.round(place(0.95, 160, high));
        near(span(row(clear), isLight), [place(0, 320, wide), place(1, 320, wide)], 'columns');
        const edge = Math.round(place(0.96, 320, wide));
        if (high * scale > 150)
          near(span(column(edge).slice(20), isLight), [0, place(1, 160, high) - 20], 'rows');
        else near(span(column(edge), isLight), [place(0, 160, high), place(1, 160, high)], 'rows');
        const tenth = (n % 10) / 10;
        const left = place((80 + 200 * tenth) / 320, 320, wide);
        const right = place((80 + 200 * (tenth + 0.1)) / 320, 320, wide);
        const middle = Math.round(place(90 / 160, 160, high));
        near(span(row(middle), isBlue), [left, right], 'mask, columns');
        const through = Math.floor((left + right) / 2);
        near(
          span(column(through), isBlue),
          [place(40 / 160, 160, high), place(140 / 160, 160, high)],
          'mask, rows',
        );
        n++;
      }
      assert.equal(n, 60);
      assert.equal((await ffprobeFrameTimes(output)).length, 60);
    });
});

it('an export of large pictures, whose masks are made coarser, has them in the same place', async () => {
  const [width, height] = [4160, 2200];
  const source = join(folder, 'large.mp4');
  const grey = `color=c=0xa0a0a0:s=${width}x${height}:r=20:d=0.1`;
  await ffmpeg('-f', 'lavfi', '-i', grey, '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', source);
  const output = join(folder, 'large-overlay.mp4');
  await exportOverlay({
    video: await probeVideo(source),
    output,
    frames: frames(source),
    maskSize: MASK,
    crop: { x: 403, y: 1001, width: 3001, height: 997, of: [width, height] },
    colormap: COLORMAP,
  });
  const strip = { x: 0, y: 1490, width, height: 2, of: [width, height] } as const;
  const column = { x: 850, y: 0, width: 2, height, of: [width, height] } as const;
  let n = 0;
  for await (const {
    images: [across, down],
  } of decodeVideo({
    path: output,
    images: [
      { crop: strip, width, height: 1, pixelFormat: 'rgb24', resize: 'area' },
      { crop: column, width: 1, height, pixelFormat: 'rgb24', resize: 'area' },
    ],
  })) {
    const blue = (rgb: Uint8Array) =>
      span(
        Array.from({ length: rgb.length / 3 }, (_, at) => at),
        (at) => rgb[3 * at]! < 90 && rgb[3 * at + 2]! > 170,
      );
    const left = 403 + 300.1 * n;
    for (const [seen, wanted] of [
      ...blue(across!).map((at, end) => [at, left + end * 300.1]),
      ...(n === 1 ? blue(down!).map((at, end) => [at, 1001 + end * 997]) : []),
    ] as [number, number][])
      assert.ok(Math.abs(seen - wanted) < 20, `frame ${n}: ${seen} instead of ${wanted}`);
    n++;
  }
  assert.equal(n, 2);
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
