import assert from 'node:assert/strict';
import { test } from 'node:test';
import { throttle } from '../../client/stream/throttle.ts';

test('the first value goes at once, then one per interval, and the last one is never lost', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: number[] = [];
  const send = throttle(80, (value: number) => sent.push(value));
  for (const value of [1, 2, 3]) send(value);
  assert.deepEqual(sent, [1]);
  t.mock.timers.tick(80);
  assert.deepEqual(sent, [1, 3]);
  t.mock.timers.tick(40);
  send(4);
  assert.deepEqual(sent, [1, 3]);
  t.mock.timers.tick(40);
  assert.deepEqual(sent, [1, 3, 4]);
  t.mock.timers.tick(1000);
  send(5);
  assert.deepEqual(sent, [1, 3, 4, 5]);
});
