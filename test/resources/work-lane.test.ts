import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WorkLane } from '../../server/resources/work-lane.ts';
import { reportOf } from '../../shared/errors.ts';

const lane = (places: number, waiting = 10, patience = 60_000) =>
  new WorkLane({ what: 'does few things', places, waiting, patience });
const isBusy = (error: unknown) => reportOf(error).code === 'SERVER_BUSY';

describe('work of one kind', () => {
  it('is done so many at a time, first come, first served', async () => {
    const two = lane(2);
    const done: number[] = [];
    let working = 0;
    await Promise.all(
      [0, 1, 2, 3, 4, 5].map((each) =>
        two.run(async () => {
          working++;
          assert.ok(working <= 2);
          await nextTurn();
          working--;
          done.push(each);
        }),
      ),
    );
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5]);
  });

  it('is refused with a plain code where too many wait, and where none becomes free in time', async () => {
    const leave = await lane(1).enter();
    leave();
    const full = lane(1, 1);
    const leaveFull = await full.enter();
    const waits = full.enter();
    await assert.rejects(full.enter(), isBusy);
    leaveFull();
    await waits;
    const slow = lane(1, 10, 5);
    await slow.enter();
    await assert.rejects(slow.enter(), isBusy);
  });

  it('leaves the line with whoever asked for it, and gives a place back once', async () => {
    const one = lane(1);
    const leave = await one.enter();
    const left = new AbortController();
    const gone = one.enter(left.signal);
    const stays = one.enter();
    assert.equal(one.isFull, true);
    left.abort(new Error('gone'));
    await assert.rejects(gone, /gone/);
    leave();
    leave();
    const leaveToo = await stays;
    assert.equal(one.isFull, false);
    const third = one.enter();
    assert.equal(one.isFull, true);
    leaveToo();
    await third;
    await assert.rejects(one.enter(AbortSignal.abort(new Error('before'))), /before/);
  });

  it('gives its place back when it fails', async () => {
    const one = lane(1);
    await assert.rejects(
      one.run(async () => {
        throw new Error('failed');
      }),
      /failed/,
    );
    await one.run(async () => {});
  });
});
