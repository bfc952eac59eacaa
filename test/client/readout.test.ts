import assert from 'node:assert/strict';
import { WHOLE_FRAME } from '../../shared/geometry.ts';
import { test } from 'node:test';
import type { PaintedFrame } from '../../client/stream/screen.svelte.ts';
import '../support/runes.ts';
import { feed, hello, METHOD, rows, openedFeed } from './support/messages.ts';
import { HandClock } from './support/hand-clock.ts';
import { flushSync, openViewer, startViewer } from './support/viewer.ts';

const { Readout } = await import('../../client/state/readout.svelte.ts');

const OTHERS = { mass: 100, offRoadX: NaN, offRoadY: NaN };

function painted(
  frame: number,
  steering: number,
  onRoad: number | null,
  topOverlap: number | null = null,
): PaintedFrame {
  const score = {
    ...OTHERS,
    onRoad: (onRoad ?? NaN) * 100,
    lift: (onRoad ?? NaN) * 4,
    peakOnRoad: 1,
  };
  const agreement = { spearman: -0.5, ssim: 0.25, topOverlap: (topOverlap ?? NaN) * 100 };
  return {
    frame,
    pts: frame,
    sequence: frame,
    inputs: {},
    generation: 0,
    hasMask: true,
    values: { steering, driven: NaN, ...agreement },
    scores: new Map([[METHOD, score]]),
    fit: WHOLE_FRAME,
  };
}

test('while paused every frame is read as it is', () => {
  const readout = new Readout(new HandClock());
  readout.add(painted(1, 4, 0.5, 0.75), false);
  readout.add(painted(2, 8, 0.25, 0.5), false);
  const { scores, ...reading } = readout.reading ?? assert.fail('nothing was read');
  assert.deepEqual(reading, {
    frame: 2,
    values: {
      steering: 8,
      driven: NaN,
      pull: NaN,
      spearman: -0.5,
      ssim: 0.25,
      topOverlap: 50,
      error: NaN,
      speed: NaN,
    },
  });
  assert.deepEqual(scores.get(METHOD), { ...OTHERS, onRoad: 25, lift: 1, peakOnRoad: 1 });
});

test('while playing means are read four times a second; what has no value is no part of them', () => {
  const clock = new HandClock();
  const readout = new Readout(clock);
  readout.add(painted(1, 4, 0.5), false);
  for (const [frame, share] of [
    [2, 0.25],
    [3, null],
  ] as const) {
    clock.time += 124;
    readout.add(painted(frame, frame, share), true);
  }
  assert.equal(readout.reading?.frame, 1);
  clock.time += 2;
  readout.add(painted(4, 7, 0.75), true);
  assert.deepEqual([readout.reading?.frame, readout.reading?.values['steering']], [4, 4]);
  const means = { ...OTHERS, onRoad: 50, lift: 2, peakOnRoad: 1 };
  assert.deepEqual(readout.reading?.scores.get(METHOD), means);
  assert.ok(Number.isNaN(readout.reading?.values['topOverlap']));
  // Those means are over.
  clock.time += 250;
  readout.add(painted(5, 9, null), true);
  assert.equal(readout.reading?.values['steering'], 9);
  assert.ok(Number.isNaN(readout.reading?.scores.get(METHOD)?.['onRoad']));
  readout.clear();
  assert.equal(readout.reading, null);
});

test('a method that is not seen any more is not read any more', () => {
  const readout = new Readout(new HandClock());
  readout.add(painted(1, 4, 0.5), false);
  readout.add({ ...painted(2, 4, 0.5), scores: new Map() }, false);
  assert.equal(readout.reading?.scores.size, 0);
});

test('the page reads what it paints', async (t) => {
  const { readout, transport, clock, paint } = await openViewer(t);
  assert.deepEqual([readout.reading?.frame, readout.reading?.values['steering']], [0, 1.5]);
  transport.play();
  clock.time += 100;
  await paint({ frame: 1, steering: 3 });
  assert.equal(readout.reading?.frame, 0);
  clock.time += 150;
  await paint({ frame: 2, steering: 5 });
  assert.equal(readout.reading?.frame, 2);
});

test('of a feed without signal the last picture is read as it is', async (t) => {
  const { readout, say, paint } = await startViewer(t, { greeting: hello({ feeds: [feed('f')] }) });
  await say(openedFeed(), { type: 'feed-rows', columns: rows(0, 10), restart: true, from: 0 });
  await paint({ frame: 9, pts: 1000.9, steering: 1 });
  await paint({ frame: 10, pts: 1001, steering: 9 });
  assert.equal(readout.reading?.frame, 9);
  await say({ type: 'feed-state', feed: 'f', state: { name: 'stalled', since: 0 } });
  flushSync();
  assert.deepEqual([readout.reading?.frame, readout.reading?.values['steering']], [10, 9]);
});
