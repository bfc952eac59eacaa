import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ImageFormat } from '../../server/video/frame-source.ts';
import { isKeyframe } from '../../server/video/keyframes.ts';
import type { PacketCodec, PictureTrack } from '../../server/video/picture-track.ts';
import { PictureLosses } from '../../server/video/picture-losses.ts';
import { probeTrack } from '../../server/video/probe-track.ts';
import { RAW_PIXEL_FORMATS, rawFormat } from '../../server/video/raw-pictures.ts';
import { decodeTrack, trackIndex } from '../../server/video/track-decoder.ts';
import { collect } from '../support/collect.ts';
import { ffmpeg } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import {
  annexBPackets,
  decodedByFfmpeg,
  filesIn,
  hasEncoder,
  ivfPackets,
  trackOf,
  unevenTimes,
} from '../support/picture-tracks.ts';

const COLOR: ImageFormat = {
  crop: null,
  width: 48,
  height: 32,
  pixelFormat: 'rgb24',
  resize: 'area',
};
const GRAY: ImageFormat = { ...COLOR, pixelFormat: 'gray', width: 32, height: 20 };
const folder = temporaryFolder({ after: (done) => after(done as () => void) });

/** Everything, and from every seventh frame on, against what ffmpeg makes of the pictures. */
async function assertDecodes(track: PictureTrack, expected: readonly Buffer[]): Promise<void> {
  const stream = decodeTrack(track, { images: [COLOR, GRAY] });
  const frames = await collect(stream);
  assert.deepEqual(stream.warnings, []);
  assert.deepEqual(
    frames.map(({ pts }) => pts),
    [...track.pts],
    'the times are those of the track, to the bit',
  );
  assert.equal(expected.length, frames.length);
  for (const [i, { images }] of frames.entries())
    assert.ok(expected[i]!.equals(images[0]!), `picture ${i} has other pixels`);
  for (let i = 0; i < frames.length; i += 7) {
    const [sought] = await collect(
      decodeTrack(track, { images: [COLOR, GRAY], from: track.pts[i]!, frames: 1 }),
    );
    assert.equal(sought?.pts, track.pts[i]);
    assert.deepEqual(sought?.images, frames[i]!.images, `frame ${i} differs where it is sought`);
  }
}

describe('pictures that are files', () => {
  const kinds: [title: string, codec: PacketCodec, ending: string, options: string[]][] = [
    ['JPEG', 'mjpeg', 'jpg', ['-q:v', '3']],
    ['JPEG with full colour', 'mjpeg', 'jpg', ['-pix_fmt', 'yuvj444p']],
    ['grey JPEG', 'mjpeg', 'jpg', ['-pix_fmt', 'gray', '-strict', '-1']],
    ['PNG', 'png', 'png', ['-pix_fmt', 'rgb24']],
    ['PNG of 16 bits', 'png', 'png', ['-pix_fmt', 'rgb48be']],
    ['grey PNG of 16 bits', 'png', 'png', ['-pix_fmt', 'gray16be']],
    ['PNG with a palette', 'png', 'png', ['-pix_fmt', 'pal8']],
    ['PNG with alpha', 'png', 'png', ['-vf', 'format=rgba,geq=r=X:g=Y:b=128:a=X*4']],
    ['WebP', 'webp', 'webp', ['-c:v', 'libwebp', '-f', 'image2']],
    ['WebP without loss', 'webp', 'webp', ['-c:v', 'libwebp', '-lossless', '1', '-f', 'image2']],
  ];
  for (const [title, codec, ending, options] of kinds) {
    it(`${title} come with their own times and pixels, played through and sought`, async (test) => {
      if (codec === 'webp' && !(await hasEncoder('libwebp')))
        return test.skip('no encoder of WebP');
      const place = join(folder, title.replaceAll(' ', '-'));
      await mkdir(place);
      await ffmpeg(
        ...['-f', 'lavfi', '-i', 'testsrc=s=65x49:r=20:decimals=2', '-frames:v', '15'],
        ...options,
        join(place, `%03d.${ending}`),
      );
      const files = await filesIn(place, `.${ending}`);
      const pictures = await Promise.all(files.map((file) => readFile(file)));
      const expected = await Promise.all(
        files.map(async (file) => (await decodedByFfmpeg(['-i', file], COLOR))[0]!),
      );
      const track = trackOf(codec, pictures);
      await assertDecodes(track, expected);
      const video = await probeTrack(track);
      assert.deepEqual([video.width, video.height, video.codec], [65, 49, codec]);
      assert.equal(video.startTime, track.pts[0]);
      assert.equal(video.container, 'pictures');
      assert.ok(Math.abs(1 / video.averageFrameRate - 0.05) < 0.015);
    });
  }
});

