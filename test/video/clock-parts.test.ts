import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, test, type TestContext } from 'node:test';
import { clockParts, PartTimes } from '../../server/video/clock-parts.ts';
import { decodeVideo } from '../../server/video/decoder.ts';
import { readFrameIndex } from '../../server/video/frame-index.ts';
import { makeNumberedClip, readFrameNumber, type NumberedClip } from '../support/clips.ts';
import { collect } from '../support/collect.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';

const FORMAT = { crop: null, width: 160, height: 8, pixelFormat: 'gray', resize: 'area' } as const;

/** What a joined file should give: seconds of the first part, then one distance a picture. */
interface Piece extends NumberedClip {
  /** Where its clock begins, seconds. */
  readonly clock?: number;
}

async function joined(t: TestContext, pieces: readonly Piece[]): Promise<string> {
  const folder = temporaryFolder(t);
  const parts = await Promise.all(
    pieces.map(({ clock = 1.4, ...clip }, i) =>
      makeNumberedClip(join(folder, `${i}.ts`), {
        ...clip,
        options: [
          '-muxdelay',
          '0',
          '-muxpreload',
          '0',
          '-output_ts_offset',
          String(clock),
          '-f',
          'mpegts',
        ],
      }),
    ),
  );
  const path = join(folder, 'joined.ts');
  await writeFile(path, Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))));
  return path;
}

const numberOf = (image: Uint8Array) => readFrameNumber(image, FORMAT.width, FORMAT.height);

async function frameFrom(
  path: string,
  from: number,
): Promise<[pts: number, number: number | null]> {
  const stream = decodeVideo({ path, images: [FORMAT], from, frames: 1 });
  for await (const { pts, images } of stream) return [pts, numberOf(images[0]!)];
  throw new Error(`nothing from ${from} on`);
}

const near = (seen: number, wanted: number, what: string) =>
  assert.ok(Math.abs(seen - wanted) < 2e-5, `${what}: ${seen} instead of ${wanted}`);

const kinds: readonly (readonly [title: string, fps: number, pieces: readonly Piece[]])[] = [
  [
    'clips that begin at the same time',
    20,
    [{ frames: 40 }, { frames: 25 }, { frames: 60 }, { frames: 7 }],
  ],
  [
    'clips with B-frames',
    30,
    [
      { frames: 50, bFrames: 2 },
      { frames: 31, bFrames: 2, clock: 0.5 },
      { frames: 44, bFrames: 1, clock: 1 },
    ],
  ],
  [
    'a clock that is set back by less than a picture',
    20,
    [
      { frames: 30, clock: 10 },
      { frames: 30, clock: 11.44 },
    ],
  ],
  [
    'a clock that is set back by hours',
    25,
    [
      { frames: 30, clock: 20_000 },
      { frames: 30, clock: 3 },
    ],
  ],
  [
    'a clock that jumps ahead by hours',
    25,
    [
      { frames: 30, clock: 3 },
      { frames: 30, clock: 20_000 },
    ],
  ],
  [
    'clips whose clock wraps',
    20,
    [
      { frames: 50, clock: 95_442 },
      { frames: 50, clock: 95_443 },
    ],
  ],
];

