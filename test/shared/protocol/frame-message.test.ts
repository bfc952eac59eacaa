import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import { RoadgazeError } from '../../../shared/errors.ts';
import { decodeFrame } from '../../../shared/protocol/decode-frame.ts';
import { encodeFrame, fitOnWire, type PartBytes } from '../../../shared/protocol/encode-frame.ts';

const numbers = {
  sequence: 1,
  generation: 2,
  frame: 3,
  pts: 0.5,
  steering: -0.25,
  driven: null,
  scores: [{ mass: 0.5, onRoad: 1.5, lift: null, peakOnRoad: 1, offRoadX: null, offRoadY: 0 }],
  agreement: { spearman: -1, ssim: null, topOverlap: 0.5 },
};
const parts: PartBytes[] = [
  { kind: 'picture', method: '', width: 4, height: 2, bytes: Uint8Array.of(0xff, 0xd8, 0xff) },
  { kind: 'mask', method: 'vbp', width: 2, height: 1, bytes: Uint8Array.of(7, 9) },
];

const text = (value: string) => [0xa0 + value.length, ...Buffer.from(value)];
const half = [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0];
const headerBytes = [
  0x89, // map of 9
  ...text('sequence'),
  1,
  ...text('generation'),
  2,
  ...text('frame'),
  3,
  ...text('pts'),
  ...half,
  ...text('steering'),
  0xcb,
  0xbf,
  0xd0,
  0,
  0,
  0,
  0,
  0,
  0,
  ...text('driven'),
  0xc0,
  ...text('scores'),
  0x91,
  0x86,
  ...text('mass'),
  ...half,
  ...text('onRoad'),
  0xcb,
  0x3f,
  0xf8,
  0,
  0,
  0,
  0,
  0,
  0,
  ...text('lift'),
  0xc0,
  ...text('peakOnRoad'),
  1,
  ...text('offRoadX'),
  0xc0,
  ...text('offRoadY'),
  0,
  ...text('agreement'),
  0x83,
  ...text('spearman'),
  0xff,
  ...text('ssim'),
  0xc0,
  ...text('topOverlap'),
  ...half,
  ...text('parts'),
  0x92,
  0x85,
  ...text('kind'),
  ...text('picture'),
  ...text('method'),
  0xa0,
  ...text('width'),
  4,
  ...text('height'),
  2,
  ...text('length'),
  3,
  0x85,
  ...text('kind'),
  ...text('mask'),
  ...text('method'),
  ...text('vbp'),
  ...text('width'),
  2,
  ...text('height'),
  1,
  ...text('length'),
  2,
];
const literal = Uint8Array.from([
  0x52,
  0x47,
  0x01,
  0x01,
  headerBytes.length & 0xff,
  headerBytes.length >> 8,
  0,
  0,
  ...headerBytes,
  0xff,
  0xd8,
  0xff,
  7,
  9,
]);

/** A message whose header is any value and whose parts are `tail`. */
function messageOf(header: unknown, tail: readonly number[] = []): Uint8Array {
  const packed = encode(header);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, packed.length, true);
  return Uint8Array.from([0x52, 0x47, 1, 1, ...length, ...packed, ...tail]);
}

const violates = (what: RegExp) => (error: unknown) =>
  error instanceof RoadgazeError && error.code === 'PROTOCOL_VIOLATION' && what.test(error.message);

describe('encodeFrame', () => {
  it('writes the documented bytes', () => {
    assert.deepEqual(Uint8Array.from(Buffer.concat(encodeFrame(numbers, parts))), literal);
  });

  it('passes the parts on without copying them', () => {
    const [, picture, mask] = encodeFrame(numbers, parts);
    assert.equal(picture, parts[0]?.bytes);
    assert.equal(mask, parts[1]?.bytes);
  });
});

