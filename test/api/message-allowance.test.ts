import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf, MessageAllowance } from '../../server/api/message-allowance.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';

test('a connection may ask for so much at once, and for so much a second from then on', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const allowance = new MessageAllowance();
  for (let n = 0; n < 20; n++) assert.equal(allowance.take(20), 0);
  assert.equal(allowance.take(1), 5);
  assert.equal(allowance.take(19), 100);
  now = 100;
  assert.equal(allowance.take(0), 0);
  assert.equal(allowance.take(2), 10);
  now = 60_000;
  assert.equal(allowance.take(400), 0);
  assert.equal(allowance.take(10_000), 5000);
});

test('what starts a program or changes all numbers costs most', () => {
  const costs = (...types: ClientMessage['type'][]) =>
    types.map((type) => costOf({ type } as ClientMessage));
  assert.deepEqual(costs('open', 'road', 'log', 'watch', 'add-feed'), [20, 20, 20, 20, 20]);
  assert.deepEqual(costs('remove-feed', 'rename-feed', 'explain', 'explain-at'), [20, 20, 10, 10]);
  assert.deepEqual(costs('play', 'play-from', 'settings', 'verify'), [4, 4, 4, 2]);
});