describe('MPEG-TS whose clock starts again', () => {
  for (const [title, fps, pieces] of kinds) {
    it(`has all frames at rising times, and each is found: ${title}`, async (t) => {
      const path = await joined(
        t,
        pieces.map((piece) => ({ ...piece, fps })),
      );
      const { pts, notes } = await readFrameIndex(path);
      const frames = await collect(decodeVideo({ path, images: [FORMAT] }));
      const numbers = pieces.flatMap(({ frames: count = 0 }) =>
        Array.from({ length: count }, (_, i) => i),
      );
      assert.deepEqual(
        frames.map(({ images }) => numberOf(images[0]!)),
        numbers,
      );
      assert.equal(pts.length, numbers.length);
      for (const [i, frame] of frames.entries()) {
        near(frame.pts, frames[0]!.pts + i / fps, `frame ${i}`);
        near(frame.pts, pts[i]!, `frame ${i} in the index`);
      }
      assert.match(notes.join(), /^The clock of the file starts again, .* at \d+\.\d{3} s/);
      const begins = pieces.map((_, part) =>
        pieces.slice(0, part).reduce((sum, { frames: count = 0 }) => sum + count, 0),
      );
      for (const frame of [
        0,
        1,
        ...begins.slice(1).flatMap((begin) => [begin - 1, begin, begin + 1]),
        numbers.length - 1,
      ]) {
        const [time, number] = await frameFrom(path, pts[frame]!);
        assert.equal(number, numbers[frame], `sought frame ${frame}`);
        near(time, pts[frame]!, `sought frame ${frame}`);
      }
    });
  }

  it('is no matter of a gap, which stays one, nor of a file whose clock runs on', async (t) => {
    const path = await joined(t, [
      { frames: 20, fps: 20, clock: 1 },
      { frames: 20, fps: 20, clock: 62 },
    ]);
    const { pts, notes } = await readFrameIndex(path);
    assert.deepEqual(notes, []);
    near(pts[20]! - pts[19]!, 62 - 1.95, 'gap');
    const frames = await collect(decodeVideo({ path, images: [FORMAT] }));
    frames.forEach(({ pts: time }, i) => near(time, pts[i]!, `frame ${i}`));
  });

  for (const [name, first] of [
    ['join', 1.4],
    ['setback', 1.4],
    ['wrap', -1.017689],
  ] as const) {
    it(
      `${name}.ts has its 80 frames 0.05 s apart`,
      { skip: sharedFolder ? false : 'needs ../shared' },
      async () => {
        const path = join(sharedFolder!, `real/trouble/video/${name}.ts`);
        const frames = await collect(decodeVideo({ path, images: [FORMAT] }));
        assert.equal(frames.length, 80);
        frames.forEach(({ pts }, i) => near(pts, first + i * 0.05, `frame ${i}`));
      },
    );
  }
});

const packet = (pts: number, dts = pts, isKey = false, position = 0) => ({
  pts,
  dts,
  isKey,
  position,
});

test('a part begins where decoding time steps back or leaps, one median distance after the part before', () => {
  const parts = clockParts(
    [
      packet(1, 1, true),
      packet(1.3, 1.1),
      packet(1.1, 1.2),
      packet(1.2, 1.3),
      packet(0.5, 0.5, true, 700),
      packet(0.7, 0.7),
      packet(700, 700),
    ],
    0.04,
  );
  assert.deepEqual(
    parts.map(({ begin, first, last }) => [begin, first, last]),
    [
      [0, 1, 1.3],
      [4, 0.5, 0.7],
      [6, 700, 700],
    ],
  );
  assert.deepEqual(
    parts.map(({ shift, first }) => Number((first + shift).toFixed(9))),
    [1, 1.4, 1.8],
  );
  assert.deepEqual(parts[1]!.keyframes, [{ time: 0.5, position: 700 }]);
  assert.deepEqual(clockParts([packet(1), packet(601)], 0.04).length, 1);
  assert.deepEqual(clockParts([packet(1), packet(601.001)], 0.04).length, 2);
});

test('a frame belongs to the part that it continues, else to the next one that holds its time', () => {
  const parts = clockParts(
    [1, 1.1, 1.2, 1.1, 1.2, 1.3].map((time) => packet(time)),
    0.1,
  );
  const of = (times: readonly number[], start = 0) => {
    const part = new PartTimes(parts, start);
    return times.map((time) => Number(part.next(time).toFixed(6)));
  };
  assert.deepEqual(of([1, 1.1, 1.2, 1.1, 1.2, 1.3]), [1, 1.1, 1.2, 1.3, 1.4, 1.5]);
  assert.deepEqual(of([1, 1.2, 1.2, 1.3]), [1, 1.2, 1.4, 1.5]);
  assert.deepEqual(of([1.1, 1.3], 1), [1.3, 1.5]);
  // A decoder that starts behind a wrap counts from there.
  assert.deepEqual(of([1.1 - 2 ** 33 / 90_000], 1), [1.3]);
});
