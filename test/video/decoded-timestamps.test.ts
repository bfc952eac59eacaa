import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import type { ImageFormat } from '../../server/video/frame-source.ts';
import {
  ffprobeFrameTimes,
  makeSampleClip,
  readFrameNumber,
  SAMPLE_CLIPS,
  type SampleClip,
} from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const WIDTH = 64;
const HEIGHT = 20;
const GRAY: ImageFormat = {
  crop: null,
  width: WIDTH,
  height: HEIGHT,
  pixelFormat: 'gray',
  resize: 'area',
};
/** ffprobe writes six decimals. */
const ROUNDING = 6e-7;
const SEEKS = 4;
const folder = temporaryFolder({ after: (done) => after(done as () => void) });

interface Seen {
  readonly pts: number;
  readonly number: number | null;
}

/** Null for damage: several decoder threads do not conceal it the same way every time. */
function number(name: SampleClip, image: Uint8Array): number | null {
  if (name === 'damaged packets') return null;
  // Upside down is back to front.
  return readFrameNumber(name === 'rotated' ? image.toReversed() : image, WIDTH, HEIGHT);
}

async function read(
  name: SampleClip,
  request: {
    path: string;
    from?: number;
    frames?: number;
    display?: { maxWidth: number; quality: number };
  },
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const { pts, images } of decodeVideo({ images: [GRAY], ...request })) {
    seen.push({ pts, number: number(name, images[0]!) });
  }
  return seen;
}

for (const name of Object.keys(SAMPLE_CLIPS) as SampleClip[]) {
  describe(`decoding: ${name}`, () => {
    let path: string;
    let seen: Seen[];

    before(async () => {
      path = await makeSampleClip(name, folder);
      seen = await read(name, { path });
    });

    it('gives the frames that ffprobe decodes, with their timestamps', async () => {
      const expected = await ffprobeFrameTimes(path);
      assert.ok(expected.length > 30);
      assert.equal(seen.length, expected.length);
      for (const [i, time] of expected.entries()) {
        // AVI leaves some frames without a timestamp of their own.
        if (!Number.isNaN(time))
          assert.ok(
            Math.abs(seen[i]!.pts - time) <= ROUNDING,
            `frame ${i}: ${seen[i]!.pts} instead of ${time}`,
          );
        assert.ok(
          i === 0 || seen[i]!.pts > seen[i - 1]!.pts,
          `frame ${i} is not later than the one before`,
        );
      }
    });

    if (name !== 'damaged packets') {
      it('gives each frame with its own picture', () => {
        const first = seen[0]!.number;
        assert.ok(first !== null);
        assert.deepEqual(
          seen.map(({ number }) => number),
          seen.map((_, i) => first + i),
        );
      });
    }

    it('gives the same frames together with display pictures', async () => {
      assert.deepEqual(await read(name, { path, display: { maxWidth: 160, quality: 8 } }), seen);
    });

    it('seeks to exactly the frame asked for', async () => {
      const wanted = Array.from({ length: SEEKS }, (_, i) =>
        Math.round(((i + 0.5) * (seen.length - 2)) / SEEKS),
      );
      for (const frame of [...wanted, seen.length - 1]) {
        assert.deepEqual(
          await read(name, { path, from: seen[frame]!.pts, frames: 2 }),
          seen.slice(frame, frame + 2),
          `frame ${frame}`,
        );
      }
    });

    it('seeks to the next frame from a time between two', async () => {
      const frame = Math.floor(seen.length / 2);
      const between = (seen[frame - 1]!.pts + seen[frame]!.pts) / 2;
      assert.deepEqual(await read(name, { path, from: between, frames: 1 }), [seen[frame]]);
    });
  });
}
