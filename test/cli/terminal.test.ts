import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { fitted, formatError, wrap } from '../../server/cli/terminal.ts';

const report = {
  code: 'INPUT_EMPTY',
  message: 'The file drive.mp4 is empty.',
  hint: 'Name a file that holds a video.',
} as const;

test('lines break between words at the width, and a word that is too long stands alone', () => {
  assert.deepEqual(wrap('one two three', 7, '  '), ['one two', '  three']);
  assert.deepEqual(wrap('a /a/very/long/path/to/a/file b', 10, '  '), [
    'a',
    '  /a/very/long/path/to/a/file',
    '  b',
  ]);
  assert.deepEqual(wrap('  → one two', 9, '    '), ['  → one', '    two']);
});

test('colour takes no columns', () =>
  assert.deepEqual(wrap('\u001b[31mone\u001b[39m two', 7, ''), ['\u001b[31mone\u001b[39m two']));

test('an error in a file or pipe is two lines without colour, whatever their length', () => {
  assert.equal(
    formatError({ ...report, message: 'x '.repeat(100).trim() }, {}),
    `error INPUT_EMPTY: ${'x '.repeat(100).trim()}\n  → Name a file that holds a video.`,
  );
});

test('an error in a terminal is wrapped at its width', () => {
  const text = formatError(report, { isTTY: true, columns: 30, hasColors: () => true });
  assert.ok(text.startsWith('\u001b[31merror INPUT_EMPTY:\u001b[39m '));
  assert.equal(
    stripVTControlCharacters(text),
    'error INPUT_EMPTY: The file\n  drive.mp4 is empty.\n  → Name a file that holds a\n    video.',
  );
});

test('names and errors cannot steer the terminal, wherever they come from', () => {
  const text = 'a\u001b]0;title\u0007\u009b2J\u202eb\nc';
  const file = { isTTY: false };
  const terminal = { isTTY: true, columns: 400, hasColors: () => true };
  const shown = 'a‹U+001B›]0;title‹U+0007›‹U+009B›2J‹U+202E›b‹U+000A›c';
  for (const output of [file, terminal]) assert.equal(fitted(text, output, ''), shown);
  assert.equal(
    formatError({ code: 'USAGE', message: text, hint: text }, file),
    `error USAGE: ${shown}\n  → ${shown}`,
  );
  assert.equal(
    formatError({ code: 'USAGE', message: text, hint: text }, terminal),
    `\u001b[31merror USAGE:\u001b[39m ${shown}\n  → ${shown}`,
  );
});
