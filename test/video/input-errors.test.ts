import assert from 'node:assert/strict';
import { copyFile, mkdir, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ErrorCode } from '../../shared/errors.ts';
import { decodeVideo } from '../../server/video/decoder.ts';
import { readFrameIndex } from '../../server/video/frame-index.ts';
import type { DecodedFrame, DecodeRequest, ImageFormat } from '../../server/video/frame-source.ts';
import { probeVideo } from '../../server/video/probe.ts';
import { findTools } from '../../server/video/tools.ts';
import { collect } from '../support/collect.ts';
import { ffmpeg, makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const GRAY: ImageFormat = {
  crop: null,
  width: 64,
  height: 20,
  pixelFormat: 'gray',
  resize: 'area',
};
const folder = temporaryFolder({ after: (done) => after(done as () => void) });
let clip: string;

before(async () => {
  clip = await makeNumberedClip(join(folder, 'clip.mp4'));
});

async function decode(path: string, rest: Partial<DecodeRequest> = {}): Promise<DecodedFrame[]> {
  return collect(decodeVideo({ path, images: [GRAY], ...rest }));
}

function refused(code: ErrorCode, sentence: RegExp): (error: unknown) => true {
  return (error) => {
    const {
      code: actual,
      message,
      hint,
    } = error as { code: string; message: string; hint: string };
    assert.equal(actual, code);
    assert.match(message, sentence);
    assert.ok(hint.length > 0);
    return true;
  };
}

describe('a file that is not a readable video', () => {
  const cases: [
    what: string,
    code: ErrorCode,
    sentence: RegExp,
    make: (path: string) => Promise<unknown>,
  ][] = [
    ['is missing', 'INPUT_NOT_FOUND', /cannot be opened/, async () => {}],
    ['is a folder', 'INPUT_NOT_FOUND', /is not a file/, (path) => mkdir(path)],
    ['is empty', 'INPUT_EMPTY', /is empty/, (path) => writeFile(path, '')],
    [
      'is text',
      'VIDEO_UNREADABLE',
      /cannot be read as video/,
      (path) => writeFile(path, 'These are not pictures.\n'.repeat(500)),
    ],
    [
      'is a playlist',
      'VIDEO_UNREADABLE',
      /cannot be read as video/,
      (path) =>
        writeFile(path, `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${clip}\n#EXT-X-ENDLIST\n`),
    ],
    [
      'is sound alone',
      'VIDEO_NO_PICTURE',
      /has no video stream/,
      (path) => ffmpeg('-f', 'lavfi', '-i', 'sine=duration=1', path),
    ],
    [
      'is sound with cover art',
      'VIDEO_NO_PICTURE',
      /has no video stream/,
      (path) =>
        ffmpeg(
          '-f',
          'lavfi',
          '-i',
          'sine=duration=1',
          '-f',
          'lavfi',
          '-i',
          'testsrc=d=0.04:s=64x64',
          '-map',
          '0',
          '-map',
          '1',
          '-c:v',
          'mjpeg',
          '-disposition:v',
          'attached_pic',
          path,
        ),
    ],
    [
      'lost its index at the end',
      'VIDEO_UNREADABLE',
      /cannot be read as video/,
      async (path) => {
        await copyFile(clip, path);
        await truncate(path, Math.floor((await stat(path)).size / 2));
      },
    ],
  ];
  for (const [what, code, sentence, make] of cases) {
    it(`${what}: ${code}`, async () => {
      const path = join(folder, `${what.replaceAll(' ', '-')}.mp4`);
      await make(path);
      await assert.rejects(probeVideo(path), refused(code, sentence));
      await assert.rejects(decode(path), refused(code, sentence));
      await assert.rejects(readFrameIndex(path), refused(code, sentence));
    });
  }

  it('holds no packet that can be decoded: VIDEO_UNREADABLE', async () => {
    const path = join(folder, 'blank.mp4');
    const bytes = await readFile(clip);
    bytes.fill(0, bytes.indexOf('mdat') + 4, bytes.lastIndexOf('moov') - 4);
    await writeFile(path, bytes);
    await assert.rejects(
      decode(path),
      refused('VIDEO_UNREADABLE', /No frame of .* can be decoded/),
    );
  });

  it('lies behind a device: INPUT_NOT_FOUND', async () => {
    await assert.rejects(decode('/dev/null'), refused('INPUT_NOT_FOUND', /is not a file/));
  });
});

it('gives the frames that a cut-off file still has, and a warning', async () => {
  const path = join(folder, 'cut.mp4');
  await ffmpeg('-i', clip, '-c', 'copy', '-movflags', '+faststart', path);
  const file = await open(path, 'r+');
  await file.truncate(Math.floor((await file.stat()).size * 0.6));
  await file.close();
  const stream = decodeVideo({ path, images: [GRAY] });
  const numbers = (await collect(stream)).map(({ images }) =>
    readFrameNumber(images[0]!, GRAY.width, GRAY.height),
  );
  assert.ok(numbers.length > 5 && numbers.length < 60, `${numbers.length} frames`);
  assert.deepEqual(numbers.slice(0, 5), [0, 1, 2, 3, 4]);
  assert.ok(stream.warnings.length > 0);
});

describe('file names', () => {
  for (const name of [
    '-i 100%d %03d.mp4',
    "http:it's “quoted”\\.mp4",
    'straße 道路?query#\tpart.mp4',
  ]) {
    it(`may be ${JSON.stringify(name)}`, async () => {
      const path = join(folder, name);
      await copyFile(clip, path);
      assert.equal((await decode(path, { frames: 3 })).length, 3);
      assert.equal((await readFrameIndex(path)).pts.length, 60);
    });
  }
});

describe('a crop', () => {
  const crop = (
    x: number,
    y: number,
    width: number,
    height: number,
    of: [number, number] = [320, 180],
  ): ImageFormat => ({ ...GRAY, crop: { x, y, width, height, of } });

  it('outside the frame is refused', async () => {
    for (const format of [
      crop(0, 100, 320, 81),
      crop(-1, 0, 100, 100),
      crop(0, 0, 0, 10),
      crop(0, 0, 641, 360, [640, 360]),
    ]) {
      await assert.rejects(
        decode(clip, { images: [format] }),
        refused('CROP_OUTSIDE_FRAME', /does not lie inside the 320×180 frames/),
      );
    }
  });

  it('shows its part of the frame, scaled to the size of the video', async () => {
    const [frame] = await decode(clip, {
      images: [crop(320, 200, 320, 100, [640, 360]), crop(3, 11, 301, 97)],
      from: 1,
      frames: 1,
    });
    const [half, odd] = frame!.images as [Uint8Array, Uint8Array];
    // The right half shows the lowest bits: the whole number cannot be read, so its bars are
    // compared.
    const bits = Array.from({ length: 8 }, (_, bar) =>
      half[10 * 64 + bar * 8 + 4]! > 125 ? 1 : 0,
    );
    assert.deepEqual(bits, [...[0, 1, 1, 1, 1, 0], 0, 1]);
    assert.equal(readFrameNumber(odd, 64, 20, { left: 3 / 320, right: 304 / 320 }), 30);
  });
});

it('survives a change of the picture size inside a file', async () => {
  const small = await makeNumberedClip(join(folder, 'small.ts'), { size: [320, 180], frames: 20 });
  const large = await makeNumberedClip(join(folder, 'large.ts'), {
    size: [640, 360],
    frames: 20,
    options: ['-output_ts_offset', '1'],
  });
  const path = join(folder, 'both.ts');
  await writeFile(path, Buffer.concat([await readFile(small), await readFile(large)]));
  const lower: ImageFormat = {
    ...GRAY,
    crop: { x: 0, y: 90, width: 320, height: 90, of: [320, 180] },
  };
  const frames = await decode(path, { images: [lower], display: { maxWidth: 200, quality: 6 } });
  const once = Array.from({ length: 20 }, (_, i) => i);
  assert.deepEqual(
    frames.map(({ images }) => readFrameNumber(images[0]!, 64, 20)),
    [...once, ...once],
  );
});

it('FFMPEG_MISSING names the variable that points nowhere', async (t) => {
  process.env['ROADGAZE_FFMPEG'] = '/nowhere/ffmpeg';
  t.after(() => delete process.env['ROADGAZE_FFMPEG']);
  await assert.rejects(
    decode(clip),
    refused('FFMPEG_MISSING', /ROADGAZE_FFMPEG names \/nowhere\/ffmpeg/),
  );
  await assert.rejects(findTools(), refused('FFMPEG_MISSING', /ROADGAZE_FFMPEG/));
});
