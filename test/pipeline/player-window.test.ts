import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlaybackPriority } from '../../server/pipeline/playback-priority.ts';
import { AcknowledgementWindow } from '../../server/pipeline/player-window.ts';

describe('AcknowledgementWindow', () => {
  it('closes at three frames under way and opens with the first acknowledgement', () => {
    const window = new AcknowledgementWindow();
    assert.deepEqual(
      [window.take(), window.take(), window.isOpen, window.take(), window.isOpen],
      [0, 1, true, 2, false],
    );
    assert.equal(window.acknowledge(0), true);
    assert.equal(window.isOpen, true);
  });

  it('takes an acknowledgement for all before it, and never back', () => {
    const window = new AcknowledgementWindow();
    for (let count = 0; count < 3; count++) window.take();
    window.acknowledge(2);
    window.acknowledge(0);
    for (let count = 0; count < 2; count++) window.take();
    assert.equal(window.isOpen, true);
  });

  it('refuses an acknowledgement of what was never sent', () => {
    const window = new AcknowledgementWindow();
    assert.equal(window.acknowledge(0), false);
    window.take();
    assert.deepEqual([window.acknowledge(0), window.acknowledge(1)], [true, false]);
  });

  it('knows since when it has been open or closed', () => {
    const window = new AcknowledgementWindow();
    assert.equal(window.hasBeenOpenSince(-1e9), true);
    for (let count = 0; count < 3; count++) window.take();
    const closed = performance.now();
    assert.deepEqual(
      [
        window.hasBeenClosedSince(closed),
        window.hasBeenClosedSince(-1e9),
        window.hasBeenOpenSince(closed),
      ],
      [true, false, false],
    );
    window.acknowledge(2);
    assert.deepEqual(
      [
        window.hasBeenOpenSince(performance.now()),
        window.hasBeenOpenSince(-1e9),
        window.hasBeenClosedSince(closed),
      ],
      [true, false, false],
    );
  });

  it('counts the very instant at which it opened or closed', (t) => {
    let now = 5;
    t.mock.method(performance, 'now', () => now);
    const window = new AcknowledgementWindow();
    for (let count = 0; count < 3; count++) window.take();
    const times = [4, 5, 6];
    assert.deepEqual(
      times.map((time) => window.hasBeenClosedSince(time)),
      [false, true, true],
    );
    now = 6;
    window.acknowledge(0);
    now = 7;
    window.acknowledge(1);
    assert.deepEqual(
      [5, 6, 7].map((time) => window.hasBeenOpenSince(time)),
      [false, true, true],
    );
  });
});

describe('PlaybackPriority', () => {
  it('makes background work wait until nobody holds it', async () => {
    const priority = new PlaybackPriority();
    const [first, second] = [priority.hold(), priority.hold()];
    let free = false;
    const waiting = priority.whenFree(60_000).then(() => {
      free = true;
    });
    first();
    first();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(free, false);
    second();
    await waiting;
  });

  it('lets background work go on after its longest wait', async () => {
    const priority = new PlaybackPriority();
    priority.hold();
    await priority.whenFree(5);
  });
});
