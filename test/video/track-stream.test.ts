import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import type { ImageFormat } from '../../server/video/frame-source.ts';
import type { PictureBytes, PictureTrack } from '../../server/video/picture-track.ts';
import { probeTrack } from '../../server/video/probe-track.ts';
import { withoutPadding } from '../../server/video/raw-pictures.ts';
import { decodeTrack } from '../../server/video/track-decoder.ts';
import { PassCheck } from '../../server/pipeline/pass-check.ts';
import { ffmpegsOf } from '../support/children.ts';
import { collect } from '../support/collect.ts';
import { ffmpeg } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { filesIn, trackOf, unevenTimes } from '../support/picture-tracks.ts';
import { untilAtRest } from '../support/until.ts';

const GRAY: ImageFormat = {
  crop: null,
  width: 32,
  height: 24,
  pixelFormat: 'gray',
  resize: 'area',
};
const LARGE: ImageFormat = { ...GRAY, width: 1920, height: 1080, pixelFormat: 'rgb24' };
const folder = temporaryFolder({ after: (done) => after(done as () => void) });
let jpegs: Buffer[];
let pngs: Buffer[];
const TEXT = Buffer.from('This is no picture, though it is named like one.');

async function picturesOf(name: string, options: readonly string[]): Promise<Buffer[]> {
  const place = join(folder, name);
  await mkdir(place);
  const ending = name.split('-')[0]!;
  await ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=20', '-frames:v', '30', ...options],
    join(place, `%03d.${ending}`),
  );
  return Promise.all((await filesIn(place, ending)).map((file) => readFile(file)));
}

before(async () => {
  jpegs = await picturesOf('jpg', []);
  pngs = await picturesOf('png', []);
});

/** A track that counts what is read of it. */
function countedTrack(
  pictures: readonly Buffer[],
  options: Partial<PictureTrack> = {},
): PictureTrack & { readonly reads: number[] } {
  const reads: number[] = [];
  const read = (packet: number): Promise<PictureBytes> => {
    reads.push(packet);
    return Promise.resolve({ bytes: pictures[packet % pictures.length]! });
  };
  return Object.assign(trackOf('mjpeg', pictures, { read, ...options }), { reads });
}

async function timesAndWarnings(
  track: PictureTrack,
): Promise<{ pts: number[]; warnings: readonly string[] }> {
  const stream = decodeTrack(track, { images: [GRAY] });
  const frames = await collect(stream);
  return { pts: frames.map(({ pts }) => pts), warnings: stream.warnings };
}

const without = (track: PictureTrack, ...packets: number[]): number[] =>
  [...track.pts].filter((_, i) => !packets.includes(i));

