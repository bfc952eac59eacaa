import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameQueue } from '../../client/stream/frame-queue.ts';

function queue() {
  const discarded: number[] = [];
  return {
    discarded,
    frames: new FrameQueue<{ sequence: number; generation: number }>(({ sequence }) =>
      discarded.push(sequence),
    ),
  };
}

const frame = (sequence: number, generation = 0) => ({ sequence, generation });

test('two frames between two animation frames are both shown, in order', () => {
  const { frames, discarded } = queue();
  frames.push(frame(0));
  frames.push(frame(1));
  assert.deepEqual(
    [frames.shift()?.sequence, frames.shift()?.sequence, frames.shift()],
    [0, 1, undefined],
  );
  assert.deepEqual(discarded, []);
});

test('of more than two the oldest are thrown away and counted', () => {
  const { frames, discarded } = queue();
  for (const sequence of [0, 1, 2, 3]) frames.push(frame(sequence));
  assert.deepEqual(discarded, [0, 1]);
  assert.equal(frames.skipped, 2);
  assert.equal(frames.shift()?.sequence, 2);
});

test('a frame that was overtaken while it was decoded is not shown after the newer one', () => {
  const { frames, discarded } = queue();
  frames.push(frame(5));
  frames.push(frame(4));
  assert.deepEqual(discarded, [4]);
  assert.equal(frames.shift()?.sequence, 5);
  frames.push(frame(3));
  assert.equal(frames.shift(), undefined);
});

test('frames of an old seek go without being counted as skipped, and the newest of them is told', () => {
  const { frames, discarded } = queue();
  frames.push(frame(0, 1));
  frames.push(frame(1, 2));
  assert.equal(frames.retain(({ generation }) => generation >= 2)?.sequence, 0);
  assert.deepEqual(discarded, [0]);
  assert.equal(frames.skipped, 0);
  assert.equal(
    frames.retain(() => true),
    undefined,
  );
  assert.equal(frames.shift()?.sequence, 1);
});

test('a new connection counts from 0 again', () => {
  const { frames, discarded } = queue();
  frames.push(frame(900));
  frames.restart();
  frames.push(frame(0));
  assert.deepEqual(discarded, [900]);
  assert.equal(frames.shift()?.sequence, 0);
});
