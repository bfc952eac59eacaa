import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cutRing } from '../../server/live/cut-ring.ts';
import type { Segment } from '../../server/live/written-segments.ts';
import { decodeVideo } from '../../server/video/decoder.ts';
import { readFrameIndex } from '../../server/video/frame-index.ts';
import { collect } from '../support/collect.ts';
import { ffmpeg, makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { IMAGE } from './support/watch.ts';

const PACKET = 188;
/**
 * From the first keyframe alone to what ffmpeg recognises by itself: between them it takes some for
 * something else.
 */
const PACKETS = [8, 9, 10, 11, 12];
const folder = temporaryFolder({ after: (done) => after(done as () => void) });
const numbers = async (path: string): Promise<(number | null)[]> =>
  (await collect(decodeVideo({ path, images: [IMAGE] }))).map(({ images }) =>
    readFrameNumber(images[0]!, IMAGE.width, IMAGE.height),
  );

describe('segments so short that ffmpeg does not recognise them', () => {
  let whole: Buffer;
  before(async () => {
    const clip = await makeNumberedClip(join(folder, 'clip.ts'), {
      frames: 24,
      fps: 15,
      size: [160, 96],
      keyframes: 8,
    });
    await ffmpeg(
      '-i',
      clip,
      '-map',
      '0:v',
      '-c',
      'copy',
      '-copyts',
      '-f',
      'segment',
      '-segment_time',
      '0.5',
      '-segment_format',
      'mpegts',
      '-segment_format_options',
      'mpegts_copyts=1',
      join(folder, '%d.mpegts'),
    );
    whole = await readFile(join(folder, '0.mpegts'));
    assert.ok(whole.length > PACKET * PACKETS.at(-1)!);
  });

  for (const packets of PACKETS) {
    it(`of ${packets} packets are listed, decoded, and do not end a cut`, async () => {
      const path = join(folder, `short-${packets}.mpegts`);
      await writeFile(path, whole.subarray(0, PACKET * packets));
      const shown = await numbers(path);
      // The last one may be a part of its picture.
      assert.equal(shown[0], 0);
      assert.equal((await readFrameIndex(path)).pts.length, shown.length);

      const segment = (file: string, start: number): Segment => ({
        path: file,
        start,
        end: start + 8 / 15,
        offset: 0,
        stream: null,
        growing: false,
      });
      const segments = [path, join(folder, '1.mpegts'), join(folder, '2.mpegts')].map(
        (file, index) => segment(file, (index * 8) / 15),
      );
      const output = join(folder, `cut-${packets}.mp4`);
      await cutRing(
        { between: () => segments, hold: () => () => {} },
        { start: 0, end: 24 / 15, around: 1, output },
      );
      assert.deepEqual(await numbers(output), [
        ...shown,
        ...Array.from({ length: 16 }, (_, index) => 8 + index),
      ]);
    });
  }
});
