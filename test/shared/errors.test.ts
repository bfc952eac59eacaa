import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';

test('a sentence that would list millions of things is shortened in its middle', () => {
  const list = Array.from({ length: 200_000 }, (_, index) => index).join(', ');
  const { message, hint } = new RoadgazeError(
    'MODEL_SHAPE',
    `Parts of ${list} do not make up 19.`,
    `Take others than ${list}.`,
  );
  assert.match(message, /^Parts of 0, 1, 2, .* … .*199999 do not make up 19\.$/);
  assert.match(hint, /^Take others than 0, 1, .* … .*199999\.$/);
  assert.ok(message.length < 1010 && hint.length < 1010);
  const short = 'It has 19 parts.';
  assert.equal(new RoadgazeError('USAGE', short, short).message, short);
});
