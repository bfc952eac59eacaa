import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clampToFrame, crossesItself, FIRST_ROAD, insideFrame } from '../../client/data/polygon.ts';
import type { Point } from '../../shared/geometry.ts';

const square: readonly Point[] = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];

test('an outline crosses itself where two edges that are no neighbours meet, also by touching', () => {
  assert.equal(crossesItself(square), false);
  assert.equal(crossesItself(FIRST_ROAD), false);
  assert.equal(
    crossesItself([
      [0.2, 0.2],
      [0.8, 0.8],
      [0.8, 0.2],
      [0.2, 0.8],
    ]),
    true,
  );
  assert.equal(
    crossesItself([
      [0, 0],
      [1, 0],
      [1, 1],
      [0.5, 0],
      [0, 1],
    ]),
    true,
  );
  assert.equal(
    crossesItself([
      [0, 0],
      [1, 0],
      [1, 1],
    ]),
    false,
  );
  // Concave is not crossing.
  assert.equal(
    crossesItself([
      [0, 0],
      [1, 0],
      [0.5, 0.4],
      [1, 1],
      [0, 1],
    ]),
    false,
  );
});

test('what lies inside the frame stays as it is', () => {
  assert.deepEqual(insideFrame(square), square);
});

test('a polygon beyond the frame is cut at its edges, exactly', () => {
  const cut = insideFrame([
    [0.38, 0.54],
    [0.62, 0.54],
    [1.25, 1],
    [-0.25, 1],
  ]);
  assert.equal(cut.length, 6);
  assert.ok(cut.every(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1));
  const sides = cut
    .filter(([x]) => x === 0 || x === 1)
    .map(([x, y]) => [x, Number(y.toFixed(4))])
    .sort();
  // The left edge is crossed 0.38 / 0.63 of the way down the side.
  const crossing = Number((0.54 + (0.46 * 0.38) / 0.63).toFixed(4));
  assert.deepEqual(sides, [
    [0, crossing],
    [0, 1],
    [1, crossing],
    [1, 1],
  ]);
});

test('nothing is left of a polygon outside the frame', () => {
  assert.deepEqual(
    insideFrame([
      [1.1, 0],
      [1.5, 0],
      [1.5, 1],
    ]),
    [],
  );
});

test('points stay on the frame', () => {
  assert.deepEqual(clampToFrame([-0.1, 1.2]), [0, 1]);
});

test('an outline that only touches itself meets itself, at whichever end of an edge', () => {
  // A corner that lies on an edge elsewhere.
  const touching = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0.5, 0],
    [0, 1],
  ] as const;
  for (let turn = 0; turn < touching.length; turn++) {
    const turned = [...touching.slice(turn), ...touching.slice(0, turn)];
    assert.equal(crossesItself(turned), true, `turned by ${turn}`);
    assert.equal(crossesItself(turned.toReversed()), true, `turned by ${turn}, backwards`);
  }
  // On the line of an edge, but beside it.
  const beside = [
    [0, 0],
    [1, 0],
    [1, 1],
    [2, 1],
    [2, 0],
    [3, 0],
    [3, 2],
    [0, 2],
  ] as const;
  for (let turn = 0; turn < beside.length; turn++) {
    assert.equal(
      crossesItself([...beside.slice(turn), ...beside.slice(0, turn)]),
      false,
      `turned by ${turn}`,
    );
  }
});

test('a corner near an edge, but not on it, does not meet it', () => {
  const near = [
    [0, 0],
    [1, 1],
    [1, 2],
    [0.4, 0.8],
    [-1, 2],
    [-1, 0],
  ] as const;
  for (let turn = 0; turn < near.length; turn++) {
    const turned = [...near.slice(turn), ...near.slice(0, turn)];
    assert.equal(crossesItself(turned), false, `turned by ${turn}`);
    assert.equal(crossesItself(turned.toReversed()), false, `turned by ${turn}, backwards`);
  }
});