describe('pictures that are not compressed', () => {
  for (const pixelFormat of RAW_PIXEL_FORMATS) {
    it(`${pixelFormat} comes with its own times and pixels`, async () => {
      const raw = { pixelFormat, width: 46, height: 30 };
      const { bytes } = rawFormat('drive', raw);
      // Smooth, for scalers round differently where neighbours have nothing to do with each other.
      const pictures = Array.from({ length: 8 }, (_, n) =>
        Buffer.from(
          Uint8Array.from({ length: bytes }, (__, i) => (i * 3 + n * 31 + (i >> 5)) & 255),
        ),
      );
      const file = join(folder, `${pixelFormat}.raw`);
      await writeFile(file, Buffer.concat(pictures));
      const expected = await decodedByFfmpeg(
        ['-f', 'rawvideo', '-pixel_format', pixelFormat, '-video_size', '46x30', '-i', file],
        COLOR,
      );
      const track = trackOf(raw, pictures);
      await assertDecodes(track, expected);
      const video = await probeTrack(track);
      assert.deepEqual([video.width, video.height, video.pixelFormat], [46, 30, pixelFormat]);
    });
  }

  it('a picture with too few or too many bytes is left out and named', async () => {
    const raw = { pixelFormat: 'rgb24', width: 16, height: 8 };
    const track = trackOf(raw, [
      Buffer.alloc(16 * 8 * 3, 40),
      Buffer.alloc(16 * 8 * 3 - 1),
      Buffer.alloc(16 * 8 * 3 + 1),
      Buffer.alloc(16 * 8 * 3, 90),
    ]);
    const stream = decodeTrack(track, { images: [GRAY] });
    const frames = await collect(stream);
    assert.deepEqual(
      frames.map(({ pts }) => pts),
      [track.pts[0], track.pts[3]],
    );
    assert.match(
      stream.warnings.join('\n'),
      /^2 pictures could not be read: picture 2 at .* has 383 instead of 384 bytes, picture 3/m,
    );
  });
});

/** Annex B without the units of some types. */
function withoutUnits(bytes: Buffer, codec: string, types: readonly number[]): Buffer {
  const units = bytes.toString('latin1').split('\0\0\u0001').slice(1);
  const kept = units.filter((unit) => {
    const head = unit.charCodeAt(0);
    return !types.includes(codec === 'h264' ? head & 31 : (head >> 1) & 63);
  });
  return Buffer.from(kept.map((unit) => `\0\0\u0001${unit}`).join(''), 'latin1');
}

describe('pictures that follow from each other', () => {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=20', '-frames:v', '40'];
  const kinds: [
    title: string,
    codec: 'h264' | 'hevc' | 'vp9' | 'av1',
    encoder: string,
    options: string[],
    /** Types of units that only the first packet has. */
    atStart?: number[],
  ][] = [
    ['H.264', 'h264', 'libx264', ['-bf', '0', '-g', '10']],
    [
      'H.264 with parameter sets at its start only',
      'h264',
      'libx264',
      ['-bf', '0', '-g', '10'],
      [7, 8],
    ],
    ['H.265', 'hevc', 'libx265', ['-x265-params', 'bframes=0:keyint=10:log-level=error']],
    [
      'H.265 with parameter sets at its start only',
      'hevc',
      'libx265',
      ['-x265-params', 'bframes=0:keyint=10:log-level=error'],
      [32, 33, 34],
    ],
    ['VP9', 'vp9', 'libvpx-vp9', ['-g', '10', '-lag-in-frames', '0', '-cpu-used', '8']],
    ['AV1', 'av1', 'libaom-av1', ['-g', '10', '-cpu-used', '8', '-strict', '-2']],
  ];
  for (const [title, codec, encoder, options, atStart] of kinds) {
    it(`${title} comes with its own times and pixels, played through and sought`, async (test) => {
      if (!(await hasEncoder(encoder))) return test.skip(`no encoder of ${codec}`);
      const isAnnexB = codec === 'h264' || codec === 'hevc';
      const file = join(folder, `${title.replaceAll(' ', '-')}.${isAnnexB ? codec : 'ivf'}`);
      await ffmpeg(...source, '-c:v', encoder, ...options, file);
      const whole = await (isAnnexB ? annexBPackets : ivfPackets)(file);
      const packets = atStart
        ? whole.map((bytes, i) => (i === 0 ? bytes : withoutUnits(bytes, codec, atStart)))
        : whole;
      if (atStart) assert.ok(packets[10]!.length < whole[10]!.length);
      assert.equal(packets.length, 40);
      const keyframes = packets.flatMap((bytes, i) => (isKeyframe(codec, bytes) ? [i] : []));
      assert.deepEqual(keyframes, [0, 10, 20, 30]);
      const track = trackOf(codec, packets, { keyframes: Int32Array.from(keyframes) });
      await assertDecodes(track, await decodedByFfmpeg(['-i', file], COLOR));
      const video = await probeTrack(track);
      assert.deepEqual([video.width, video.height, video.codec], [64, 48, codec]);
    });
  }

  it('B-frames are shown in their order, and take the times in their order', async () => {
    const file = join(folder, 'b.h264');
    await ffmpeg(...source, '-c:v', 'libx264', '-bf', '2', '-g', '10', file);
    const packets = await annexBPackets(file);
    const keyframes = packets.flatMap((bytes, i) => (isKeyframe('h264', bytes) ? [i] : []));
    const track = trackOf('h264', packets, { keyframes: Int32Array.from(keyframes) });
    await assertDecodes(track, await decodedByFfmpeg(['-i', file], COLOR));
  });
});

