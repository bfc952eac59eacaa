import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { readFrameIndex } from '../../server/video/frame-index.ts';
import { ffprobeFrameTimes, makeSampleClip, type SampleClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const folder = temporaryFolder({ after: (done) => after(done as () => void) });

describe('the quick frame index', () => {
  const names: SampleClip[] = [
    'B-frames',
    'variable frame rate',
    'edit list',
    'start at −1 s',
    'MPEG-TS',
    'AVI',
    'timestamps from the second on',
  ];
  for (const name of names) {
    it(`lists the frames that will be decoded, in their order: ${name}`, async () => {
      const path = await makeSampleClip(name, folder);
      const { pts, exact } = await readFrameIndex(path);
      const decoded = await ffprobeFrameTimes(path);
      assert.equal(exact, false);
      assert.equal(pts.length, decoded.length);
      assert.ok(pts.every((time, i) => i === 0 || time > pts[i - 1]!));
      for (const [i, time] of decoded.entries())
        if (!Number.isNaN(time)) assert.ok(Math.abs(pts[i]! - time) < 6e-7, `frame ${i}`);
    });
  }
});