describe('decodeFrame', () => {
  it('reads the documented bytes', () => {
    assert.deepEqual(decodeFrame(literal), { ...numbers, parts });
  });

  it('gives the parts as views into the message, wherever it lies in its buffer', () => {
    const buffer = new Uint8Array(literal.length + 13);
    buffer.set(literal, 13);
    const message = buffer.subarray(13);
    const mask = decodeFrame(message).parts[1];
    assert.deepEqual([...(mask?.bytes ?? [])], [7, 9]);
    assert.equal(mask?.bytes.buffer, buffer.buffer);
  });

  it('refuses the message cut at any byte, and with a byte too many', () => {
    for (let length = 0; length < literal.length; length++) {
      assert.throws(
        () => decodeFrame(literal.subarray(0, length)),
        violates(/./),
        `cut to ${length} bytes`,
      );
    }
    assert.throws(
      () => decodeFrame(Uint8Array.from([...literal, 0])),
      violates(/1 bytes follow its last part/),
    );
  });

  it('either reads a message with any one byte changed or refuses it as a protocol violation', () => {
    for (let at = 0; at < literal.length; at++) {
      for (const value of [0x00, 0x7f, 0x80, 0xc1, 0xdd, 0xdf, 0xff]) {
        const changed = Uint8Array.from(literal);
        changed[at] = value;
        try {
          decodeFrame(changed);
        } catch (error) {
          assert.ok(
            error instanceof RoadgazeError && error.code === 'PROTOCOL_VIOLATION',
            `byte ${at} as ${value}: ${String(error)}`,
          );
        }
      }
    }
  });

  it('refuses another magic, version or kind by name', () => {
    const changed = (at: number, value: number) =>
      literal.map((byte, index) => (index === at ? value : byte));
    assert.throws(() => decodeFrame(changed(0, 0x50)), violates(/does not begin with "RG"/));
    assert.throws(() => decodeFrame(changed(2, 2)), violates(/version is 2/));
    assert.throws(() => decodeFrame(changed(3, 9)), violates(/kind is 9/));
  });

  it('refuses a header that claims more than 16 KiB before reading it', () => {
    assert.throws(
      () => decodeFrame(Uint8Array.of(0x52, 0x47, 1, 1, 0xff, 0xff, 0xff, 0xff)),
      violates(/header claims 4294967295 bytes/),
    );
    const long = messageOf({ ...numbers, parts: [], note: 'x'.repeat(20_000) });
    assert.throws(() => decodeFrame(long), violates(/header claims \d+ bytes/));
  });

  it('refuses lists that claim more entries than there are bytes', () => {
    const bomb = Uint8Array.of(0x52, 0x47, 1, 1, 5, 0, 0, 0, 0xdd, 0xff, 0xff, 0xff, 0xff);
    assert.throws(
      () => decodeFrame(bomb),
      violates(/not MessagePack within the documented limits/),
    );
  });

  it('names the field that is wrong', () => {
    const part = { kind: 'picture', method: '', width: 1, height: 1, length: 0 };
    const wrong: [object, RegExp][] = [
      [{ ...numbers, parts: [], frame: -1 }, /"frame"/],
      [{ ...numbers, parts: [], sequence: 1.5 }, /"sequence"/],
      [{ ...numbers, parts: [], pts: NaN }, /"pts"/],
      [{ ...numbers, parts: [], steering: Infinity }, /"steering"/],
      [{ ...numbers, parts: [], scores: null }, /"scores" is not a list/],
      [{ ...numbers, parts: [], scores: [0.5] }, /score is not a map/],
      [{ ...numbers, parts: [], scores: [{ ...numbers.scores[0], onRoad: '1' }] }, /"onRoad"/],
      [{ ...numbers, parts: [], scores: [{ ...numbers.scores[0], mass: null }] }, /"mass"/],
      [{ ...numbers, parts: [], agreement: 3 }, /agreement is not a map/],
      [{ ...numbers, parts: [], agreement: { ...numbers.agreement, ssim: NaN } }, /"ssim"/],
      [{ ...numbers, parts: {} }, /"parts" is not a list/],
      [{ ...numbers, parts: [3] }, /part is not a map/],
      [{ ...numbers, parts: [{ ...part, width: 1e6 }] }, /"width"/],
      [{ ...numbers, parts: [{ ...part, kind: 1 }] }, /"kind"/],
      [[1, 2], /header is not a map/],
    ];
    for (const [header, message] of wrong)
      assert.throws(() => decodeFrame(messageOf(header)), violates(message));
  });

  it('reads a message without scores and agreement, as a picture alone has it', () => {
    const { scores, agreement } = decodeFrame(
      messageOf({ ...numbers, scores: [], agreement: null, parts: [] }),
    );
    assert.deepEqual([scores, agreement], [[], null]);
  });

  it('says what of the picture a frame of another shape fills, as a share of each side', () => {
    const fit = { width: 0.25, height: 1 };
    const bytes = Buffer.concat(encodeFrame({ ...numbers, ...fitOnWire(fit) }, parts));
    assert.deepEqual(decodeFrame(bytes).fit, fit);
    assert.deepEqual(fitOnWire({ width: 1, height: 1 }), {});
    for (const wrong of [{ width: 0, height: 1 }, { width: 1.5, height: 1 }, { width: 1 }, 7])
      assert.throws(
        () => decodeFrame(Buffer.concat(encodeFrame({ ...numbers, fit: wrong as never }, parts))),
        { code: 'PROTOCOL_VIOLATION', message: /fit|height/ },
      );
  });

  it('refuses a mask whose length is not width × height', () => {
    const mask = { kind: 'mask', method: 'vbp', width: 3, height: 2, length: 5 };
    assert.throws(
      () => decodeFrame(messageOf({ ...numbers, parts: [mask] }, [1, 2, 3, 4, 5])),
      violates(/mask of 3 × 2 has 5 bytes/),
    );
  });

  it('leaves out a part of a kind it does not know, and keeps its neighbours in place', () => {
    const unknown = { kind: 'depth', method: '', width: 1, height: 1, length: 3 };
    const mask = { kind: 'mask', method: 'vbp', width: 2, height: 1, length: 2 };
    const message = decodeFrame(
      messageOf({ ...numbers, parts: [unknown, mask] }, [1, 2, 3, 40, 41]),
    );
    assert.deepEqual(
      message.parts.map((part) => [part.kind, [...part.bytes]]),
      [['mask', [40, 41]]],
    );
  });
});
