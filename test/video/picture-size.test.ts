import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, test, after } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import { decoderLimits } from '../../server/video/picture-size.ts';
import { probeVideo } from '../../server/video/probe.ts';
import { ffmpeg } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const folder = temporaryFolder({ after: (done) => after(done as () => void) });

function grey(
  path: string,
  size: string,
  encoder: readonly string[],
  { frames = 1, format = 'yuv420p' } = {},
): Promise<void> {
  const source = `color=c=gray:s=${size}:r=10,format=${format}`;
  return ffmpeg('-f', 'lavfi', '-i', source, ...encoder, '-frames:v', String(frames), path);
}

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-threads', '1'];

describe('a file with pictures that are too large to be decoded', () => {
  const clips = [
    ['huge.mp4', '16000x16000', H264],
    ['large.mp4', '8000x8000', H264],
    ['large.mkv', '8000x8000', ['-c:v', 'ffv1']],
    ['large.avi', '8000x8000', ['-c:v', 'mjpeg'], 'yuvj420p'],
    // A bit for a pixel, or most of the time goes into packing zeros.
    ['huge.png', '16000x16000', [], 'monob'],
  ] as const;
  for (const [name, size, encoder, format] of clips) {
    it(`is refused before anything is decoded, with the size of its pictures: ${name}`, async () => {
      const path = join(folder, name);
      await grey(path, size, encoder, format ? { format } : {});
      const [width, height] = size.split('x');
      await assert.rejects(probeVideo(path), {
        code: 'VIDEO_TOO_LARGE',
        message: new RegExp(
          `${name} has pictures of ${width}×${height} \\(\\d+ million pixels\\); up to 36 million are read`,
        ),
      });
    });
  }

  it('is read up to 8192×4320', async () => {
    const path = join(folder, 'just.mp4');
    await grey(path, '8192x4320', H264, { frames: 2 });
    let frames = 0;
    for await (const { images } of decodeVideo({
      path,
      images: [{ crop: null, width: 16, height: 8, pixelFormat: 'gray', resize: 'area' }],
    }))
      frames += images.length;
    assert.equal(frames, 2);
  });
});

describe('a video whose pictures become too large under way', () => {
  const path = join(folder, 'grows.h264');
  before(async () => {
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=320x160:r=20:d=3', ...H264, path);
    const huge = join(folder, 'huge.h264');
    const made = join(folder, 'huge.mp4');
    if (!existsSync(made)) await grey(made, '16000x16000', H264);
    await ffmpeg('-i', made, '-c', 'copy', huge);
    appendFileSync(path, readFileSync(huge));
  });

  it('gives the frames until then, and ends with an error that names both sizes', async () => {
    let frames = 0;
    await assert.rejects(
      async () => {
        for await (const _ of decodeVideo({
          path,
          images: [{ crop: null, width: 16, height: 8, pixelFormat: 'gray', resize: 'area' }],
        }))
          frames++;
      },
      { code: 'VIDEO_TOO_LARGE', message: /change from 320×160 to 16000×16000 under way/ },
    );
    assert.equal(frames, 60);
  });
});

test('the larger the pictures, the fewer a decoder works on at the same time, and the less they may grow', () => {
  const limits = (width: number, height: number, threads: number | null, handedOver = 0) => {
    const options = decoderLimits({ width, height }, threads, handedOver);
    const at = options.indexOf('-threads');
    return {
      threads: at < 0 ? null : Number(options[at + 1]),
      pixels: Number(options[options.indexOf('-max_pixels') + 1]),
    };
  };
  assert.equal(limits(1920, 1080, 48).threads, 16);
  assert.equal(limits(3840, 2160, 48).threads, 16);
  assert.equal(limits(8192, 4320, 48).threads, 4);
  assert.equal(limits(8192, 4320, 48, 8192 * 4320).threads, 1);
  for (const [width, height] of [
    [320, 160],
    [1920, 1080],
    [3840, 2160],
    [8192, 4320],
  ] as const) {
    const { threads, pixels } = limits(width, height, 48);
    assert.ok(
      pixels >= width * height && pixels * threads! <= 144e6,
      `${width}×${height}: ${threads} × ${pixels}`,
    );
  }
});
