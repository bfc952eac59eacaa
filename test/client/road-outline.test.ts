import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceOutline } from '../../client/data/road-outline.ts';

function grid(rows: readonly string[]) {
  const width = rows[0]?.length ?? 0;
  return {
    bytes: Uint8Array.from(rows.join(''), (pixel) => (pixel === '#' ? 255 : 0)),
    width,
    height: rows.length,
  };
}

const trace = (rows: readonly string[]) => {
  const { bytes, width, height } = grid(rows);
  return traceOutline(bytes, width, height).map((line) =>
    Array.from(
      { length: line.length / 2 },
      (_, i) => [line[2 * i] ?? NaN, line[2 * i + 1] ?? NaN] as const,
    ),
  );
};

test('a region without a border has no outline', () => {
  assert.deepEqual(trace(['....', '....']), []);
  assert.deepEqual(trace(['####', '####']), []);
});

test('a border across the mask is one open line, half way between the pixels', () => {
  const lines = trace(['....', '....', '####', '####']);
  assert.equal(lines.length, 1);
  for (const [, y] of lines[0] ?? []) assert.equal(y, 2);
  const xs = (lines[0] ?? []).map(([x]) => x);
  assert.deepEqual([Math.min(...xs), Math.max(...xs)], [0.5, 3.5]);
});

test('an island is one closed line that stays within half a pixel of it', () => {
  const lines = trace(['.......', '..###..', '..###..', '..###..', '.......']);
  assert.equal(lines.length, 1);
  const line = lines[0] ?? [];
  assert.deepEqual(line[0], line.at(-1));
  for (const [x, y] of line) {
    assert.ok(x >= 2 && x <= 5 && y >= 1 && y <= 4, `${x}, ${y}`);
    assert.ok(x <= 2.5 || x >= 4.5 || y <= 1.5 || y >= 3.5, `${x}, ${y}`);
  }
});

test('regions that touch at a corner keep their own lines', () => {
  assert.equal(trace(['......', '.##...', '.##...', '...##.', '...##.', '......']).length, 2);
});

test('a region at the edge is open there', () => {
  const lines = trace(['......', '..##..', '..##..', '..##..']);
  assert.equal(lines.length, 1);
  const line = lines[0] ?? [];
  assert.equal(line[0]?.[1], 3.5);
  assert.equal(line.at(-1)?.[1], 3.5);
});

test('every border pixel is passed exactly once, whatever the shape', () => {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 20; round++) {
    const width = 12;
    const height = 9;
    const bytes = Uint8Array.from({ length: width * height }, () => (random() > 0.5 ? 255 : 0));
    let crossings = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        if (x + 1 < width && bytes[at] !== bytes[at + 1]) crossings++;
        if (y + 1 < height && bytes[at] !== bytes[at + width]) crossings++;
      }
    }
    const points = traceOutline(bytes, width, height).map((line) => line.length / 2);
    const closed = traceOutline(bytes, width, height).filter(
      (line) => line.length > 4 && line[0] === line.at(-2) && line[1] === line.at(-1),
    ).length;
    assert.equal(points.reduce((sum, count) => sum + count, 0) - closed, crossings);
  }
});
