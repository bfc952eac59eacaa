import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { formatError, wrap } from '../../server/cli/terminal.ts';

const report = { code: 'INPUT_EMPTY', message: 'The file drive.mp4 is empty.', hint: 'Name a file that holds a video.' } as const;

test('lines break between words at the width, and a word that is too long stands alone', () => {
  assert.deepEqual(wrap('one two three', 7, '  '), ['one two', '  three']);
  assert.deepEqual(wrap('a /a/very/long/path/to/a/file b', 10, '  '), ['a', '  /a/very/long/path/to/a/file', '  b']);
  assert.deepEqual(wrap('  → one two', 9, '    '), ['  → one', '    two']);
});

test('colour takes no columns', () => assert.deepEqual(wrap('\u001b[31mone\u001b[39m two', 7, ''), ['\u001b[31mone\u001b[39m two']));

test('an error in a file or pipe is two lines without colour, whatever their length', () => {
  assert.equal(formatError({ ...report, message: 'x '.repeat(100).trim() }, {}), `error INPUT_EMPTY: ${'x '.repeat(100).trim()}\n  → Name a file that holds a video.`);
});

test('an error in a terminal is wrapped at its width', () => {
  const text = formatError(report, { isTTY: true, columns: 30, hasColors: () => true });
  assert.ok(text.startsWith('\u001b[31merror INPUT_EMPTY:\u001b[39m '));
  assert.equal(stripVTControlCharacters(text), 'error INPUT_EMPTY: The file\n  drive.mp4 is empty.\n  → Name a file that holds a\n    video.');
});