describe('pictures that are missing or damaged', () => {
  it('missing ones are left out and named, and the others keep their times', async () => {
    const gone = [0, 4, 5, 6, 7, 8, 29];
    const track = trackOf('mjpeg', jpegs, {
      read: (i) =>
        Promise.resolve(
          gone.includes(i) ? { missing: `${i}.jpg is not there` } : { bytes: jpegs[i]! },
        ),
    });
    const { pts, warnings } = await timesAndWarnings(track);
    assert.deepEqual(pts, without(track, ...gone));
    assert.deepEqual(warnings, [
      '7 pictures could not be read: 0.jpg is not there, 4.jpg is not there, 5.jpg is not there, 6.jpg is not there, 7.jpg is not there, and 2 more.',
    ]);
  });

  it('what is no picture, and empty files, are left out and named as the track names them', async () => {
    for (const [codec, good] of [
      ['mjpeg', jpegs],
      ['png', pngs],
    ] as const) {
      const pictures = good.map((bytes, i) =>
        i === 3 || i === 29 ? TEXT : i === 9 ? Buffer.alloc(0) : bytes,
      );
      const track = trackOf(codec, pictures, { nameOf: (i) => `img/${i}.${codec}` });
      const { pts, warnings } = await timesAndWarnings(track);
      assert.deepEqual(pts, without(track, 3, 9, 29));
      const text = warnings.join('\n');
      assert.match(
        text,
        new RegExp(`^1 picture could not be read: img/9.${codec} is empty\\.$`, 'm'),
      );
      assert.match(
        text,
        new RegExp(`^2 pictures could not be decoded: img/3.${codec}, img/29.${codec}\\.$`, 'm'),
      );
    }
  });

  it('most pictures may be damaged: the others come all the same', async () => {
    const track = trackOf(
      'mjpeg',
      jpegs.map((bytes, i) => (i % 10 === 7 ? bytes : TEXT)),
    );
    const { pts, warnings } = await timesAndWarnings(track);
    assert.deepEqual(pts, [track.pts[7], track.pts[17], track.pts[27]]);
    assert.match(warnings.join('\n'), /^27 pictures could not be decoded: picture 1 at/m);
  });

  it('where a picture is sought that is missing, the next one comes', async () => {
    const track = trackOf('mjpeg', jpegs, {
      read: (i) => Promise.resolve(i === 10 ? { missing: 'gone' } : { bytes: jpegs[i]! }),
    });
    const [frame] = await collect(
      decodeTrack(track, { images: [GRAY], from: track.pts[10]!, frames: 1 }),
    );
    assert.equal(frame?.pts, track.pts[11]);
  });

  it('a track without a readable picture says why', async () => {
    const nothing = trackOf('mjpeg', jpegs, {
      name: 'tub',
      read: (i) => Promise.resolve({ missing: `${i}.jpg is not there` }),
    });
    const texts = trackOf('mjpeg', Array<Buffer>(20).fill(TEXT), { name: 'tub' });
    for (const [track, message] of [
      [nothing, 'The pictures of tub cannot be read: 0.jpg is not there.'],
      [texts, 'The pictures of tub cannot be read: its first pictures are damaged.'],
    ] as const)
      for (const ask of [
        () => probeTrack(track),
        () => collect(decodeTrack(track, { images: [GRAY] })),
      ])
        await assert.rejects(ask, { code: 'VIDEO_UNREADABLE', message });
    await assert.rejects(probeTrack(trackOf('mjpeg', [], { name: 'tub' })), {
      code: 'VIDEO_NO_PICTURE',
      message: 'tub has no pictures.',
    });
  });

  it('pictures that are too large are refused, compressed or not', async () => {
    const file = join(folder, 'large.jpg');
    await ffmpeg('-f', 'lavfi', '-i', 'color=c=gray:s=8000x8000', '-frames:v', '1', file);
    const large = await readFile(file);
    for (const track of [
      trackOf('mjpeg', [large, large]),
      trackOf({ pixelFormat: 'rgb24', width: 8000, height: 8000 }, [TEXT]),
    ])
      await assert.rejects(probeTrack(track), {
        code: 'VIDEO_TOO_LARGE',
        message: /8000×8000/,
      });
  });

  it('raw pictures of an unknown format are refused by name', async () => {
    await assert.rejects(
      probeTrack(trackOf({ pixelFormat: 'grayf32le', width: 8, height: 8 }, [TEXT])),
      { code: 'VIDEO_UNREADABLE', message: /pixel format grayf32le, which is not read/ },
    );
  });

  it('what the track throws ends the stream, and ffmpeg', async () => {
    const track = countedTrack(jpegs);
    const { read } = track;
    const failing: PictureTrack = {
      ...track,
      read: (i) =>
        i < 20 ? read(i) : Promise.reject(new RoadgazeError('INPUT_NOT_FOUND', 'Gone.', 'Look.')),
    };
    await assert.rejects(collect(decodeTrack(failing, { images: [GRAY] })), {
      code: 'INPUT_NOT_FOUND',
    });
    assert.deepEqual(await ffmpegsOf(process.pid), []);
  });
});

