import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lookout } from '../../server/analysis/lookout.ts';

test('much news is one look, none while the last one is fresh, and without news nothing runs', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const pass = (milliseconds: number): void => {
    now += milliseconds;
    t.mock.timers.tick(milliseconds);
  };
  const looks: number[] = [];
  const lookout = new Lookout(() => looks.push(now), 200);
  for (let news = 0; news < 5; news++) lookout.news();
  assert.deepEqual(looks, []);
  pass(1);
  assert.deepEqual(looks, [1]);
  pass(1000);
  assert.deepEqual(looks, [1]);
  for (const milliseconds of [0, 50, 50, 50]) {
    lookout.news();
    pass(milliseconds);
  }
  assert.equal(looks.length, 2, `${looks.join()}`);
  pass(200);
  assert.equal(looks.length, 3);
  assert.ok(looks[2]! - looks[1]! >= 200);
  lookout.news();
  lookout.look();
  pass(1000);
  assert.equal(looks.length, 4, 'a look at once takes the news with it');
  lookout.news();
  lookout.close();
  lookout.news();
  lookout.look();
  pass(1000);
  assert.equal(looks.length, 4);
});
