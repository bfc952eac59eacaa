import assert from 'node:assert/strict';
import { it } from 'node:test';
import { jpegSize } from '../../server/api/feeds/jpeg-size.ts';

it('the size of a JPEG is read from its frame header, and bytes that are none have no size', () => {
  const picture = Uint8Array.of(
    0xff,
    0xd8,
    0xff,
    0xe0,
    0,
    4,
    1,
    2,
    0xff,
    0xc0,
    0,
    17,
    8,
    0x02,
    0x1c,
    0x03,
    0xc0,
    3,
    1,
    0x22,
    0,
  );
  assert.deepEqual(jpegSize(picture), { width: 960, height: 540 });
  for (let length = 0; length < 17; length++)
    assert.equal(jpegSize(picture.subarray(0, length)), null);
  assert.equal(jpegSize(new Uint8Array(100)), null);
});
