import assert from 'node:assert/strict';
import { describe, it, test, type TestContext } from 'node:test';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';
import { FlagWatch, type FoundFlags } from '../../server/analysis/flag-watch.ts';
import { RowSeries } from '../../server/analysis/row-series.ts';
import { ViewerFlags } from '../../server/api/viewer-flags.ts';
import type { NetworkDescription } from '../../server/pipeline/stream-explainer.ts';

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
function fill(rows: RowSeries, from: number, to: number, share: (row: number) => number): void {
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

describe('rows of a window', () => {
  it('forget the oldest, and keep their places', () => {
    const rows = new RowSeries(network, { window: { kept: 100, atOnce: 20 } });
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

  it('keep what the network gave beside another log, and take what is logged from that', () => {
    const rows = new RowSeries(network, { window: { kept: 1100, atOnce: 10 }, there: ['speed'] });
    fill(rows, 0, 1200, (row) => row / 2000);
    const other = rows.besideLog(['speed'], (pts) => ({
      driven: Math.round(pts - BEGIN),
      ...(pts < BEGIN + 110 ? { speed: 4 } : {}),
    }));
    assert.deepEqual([other.start, other.end], [rows.start, rows.end]);
    const from = rows.start;
    const part = (of: RowSeries) => of.slice(from, 1200);
    const numbers = Array.from({ length: 1200 - from }, (_, index) => from + index);
    assert.deepEqual(part(other).frame, part(rows).frame);
    assert.deepEqual(part(other).steering, numbers);
    for (const id of ['onRoad', 'mass', 'lift'])
      assert.deepEqual(other.columns.of(id), rows.columns.of(id), id);
    assert.deepEqual(
      [...other.columns.of('onRoad')],
      numbers.map((row) => row / 2000),
    );
    assert.deepEqual(
      [...other.columns.of('driven')],
      numbers.map((row) => Math.round(row / 10)),
    );
    assert.deepEqual(
      [...other.columns.of('speed')],
      numbers.map((row) => (row < 1100 ? 4 : NaN)),
    );
    // The one before has none of it, and is not its own.
    assert.ok(rows.columns.of('driven').every(Number.isNaN));
    fill(other, 1200, 1201, () => 1);
    assert.deepEqual([other.end, rows.end], [1201, 1200]);
  });

  it('know the picture nearest to a time, and the rows between two', () => {
    const rows = new RowSeries(network, { window: { kept: 100, atOnce: 20 } });
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

  it('have flags with numbers of pictures, each told once, also when rows before it are forgotten', (t) => {
    const rows = new RowSeries(network, { window: { kept: 100, atOnce: 20 } });
    const found: FoundFlags[] = [];
    const watch = new FlagWatch(rows, settings, (each) => found.push(each));
    t.after(() => watch.close());
    // Off the road for 5 rows of every 50, and from row 400 on for good.
    const share = (row: number) => ((row % 50 >= 20 && row % 50 < 25) || row >= 400 ? 0.1 : 1);
    const begun: number[] = [];
    for (let row = 0; row < 800; row += 2) {
      fill(rows, row, row + 2, share);
      watch.look();
      const last = found.at(-1)!;
      begun.push(...last.begun.map(({ startPts }) => Math.round((startPts - BEGIN) * 10)));
      for (const { startPts, startFrame } of last.flags) {
        const at = Math.round((startPts - BEGIN) * 10);
        assert.ok(at >= rows.start && startFrame === at + Math.floor(at / 2));
      }
    }
    assert.deepEqual(begun, [20, 70, 120, 170, 220, 270, 320, 370, 400]);
  });

  it('tell whoever listens of each row, and do not grow while nobody takes them', () => {
    const rows = new RowSeries(network, { window: { kept: 100, atOnce: 20 } });
    let rings = 0;
    const leave = rows.changed.listen(() => rings++);
    fill(rows, 0, 500, () => 1);
    leave();
    fill(rows, 500, 1000, () => 1);
    assert.equal(rings, 500);
    const { bytes } = rows;
    fill(rows, 1000, 3000, () => 1);
    assert.ok(rows.bytes <= bytes + 8 * 20, `${rows.bytes} bytes after ${bytes}`);
  });
});

describe('a watch of flags', () => {
  /** Sees the sink's calls, and resolves `next` at the next one. */
  function watched(t: TestContext, rows: RowSeries) {
    const calls: FoundFlags[] = [];
    let called = (): void => {};
    const watch = new FlagWatch(rows, settings, (found) => {
      calls.push(found);
      called();
    });
    t.after(() => watch.close());
    const next = () => new Promise<void>((resolve) => (called = resolve));
    return { watch, calls, next };
  }
  const offRoad = (row: number) => (row % 50 >= 20 && row % 50 < 25 ? 0.1 : 1);

  it('tells of further rows by itself, once for however many came, and not at all without any', async (t) => {
    const rows = new RowSeries(network);
    const { calls, next } = watched(t, rows);
    await next();
    assert.deepEqual(
      calls.map(({ flags, isFirstLook }) => [flags.length, isFirstLook]),
      [[0, true]],
    );
    const second = next();
    for (let row = 0; row < 100; row++) fill(rows, row, row + 1, offRoad);
    assert.equal(calls.length, 1, 'whoever makes rows does not wait for flags');
    await second;
    const third = next();
    fill(rows, 100, 150, offRoad);
    await third;
    assert.deepEqual(
      calls.map(({ flags, begun }) => [flags.length, begun.length]),
      [
        [0, 0],
        [2, 2],
        [3, 1],
      ],
    );
  });

  it('tells at once when asked, but not twice of the same rows, and else every 200 ms at most', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const pass = (milliseconds: number): void => {
      now += milliseconds;
      t.mock.timers.tick(milliseconds);
    };
    const rows = new RowSeries(network, { window: { kept: 100, atOnce: 20 } });
    const { watch, calls } = watched(t, rows);
    watch.look();
    watch.look();
    const told = (): number => calls.length;
    assert.equal(told(), 1);
    fill(rows, 0, 1, offRoad);
    pass(199);
    assert.equal(told(), 1);
    pass(1);
    assert.equal(told(), 2);
    watch.look();
    assert.equal(told(), 2);
    // The same number of rows, further on.
    fill(rows, 1, 119, offRoad);
    watch.look();
    assert.equal(told(), 3);
    fill(rows, 119, 1000, offRoad);
    watch.look();
    assert.equal(told(), 4);
  });

  it('begins anew with other rows, and leaves the ones before alone', async (t) => {
    const [before, after] = [new RowSeries(network), new RowSeries(network)];
    fill(before, 0, 50, offRoad);
    fill(after, 0, 100, offRoad);
    const { watch, calls, next } = watched(t, before);
    await next();
    const followed = next();
    watch.follow(after);
    fill(before, 50, 300, offRoad);
    await followed;
    assert.deepEqual(
      calls.map(({ rows, flags, begun, isFirstLook }) => [
        rows === after,
        flags.length,
        begun.length,
        isFirstLook,
      ]),
      [
        [false, 1, 1, true],
        [true, 2, 2, true],
      ],
    );
  });
});

test('a viewer is alerted once a second at most, of the newest flag, and of none that was there before', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const pass = (milliseconds: number): void => {
    for (const end = now + milliseconds; now < end;) {
      now += 10;
      t.mock.timers.tick(10);
    }
  };
  const rows = new RowSeries(network);
  /** Begins with every 50 rows, and is a flag from its 4th row on. */
  const offRoad = (row: number) => (row % 50 < 5 ? 0.1 : 1);
  fill(rows, 0, 40, offRoad);
  const alerts: [at: number, startFrame: number][] = [];
  const flags = new ViewerFlags(
    rows,
    settings,
    {
      flags: (found) => ({ type: 'flags', flags: found }),
      alert: (flag) => ({ type: 'alert', flag }),
    },
    (message) => {
      if (message.type === 'alert') alerts.push([now, message.flag.startFrame]);
    },
  );
  t.after(() => flags.close());
  const numberOf = (row: number) => row + Math.floor(row / 2);
  pass(300);
  const [early] = alerts;
  assert.equal(early, undefined);
  // One flag every 250 ms for two seconds and a half.
  for (let flag = 1; flag <= 10; flag++) {
    fill(rows, rows.end, 50 * flag + 10, offRoad);
    pass(250);
  }
  const during = [...alerts];
  pass(5000);
  for (const [i, [at]] of alerts.entries())
    assert.ok(i === 0 || at - alerts[i - 1]![0] >= 1000, JSON.stringify(alerts));
  // The first at once, then one each second, then what came last.
  assert.equal(during.length, 3);
  assert.equal(alerts.length, 4);
  assert.equal(alerts[0]![1], numberOf(50));
  assert.equal(alerts.at(-1)![1], numberOf(500));
  // Each is the newest that had been found: flags are looked for every 200 ms.
  for (const [at, frame] of alerts.slice(0, -1)) {
    const begun = Math.ceil((at - 300) / 250);
    assert.ok([begun, begun - 1].map((flag) => numberOf(50 * flag)).includes(frame), `${at}`);
  }
});
