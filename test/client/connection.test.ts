import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../support/runes.ts';

const { retryDelay } = await import('../../client/stream/connection.svelte.ts');
const { ErrorList } = await import('../../client/stream/error-list.svelte.ts');
const { Signal } = await import('../../client/stream/signal.ts');

test('pauses between attempts double from a quarter of a second up to five seconds', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 60].map(retryDelay),
    [250, 500, 1000, 2000, 4000, 5000, 5000],
  );
});

test('the last three errors are shown, each once, until somebody has read them', () => {
  const errors = new ErrorList();
  const show = (message: string) => errors.show({ code: 'USAGE', message, hint: 'Look.' });
  for (const message of ['a', 'b', 'c', 'b', 'd']) show(message);
  assert.deepEqual(
    errors.shown.map(({ message }) => message),
    ['c', 'b', 'd'],
  );
  errors.show({ code: 'INTERNAL', message: 'd', hint: 'Other.' });
  assert.deepEqual(
    errors.shown.map(({ hint }) => hint),
    ['Look.', 'Look.', 'Other.'],
  );
  errors.dismiss(errors.shown[1]?.id ?? -1);
  assert.deepEqual(
    errors.shown.map(({ code }) => code),
    ['USAGE', 'INTERNAL'],
  );
  assert.equal(new Set(errors.shown.map(({ id }) => id)).size, 2);
  errors.clear();
  assert.deepEqual(errors.shown, []);
});

test('all who listen hear, in order, until they do not want to any more', () => {
  const signal = new Signal<number>();
  const heard: string[] = [];
  const listen = (value: number) => heard.push(`a${value}`);
  const off = signal.on(listen);
  signal.on((value) => heard.push(`b${value}`));
  signal.on(listen);
  signal.emit(1);
  off();
  signal.emit(2);
  assert.deepEqual(heard, ['a1', 'b1', 'a1', 'b2', 'a2']);
});
