import assert from 'node:assert/strict';
import { it } from 'node:test';
import { clockText, STATES, stateDot } from '../../client/data/feed-words.ts';

it('the page says in round figures how far the clock of a source is off, and which way', () => {
  for (const [difference, words] of [
    [-21, '21 ms ahead of'],
    [-1999, '1999 ms ahead of'],
    [-2500, '2.5 s ahead of'],
    [75_000, '75 s behind'],
    [3_600_000, '60 minutes behind'],
    [7_200_000, '2.0 hours behind'],
    [-4 * 86_400_000, '4.0 days ahead of'],
    [4_004_736_042_090, '127 years behind'],
  ] as const)
    assert.match(
      clockText({ name: 'unsynchronized', difference }),
      new RegExp(`clock is ${words} the server's`),
    );
  assert.match(clockText({ name: 'none' }), /arrival/);
});

it('the state of a feed is not said by colour alone', () => {
  const dots = Object.keys(STATES).map((name) => [
    name,
    stateDot({ name, since: 0 } as Parameters<typeof stateDot>[0]),
  ]);
  assert.deepEqual(dots, [
    ['connecting', '○'],
    ['live', '●'],
    ['stalled', '○'],
    ['reconnecting', '○'],
    ['failed', '×'],
    ['closed', '×'],
  ]);
});