describe('pictures of several kinds in one track', () => {
  it('another size is told with its time, and grey pictures stand among those of colour', async () => {
    const larger = await picturesOf('jpg-larger', ['-vf', 'scale=96:72']);
    const grey = await picturesOf('jpg-grey', ['-pix_fmt', 'gray', '-strict', '-1']);
    const track = trackOf('mjpeg', [...jpegs.slice(0, 10), ...larger.slice(0, 10), ...grey]);
    const { pts, warnings } = await timesAndWarnings(track);
    assert.deepEqual(pts, [...track.pts]);
    assert.match(
      warnings.join('\n'),
      new RegExp(`change from 64×48 to 96×72 at ${track.pts[10]!.toFixed(3)} s`),
    );
  });

  it('the orientation that EXIF tells does not turn pictures', async () => {
    // APP1: Exif, little-endian TIFF with one entry, Orientation (0x112) = 6.
    const exif = Buffer.from(
      'ffe1002245786966000049492a00080000000100120103000100000006000000000000000'.slice(0, 72),
      'hex',
    );
    const turned = jpegs.map((bytes) =>
      Buffer.concat([bytes.subarray(0, 2), exif, bytes.subarray(2)]),
    );
    const [plain, other] = await Promise.all(
      [jpegs, turned].map((pictures) =>
        collect(decodeTrack(trackOf('mjpeg', pictures), { images: [GRAY] })),
      ),
    );
    assert.deepEqual(
      other!.map(({ images }) => images),
      plain!.map(({ images }) => images),
    );
    assert.equal((await probeTrack(trackOf('mjpeg', turned))).width, 64);
  });
});

