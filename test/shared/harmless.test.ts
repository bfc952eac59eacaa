import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { harmless, mayHarm } from '../../shared/harmless.ts';

const DANGEROUS = [
  0x00, 0x07, 0x08, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x7f, 0x80, 0x9b, 0x9f, 0xad, 0x61c, 0x200b,
  0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060,
  0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xd800, 0xdfff, 0xe0041,
];

describe('a text for people', () => {
  it('has spelt out whatever steers a terminal, turns writing round or cannot be seen', () => {
    for (const code of DANGEROUS) {
      const character = String.fromCodePoint(code);
      assert.equal(
        harmless(`a${character}b`),
        `a‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›b`,
      );
      assert.ok(mayHarm(JSON.stringify({ a: `x${character}` })), code.toString(16));
    }
    assert.equal(harmless('\u001b[2J\u202egpj.exe'), '‹U+001B›[2J‹U+202E›gpj.exe');
  });

  it('keeps what people write, in any script', () => {
    for (const text of [
      'road 1 – Zürich.mp4',
      'שלום',
      'دوربین',
      '道路',
      '🚗',
      'e\u0301',
      '',
      'a\\nb',
    ])
      assert.equal(harmless(text), text);
    assert.equal(mayHarm(JSON.stringify({ name: 'Zürich 🚗', values: [1, null] })), false);
  });
});
