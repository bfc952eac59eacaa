import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';
import { LiveFlags } from '../../server/api/live/live-flags.ts';
import { LiveRows } from '../../server/api/live/live-rows.ts';
import { jpegSize } from '../../server/api/live/jpeg-size.ts';
import type { NetworkDescription } from '../../server/pipeline/frame-explainer.ts';

const network: NetworkDescription = {
  name: 'test',
  digest: '',
  crop: null,
  mask: { width: 4, height: 4 },
  methods: ['visualbackprop'],
  output: {
    number: { tensor: 'steering', index: 0, elements: 1, meaning: 'steering' },
    quantity: null,
    unit: null,
    positive: null,
  },
};
const settings = {
  ...DEFAULT_FLAG_SETTINGS,
  enterBelow: 0.5,
  leaveAbove: 0.6,
  minimumSeconds: 0.3,
  mergeSeconds: 0,
};
const BEGIN = 1.7e9;

/** Ten rows a second; every third picture was dropped. */
function fill(rows: LiveRows, from: number, to: number, share: (row: number) => number): void {
  for (let row = from; row < to; row++) {
    const score = {
      mass: 0.5,
      onRoad: share(row),
      lift: 1,
      peakOnRoad: 1,
      offRoadX: null,
      offRoadY: null,
    };
    rows.push(row + Math.floor(row / 2), {
      pts: BEGIN + row / 10,
      steering: row,
      driven: NaN,
      scores: [score],
      agreement: null,
    });
  }
}

describe('the rows of a live feed', () => {
  it('forget the oldest, and keep their places', () => {
    const rows = new LiveRows(network, 100, 20);
    fill(rows, 0, 1000, () => 1);
    assert.ok(rows.end === 1000 && rows.start >= 880 && rows.start <= 900);
    const { frame, pts, steering } = rows.slice(950, 952);
    assert.deepEqual(
      [frame, pts, steering],
      [
        [1425, 1426],
        [BEGIN + 95, BEGIN + 95.1],
        [950, 951],
      ],
    );
    assert.equal(rows.since, BEGIN + rows.start / 10);
  });

  it('know the picture nearest to a time, and the rows between two', () => {
    const rows = new LiveRows(network, 100, 20);
    assert.equal(rows.numberAt(BEGIN), 0);
    fill(rows, 0, 500, () => 1);
    for (const [time, row] of [
      [45, 450],
      [45.04, 450],
      [45.06, 451],
      [0, rows.start],
      [1000, 499],
    ] as const)
      assert.equal(rows.numberAt(BEGIN + time), row + Math.floor(row / 2));
    assert.deepEqual(rows.between(BEGIN + 45, BEGIN + 46), { from: 450, to: 460 });
  });

  it('have flags with numbers of pictures, each told once, also when rows before it are forgotten', () => {
    const rows = new LiveRows(network, 100, 20);
    const flags = new LiveFlags(rows, settings);
    // Off the road for 5 rows of every 50, and from row 400 on for good.
    const share = (row: number) => ((row % 50 >= 20 && row % 50 < 25) || row >= 400 ? 0.1 : 1);
    const begun: number[] = [];
    for (let row = 0; row < 800; row += 2) {
      fill(rows, row, row + 2, share);
      const found = flags.read();
      begun.push(...found.begun.map(({ startPts }) => Math.round((startPts - BEGIN) * 10)));
      for (const { startPts, startFrame } of found.flags) {
        const at = Math.round((startPts - BEGIN) * 10);
        assert.ok(at >= rows.start && startFrame === at + Math.floor(at / 2));
      }
    }
    assert.deepEqual(begun, [20, 70, 120, 170, 220, 270, 320, 370, 400]);
  });
});

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
