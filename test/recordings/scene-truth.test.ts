import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRuns, encodeRuns } from '../../recordings/scene/run-lengths.ts';

const bytes = (text: string) => Uint8Array.from([...text].map(Number));
const encode = (text: string) => encodeRuns(text.length, (i) => text[i] === '1');

describe('run lengths', () => {
  it('begin with the number of zeros', () => {
    assert.deepEqual(encode('0011101'), [2, 3, 1, 1]);
    assert.deepEqual(encode('1100'), [0, 2, 2]);
    assert.deepEqual(encode('0000'), [4]);
  });

  it('decode to what was encoded', () => {
    for (const text of ['0011101', '1100', '0000', '1111', '1']) {
      assert.deepEqual(decodeRuns(encode(text), text.length), bytes(text));
    }
  });

  it('that do not fill the mask are refused', () => {
    assert.throws(() => decodeRuns([2, 3], 6), RangeError);
  });
});