describe('a stream of pictures that lacks some', () => {
  it('gives the same frames at the same times, played through and sought', async () => {
    const file = join(folder, 'lacking.h264');
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=20', '-frames:v', '40'];
    await ffmpeg(...source, '-c:v', 'libx264', '-bf', '0', '-g', '10', file);
    const packets = await annexBPackets(file);
    const missing = [10, 25];
    const track = trackOf('h264', packets, {
      keyframes: Int32Array.of(0, 10, 20, 30),
      read: (i) =>
        Promise.resolve(missing.includes(i) ? { missing: `no ${i}` } : { bytes: packets[i]! }),
    });
    const stream = decodeTrack(track, { images: [COLOR] });
    const frames = await collect(stream);
    assert.ok(frames.length >= 28, 'what does not depend on the missing ones comes');
    for (const { pts } of frames) assert.ok(track.pts.includes(pts));
    assert.ok(stream.warnings.includes('2 pictures could not be read: no 10, no 25.'));
    for (const frame of frames) {
      const sought = decodeTrack(track, { images: [COLOR], from: frame.pts, frames: 1 });
      const [same] = await collect(sought);
      assert.equal(same?.pts, frame.pts);
      assert.deepEqual(same?.images, frame.images, `other pixels at ${frame.pts}`);
    }
  });
});

describe('the index of a track', () => {
  it('has the times of the track, and reads no picture', () => {
    const track = trackOf('mjpeg', [], {
      pts: unevenTimes(100_000),
      read: () => assert.fail('a picture is read'),
    });
    assert.deepEqual(trackIndex(track), { pts: track.pts, exact: false, notes: [] });
  });
});

describe('pictures that give no frame', () => {
  const track = {
    pts: Float64Array.from({ length: 40 }, (_, i) => i / 10),
  } as unknown as PictureTrack;

  it('are those that were fed before one that did, five by name and the rest by number', () => {
    const losses = new PictureLosses(track);
    assert.deepEqual(losses.sentences, []);
    for (const packet of [0, 1, 2, 3]) losses.fed(packet);
    losses.decoded(0);
    assert.deepEqual(losses.sentences, []);
    losses.decoded(2);
    assert.deepEqual(losses.sentences, ['1 picture could not be decoded: picture 2 at 0.100 s.']);
    losses.decoded(3);
    assert.equal(losses.sentences.length, 1);
    for (let packet = 4; packet < 10; packet++) losses.fed(packet);
    losses.missing('a.jpg is not there');
    losses.ended();
    assert.deepEqual(losses.sentences, [
      '1 picture could not be read: a.jpg is not there.',
      '7 pictures could not be decoded: picture 2 at 0.100 s, picture 5 at 0.400 s, picture 6 at 0.500 s, picture 7 at 0.600 s, picture 8 at 0.700 s, and 2 more.',
    ]);
    for (let i = 0; i < 5; i++) losses.missing(`${i}.jpg`);
    assert.equal(
      losses.sentences[0],
      '6 pictures could not be read: a.jpg is not there, 0.jpg, 1.jpg, 2.jpg, 3.jpg, and 1 more.',
    );
    losses.fed(12);
    losses.clear();
    losses.ended();
    assert.deepEqual(losses.sentences, []);
  });

  it('have the names that the track gives them', () => {
    const losses = new PictureLosses({ ...track, nameOf: (packet) => `${packet}.png` });
    losses.fed(7);
    losses.ended();
    assert.deepEqual(losses.sentences, ['1 picture could not be decoded: 7.png.']);
  });
});
