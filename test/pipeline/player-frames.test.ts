import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  frameAt,
  FrameCache,
  frameDuration,
  type RenderedFrame,
} from '../../server/pipeline/player-frames.ts';
import { WHOLE_FRAME } from '../../shared/geometry.ts';

const index = { pts: Float64Array.of(5, 5.1, 5.5, 5.6), exact: true, notes: [] };

function frame(pts: number, bytes: number): RenderedFrame {
  return {
    pts,
    picture: new Uint8Array(bytes),
    fit: WHOLE_FRAME,
    masks: [],
    scores: [],
    agreement: null,
    road: null,
    steering: 0,
  };
}

describe('frameAt', () => {
  it('gives the frame with the nearest timestamp', () => {
    const expected: [number, number][] = [
      [-1, 0],
      [5, 0],
      [5.04, 0],
      [5.06, 1],
      [5.29, 1],
      [5.31, 2],
      [5.6, 3],
      [99, 3],
    ];
    for (const [pts, number] of expected) assert.equal(frameAt(index, pts), number, `at ${pts}`);
  });
});

describe('frameDuration', () => {
  it('reaches to the next frame, and is the average for the last', () => {
    assert.ok(Math.abs(frameDuration(index, 1) - 0.4) < 1e-9);
    assert.ok(Math.abs(frameDuration(index, 3) - 0.2) < 1e-9);
  });
});

describe('FrameCache', () => {
  it('finds a frame by its timestamp, whatever its last digits', () => {
    const cache = new FrameCache(100);
    cache.put(frame(0.1 + 0.2, 1));
    assert.equal(cache.get(0.3)?.pts, 0.1 + 0.2);
    assert.equal(cache.has(0.300002), false);
  });

  it('keeps to its size: the least recently used frame leaves first', () => {
    const cache = new FrameCache(100);
    for (const pts of [1, 2, 3]) cache.put(frame(pts, 30));
    cache.get(1);
    cache.put(frame(4, 30));
    assert.deepEqual(
      [1, 2, 3, 4].map((pts) => cache.has(pts)),
      [true, false, true, true],
    );
  });

  it('counts a frame that is put again once', () => {
    const cache = new FrameCache(100);
    for (let time = 0; time < 10; time++) cache.put(frame(1, 40));
    cache.put(frame(2, 60));
    assert.deepEqual([cache.has(1), cache.has(2)], [true, true]);
  });

  it('does not keep a frame that is larger than all of it', () => {
    const cache = new FrameCache(100);
    cache.put(frame(1, 101));
    assert.equal(cache.has(1), false);
  });
});
