import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeLine } from '../../server/video/small-print.ts';
import { WarningList } from '../../server/video/warnings.ts';

test('complaints are told once, without addresses, fifty at most, and the last error is known', () => {
  const list = new WarningList();
  list.add('[h264 @ 0x55d0] [error] no frame!');
  list.add('[h264 @ 0x77aa] [error] no frame!');
  list.add('  [warning] late  ');
  list.add('[swscaler @ 0x1] [warning] deprecated pixel format used');
  list.add('[webp @ 0x1] [warning] Multiple ff_thread_finish_setup() calls');
  list.add('[wrapped @ 0x1] [warning] The bitrate parameter is set too low');
  list.add('frame= 12 fps=30');
  list.add('[info] nothing of note');
  assert.deepEqual(list.entries, ['h264: no frame!', 'late']);
  assert.equal(list.lastError, 'h264: no frame!');
  list.addOwn('of our own');
  for (let n = 0; n < 60; n++) list.add(`[mov @ 0x1] [fatal] ${n}`);
  assert.equal(list.entries.length, 50);
  assert.equal(list.entries.at(-1), 'mov: 46');
  assert.equal(list.lastError, 'mov: 59');
  list.addOwn('too many');
  assert.equal(list.entries.length, 50);
  const long = new WarningList();
  long.add(`[warning] ${'x'.repeat(400)}`);
  assert.equal(long.entries[0], 'x'.repeat(300));
});

test('small print is written column by column, a pixel from the left and below the top', () => {
  const shown = (text: string, width: number, top: number, height: number) => {
    const picture = new Uint8Array(width * height);
    writeLine(picture, { width, height }, top, text);
    return Array.from({ length: height }, (_, y) =>
      Array.from(picture.subarray(y * width, (y + 1) * width), (ink) =>
        ink === 255 ? '#' : ink === 0 ? '.' : '?',
      ).join(''),
    );
  };
  assert.deepEqual(shown('L −7g', 32, 1, 11), [
    '................................',
    '................................',
    '..##...............#####........',
    '...#...................#........',
    '...#..................#...####..',
    '...#.........#####...#...#...#..',
    '...#................#....#...#..',
    '...#................#.....####..',
    '..###...............#........#..',
    '..........................###...',
    '................................',
  ]);
  // Two characters fit into thirteen columns; what no glyph is made for is a question mark.
  assert.deepEqual(shown('1€1', 13, 0, 9), shown('1?', 13, 0, 9));
  assert.equal(
    shown('11', 12, 0, 9).join('').split('#').length,
    shown('1', 12, 0, 9).join('').split('#').length,
  );
});