describe('a stream of a track', () => {
  it('is read no faster than it is taken, and leaving it ends ffmpeg at once', async () => {
    const track = countedTrack(jpegs, { pts: unevenTimes(100_000) });
    let count = 0;
    for await (const _ of decodeTrack(track, { images: [GRAY] })) {
      await untilAtRest(...(await ffmpegsOf(process.pid)));
      const settled = track.reads.length;
      await nextTurn();
      assert.equal(track.reads.length, settled, 'reading goes on while nothing is taken');
      if (++count === 3) break;
    }
    assert.ok(track.reads.length < 2000, `${track.reads.length} pictures were read for 3 frames`);
    assert.deepEqual(await ffmpegsOf(process.pid), []);
    const read = track.reads.length;
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    assert.equal(track.reads.length, read, 'reading goes on after the end');
  });

  it('of large pictures only a few are under way', async () => {
    const picture = Buffer.alloc(1920 * 1080 * 3, 90);
    const track = countedTrack([picture], {
      codec: { pixelFormat: 'rgb24', width: 1920, height: 1080 },
      pts: unevenTimes(1000),
    });
    let count = 0;
    for await (const _ of decodeTrack(track, { images: [LARGE] })) {
      await untilAtRest(...(await ffmpegsOf(process.pid)));
      assert.ok(track.reads.length <= count + 30, `${track.reads.length} were read for ${count}`);
      if (++count === 15) break;
    }
  });

  it('memory stays flat over 20,000 pictures', async () => {
    const picture = Buffer.alloc(64 * 48, 90);
    const track = countedTrack([picture], {
      codec: { pixelFormat: 'gray', width: 64, height: 48 },
      pts: unevenTimes(20_000),
      read: () => Promise.resolve({ bytes: Buffer.from(picture) }),
    });
    let count = 0;
    let early = 0;
    for await (const _ of decodeTrack(track, { images: [GRAY] }))
      if (++count === 4000) early = process.memoryUsage.rss();
    assert.equal(count, 20_000);
    const grown = (process.memoryUsage.rss() - early) / 2 ** 20;
    assert.ok(grown < 40, `${grown.toFixed(0)} MiB more after 20,000 pictures than after 4,000`);
  });

  it('a frame of 100,000 is found without reading those before it', async () => {
    const track = countedTrack(jpegs, { pts: unevenTimes(100_000) });
    await probeTrack(track);
    track.reads.length = 0;
    const [frame] = await collect(
      decodeTrack(track, { images: [GRAY], from: track.pts[77_777]!, frames: 1 }),
    );
    assert.equal(frame?.pts, track.pts[77_777]);
    assert.equal(Math.min(...track.reads), 77_777);
  });

  it('spacing reads only the pictures that are shown', async () => {
    const track = countedTrack(jpegs, {
      pts: Float64Array.from({ length: 300 }, (_, i) => i / 20),
    });
    await probeTrack(track);
    track.reads.length = 0;
    const frames = await collect(decodeTrack(track, { images: [GRAY], spacing: 0.5 }));
    assert.deepEqual(
      frames.map(({ pts }) => pts),
      Array.from({ length: 30 }, (_, i) => i / 2),
    );
    assert.equal(track.reads.length, 30);
  });

  it('gives pictures to show as well, at the same times', async () => {
    const track = trackOf('png', pngs);
    const frames = await collect(
      decodeTrack(track, { images: [GRAY], display: { maxWidth: 32, quality: 5 } }),
    );
    assert.deepEqual(
      frames.map(({ pts }) => pts),
      [...track.pts],
    );
    for (const { display } of frames)
      assert.deepEqual([...display!.subarray(0, 2)], [0xff, 0xd8], 'no JPEG');
  });

  it('distances from a nanosecond clock to years between sessions come back to the bit', async () => {
    const start = 1_714_000_000;
    const pts = Float64Array.from(
      [0, 0.000001, 0.033333333, 0.05, 7200, 3e7, 3e7 + 0.1, 9e7].map((time) => start + time),
    );
    const track = trackOf('mjpeg', jpegs.slice(0, pts.length), { pts });
    assert.deepEqual((await timesAndWarnings(track)).pts, [...pts]);
  });

  it('times below zero are as good as others', async () => {
    const pts = Float64Array.from({ length: 30 }, (_, i) => -1.5 + i / 30);
    const track = trackOf('mjpeg', jpegs, { pts });
    assert.deepEqual((await timesAndWarnings(track)).pts, [...pts]);
    const from = await collect(decodeTrack(track, { images: [GRAY], from: -1 }));
    assert.equal(from[0]?.pts, -1);
  });

  it('an abort ends it with its reason, also while a picture is being read', async () => {
    const abort = new AbortController();
    const track = trackOf('mjpeg', jpegs, {
      read: (i, signal) =>
        i < 20
          ? Promise.resolve({ bytes: jpegs[i]! })
          : new Promise((_, reject) => {
              signal?.addEventListener('abort', () => reject(signal.reason as Error));
              setImmediate(() => abort.abort(new Error('mine')));
            }),
    });
    await assert.rejects(
      collect(decodeTrack(track, { images: [GRAY], signal: abort.signal })),
      /mine/,
    );
    assert.deepEqual(await ffmpegsOf(process.pid), []);
  });

  it('an ffmpeg that is stopped from outside, and a track that changes, are no whole pass', async () => {
    const stopped = countedTrack(jpegs, { pts: unevenTimes(5000) });
    const check = new PassCheck('drive', stopped.pts);
    let count = 0;
    for await (const _ of check.watched(decodeTrack(stopped, { images: [GRAY] })))
      if (++count === 5)
        for (const pid of await ffmpegsOf(process.pid)) process.kill(pid, 'SIGTERM');
    assert.equal(check.shortfall?.code, 'VIDEO_INCOMPLETE');
    assert.match(check.shortfall.message, /ffmpeg was stopped while it decoded drive/);

    let version = 0;
    const changing = trackOf('mjpeg', jpegs, { version: () => Promise.resolve(String(version++)) });
    await assert.rejects(collect(decodeTrack(changing, { images: [GRAY] })), {
      code: 'VIDEO_INCOMPLETE',
    });
  });
});

describe('rows with padding', () => {
  it('lose what lies between them, and a picture that ends too early is none', () => {
    const padded = Buffer.from('abc..def..ghi');
    assert.equal(String(withoutPadding(padded, 5, 3, 3)), 'abcdefghi');
    assert.equal(withoutPadding(padded.subarray(0, 12), 5, 3, 3), null);
    assert.equal(withoutPadding(padded, 2, 3, 3), null);
    const plain = Buffer.from('abcdef..');
    const rows = withoutPadding(plain, 3, 3, 2)!;
    assert.equal(String(rows), 'abcdef');
    assert.equal(rows.buffer, plain.buffer, 'nothing is copied where nothing lies between');
  });
});
