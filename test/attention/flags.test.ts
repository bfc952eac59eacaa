import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  FlagFinder,
  findFlags,
  type FlagColumns,
} from '../../server/attention/flags/find-flags.ts';
import { DEFAULT_FLAG_SETTINGS, type FlagSettings } from '../../shared/flags.ts';
import { randomNumbers } from '../support/network.ts';

const settings: FlagSettings = {
  ...DEFAULT_FLAG_SETTINGS,
  enterBelow: 0.5,
  leaveAbove: 0.6,
  minimumSeconds: 0.3,
  mergeSeconds: 0.05,
};

/** Ten frames a second, where all that is not given is as it should be. */
function rows(given: Partial<FlagColumns>): FlagColumns {
  const { length } = Object.values(given)[0] as ArrayLike<number>;
  const all = (value: number) => new Array<number>(length).fill(value);
  return {
    pts: Array.from({ length }, (_, row) => row / 10),
    share: all(1),
    lift: all(2),
    mass: all(0.1),
    steering: all(0),
    driven: all(0),
    spearman: null,
    ...given,
  };
}
const shares = (share: readonly number[]) => rows({ share });
const spans = (
  columns: FlagColumns,
  changed: Partial<FlagSettings> = {},
  degrees: number | null = null,
) =>
  findFlags(columns, { ...settings, ...changed }, degrees).map(({ startFrame, endFrame }) => [
    startFrame,
    endFrame,
  ]);
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

describe('an off-road flag', () => {
  test('has its first, last and worst frame, and how far below the threshold it was on average', () => {
    const [flag, ...more] = findFlags(shares([1, 0.4, 0.2, 0.1, 0.3, 1]), settings, null);
    assert.deepEqual(more, []);
    const { severity, ...rest } = flag!;
    assert.deepEqual(rest, {
      kind: 'off-road',
      startFrame: 1,
      endFrame: 4,
      startPts: 0.1,
      endPts: 0.4,
      worstFrame: 3,
      worstPts: 0.3,
      worst: 0.1,
    });
    near(severity, (0.2 + 0.6 + 0.8 + 0.4) / 4);
  });

  test('neither begins nor ends at a share between the two thresholds', () => {
    assert.deepEqual(spans(shares([0.55, 0.55, 0.55, 0.55])), []);
    assert.deepEqual(spans(shares([0.4, 0.55, 0.4, 0.55, 0.4, 0.6])), [[0, 4]]);
  });

  test('ends at the upper threshold, and does not begin at the lower one', () => {
    assert.deepEqual(spans(shares([0.1, 0.1, 0.1, 0.6, 0.1])), [[0, 2]]);
    assert.deepEqual(spans(shares([0.5, 0.5, 0.5, 0.5])), []);
  });

  test('looks at lift where that is asked for', () => {
    assert.deepEqual(
      spans(rows({ share: [0, 0, 0, 0, 0], lift: [3, 0.9, 0.5, 0.8, 3] }), {
        measure: 'lift',
        enterBelow: 1,
        leaveAbove: 1.5,
      }),
      [[1, 3]],
    );
  });

  test('where there is no road in the picture, is one by share, and not known by lift', () => {
    const nowhere = rows({ share: [0, 0, 0, 0], lift: [NaN, NaN, NaN, NaN] });
    assert.deepEqual(spans(nowhere), [[0, 3]]);
    assert.deepEqual(spans(nowhere, { measure: 'lift' }), []);
  });

  test('is most severe where nothing at all is on the road', () => {
    assert.equal(findFlags(shares([0, 0, 0, 0]), settings, null)[0]!.severity, 1);
  });
});

describe('the length of a flag', () => {
  test('is as long as its frames are shown, and shorter ones are left out', () => {
    assert.deepEqual(spans(shares([1, 0.1, 0.1, 1, 1])), []);
    assert.deepEqual(spans(shares([1, 0.1, 0.1, 0.1, 1])), [[1, 3]]);
    assert.deepEqual(spans(shares([1, 1, 0.1, 0.1, 0.1])), [[2, 4]]);
  });

  test('is time, not frames: two slow frames are a flag where two quick ones are none', () => {
    assert.deepEqual(spans(rows({ pts: [0, 0.5, 1], share: [0.1, 0.1, 1] })), [[0, 1]]);
    assert.deepEqual(spans(rows({ pts: [0, 0.01, 0.02], share: [0.1, 0.1, 1] })), []);
  });

  test('is measured after flags that lie close together were joined', () => {
    const parts = [0.1, 0.1, 1, 0.1, 0.1, 1, 1, 0.1, 0.1];
    assert.deepEqual(spans(shares(parts)), []);
    assert.deepEqual(spans(shares(parts), { mergeSeconds: 0.1 }), [[0, 4]]);
    assert.deepEqual(spans(shares(parts), { mergeSeconds: 0.2 }), [[0, 8]]);
  });

  test('counts the frames between joined flags for neither severity nor the worst frame', () => {
    const [flag] = findFlags(
      shares([0.25, 0.25, 1, 0.25, 0.25]),
      { ...settings, mergeSeconds: 0.1 },
      null,
    );
    near(flag!.severity, 0.5);
  });
});

describe('frames of unknown numbers', () => {
  test('neither begin nor end a flag', () => {
    assert.deepEqual(spans(shares([NaN, 0.1, NaN, 0.1, 0.1, NaN, 1]), { mergeSeconds: 0.1 }), [
      [1, 4],
    ]);
    assert.deepEqual(spans(shares([NaN, NaN, NaN, NaN])), []);
  });

  test('end a flag where there are more of them than may lie between joined flags', () => {
    const columns = shares([0.1, 0.1, 0.1, NaN, NaN, NaN, 0.55, 0.1, 0.1, 0.1]);
    assert.deepEqual(spans(columns, { mergeSeconds: 0.3 }), [[0, 9]]);
    assert.deepEqual(spans(columns, { mergeSeconds: 0.2 }), [
      [0, 2],
      [7, 9],
    ]);
  });
});

describe('a flag that the network steers wrong', () => {
  const kinds = (columns: FlagColumns, errorAbove: number | null, degrees: number | null) =>
    findFlags(columns, { ...settings, errorAbove }, degrees).map(
      ({ kind, startFrame, endFrame, worst }) => ({ kind, startFrame, endFrame, worst }),
    );
  const radians = (degrees: number) => (degrees * Math.PI) / 180;

  test('compares in degrees at the wheel where the output is an angle, else in its own unit', () => {
    const columns = rows({ steering: [0, radians(-6), radians(-9), radians(-7), 0] });
    const [flag, ...more] = kinds(columns, 5, 180 / Math.PI);
    assert.deepEqual(more, []);
    assert.deepEqual(
      { ...flag, worst: Math.round(flag!.worst * 1e6) / 1e6 },
      { kind: 'steers-wrong', startFrame: 1, endFrame: 3, worst: 9 },
    );
    assert.deepEqual(kinds(columns, 5, null), []);
    assert.deepEqual(
      kinds(rows({ steering: [0, 0.02, 0.02, 0.02, 0] }), 0.01, null).map(
        ({ startFrame }) => startFrame,
      ),
      [1],
    );
  });

  test('is raised only while attention is on the road', () => {
    const steering = [9, 9, 9, 9];
    assert.deepEqual(
      kinds(rows({ steering, share: [0.6, 0.6, 0.6, 0.6] }), 5, 1).map(({ kind }) => kind),
      ['steers-wrong'],
    );
    assert.deepEqual(kinds(rows({ steering, share: [0.59, 0.59, 0.59, 0.59] }), 5, 1), []);
    assert.deepEqual(
      kinds(rows({ steering, share: [0.1, 0.1, 0.1, 0.1] }), 5, 1).map(({ kind }) => kind),
      ['off-road'],
    );
    assert.deepEqual(kinds(rows({ steering, share: [NaN, NaN, NaN, NaN] }), 5, 1), []);
  });

  test('ends where attention leaves the road', () => {
    assert.deepEqual(
      kinds(rows({ steering: [9, 9, 9, 9, 9, 9], share: [1, 1, 0.55, 0.4, 0.1, 0.1] }), 5, 1).map(
        ({ kind, startFrame, endFrame }) => [kind, startFrame, endFrame],
      ),
      [
        ['steers-wrong', 0, 2],
        ['off-road', 3, 5],
      ],
    );
  });

  test('is not raised where nobody knows how it was driven, nor without a limit', () => {
    assert.deepEqual(
      kinds(rows({ steering: [9, 9, 9, 9], driven: [NaN, NaN, NaN, NaN] }), 5, 1),
      [],
    );
    assert.deepEqual(kinds(rows({ steering: [9, 9, 9, 9] }), null, 1), []);
  });

  test('ends a fifth below its limit, and is most severe at twice that', () => {
    assert.deepEqual(
      kinds(rows({ steering: [9, 4.5, 9, 4, 0] }), 5, 1).map(({ startFrame, endFrame }) => [
        startFrame,
        endFrame,
      ]),
      [[0, 2]],
    );
    near(
      findFlags(rows({ steering: [7.5, 7.5, 50, 50] }), { ...settings, errorAbove: 5 }, 1)[0]!
        .severity,
      0.75,
    );
  });
});

test('an explanation whose emptiness does not say that the network is dead is no flag', () => {
  assert.deepEqual(
    findFlags(rows({ share: [NaN, NaN, NaN, NaN, NaN], mass: null }), settings, null),
    [],
  );
});

test('a network whose explanation is empty is flagged as dead, and only that', () => {
  const columns = rows({
    mass: [0.1, 0, 0, 0, 0.1],
    share: [1, NaN, NaN, NaN, 1],
    lift: [2, NaN, NaN, NaN, 2],
    spearman: [1, NaN, NaN, NaN, 1],
  });
  const flags = findFlags(columns, { ...settings, errorAbove: 5, agreementBelow: 0.2 }, 1);
  assert.deepEqual(flags, [
    {
      kind: 'dead',
      startFrame: 1,
      endFrame: 3,
      startPts: 0.1,
      endPts: 0.3,
      worstFrame: 1,
      worstPts: 0.1,
      worst: 0,
      severity: 1,
    },
  ]);
});

test('methods that disagree are flagged below a correlation, until a fifth of the way from there to one', () => {
  const columns = rows({ spearman: [0.9, 0.1, 0.35, -0.4, 0.3, 0.37, 0.1] });
  assert.deepEqual(spans(columns, { agreementBelow: 0.2 }), [[1, 4]]);
  assert.equal(findFlags(columns, { ...settings, agreementBelow: 0.2 }, null)[0]!.worst, -0.4);
  assert.deepEqual(spans(columns), []);
  assert.deepEqual(
    spans(rows({ share: [1, 1, 1, 1], spearman: null }), { agreementBelow: 0.2 }),
    [],
  );
});

test('no frames give no flags', () => {
  assert.deepEqual(spans(shares([])), []);
});

/**
 * The definition in plain words, over and over the whole recording: states by hysteresis, runs,
 * joined runs, long runs.
 */
function slowOffRoad(
  share: readonly number[],
  pts: readonly number[],
  { enterBelow, leaveAbove, minimumSeconds, mergeSeconds }: FlagSettings,
): [number, number][] {
  const until = (row: number) => pts[row + 1] ?? 2 * pts[row]! - pts[row - 1]!;
  const known = share.flatMap((value, row) => (Number.isNaN(value) ? [] : [row]));
  const runs: [number, number][] = [];
  known.forEach((row, index) => {
    const before = known[index - 1];
    const continues =
      before !== undefined &&
      runs.at(-1)?.[1] === before &&
      pts[row]! - until(before) <= mergeSeconds + 1e-6;
    if (continues && share[row]! < leaveAbove) runs.at(-1)![1] = row;
    else if (share[row]! < enterBelow) runs.push([row, row]);
  });
  const joined: [number, number][] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    if (last && pts[run[0]]! - until(last[1]) <= mergeSeconds + 1e-6) last[1] = run[1];
    else joined.push([...run]);
  }
  return joined.filter(([start, last]) => until(last) - pts[start]! >= minimumSeconds - 1e-6);
}

test('on random recordings flags are those of the definition, and rows that come a few at a time give the same', () => {
  const random = randomNumbers(5);
  let found = 0;
  for (let round = 0; round < 40; round++) {
    let value = 0.5;
    const share = Array.from({ length: 120 }, () => {
      value = Math.min(1, Math.max(0, value + random(-0.3, 0.3)));
      return random(0, 1) < 0.15 ? NaN : value;
    });
    let time = 0;
    const pts = share.map(() => (time += random(0.02, 0.2)));
    const wanted = { ...settings, minimumSeconds: random(0, 0.8), mergeSeconds: random(0, 0.5) };
    const columns = rows({ pts, share });
    const whole = findFlags(columns, wanted, null);
    assert.deepEqual(
      whole.map(({ startFrame, endFrame }) => [startFrame, endFrame]),
      slowOffRoad(share, pts, wanted),
    );
    found += whole.length;

    const finder = new FlagFinder(wanted, null);
    for (let end = 0; end <= 120; end += 1 + Math.floor(random(0, 9))) {
      const part = rows({ pts: pts.slice(0, end), share: share.slice(0, end) });
      assert.deepEqual(finder.read(part), findFlags(part, wanted, null));
    }
    assert.deepEqual(finder.read(columns), whole);
  }
  assert.ok(found > 100);
});

describe('a flag of a pull', () => {
  const pull = [0, 3.1, 2.5, 2.45, 5, 2.4, 4, 0].map((degrees) => degrees / 2);
  test('begins above the limit in degrees, and ends a fifth below it', () => {
    const found = findFlags(rows({ pull }), { ...settings, pullAbove: 3 }, 2);
    assert.deepEqual(
      found.map(({ kind, startFrame, endFrame, worstFrame, worst }) => [
        kind,
        startFrame,
        endFrame,
        worstFrame,
        worst,
      ]),
      [['pull', 1, 4, 4, 5]],
    );
    near(found[0]!.severity, (0.1 / 3 + 2 / 3) / 4);
  });

  test('is in the unit of an output that is no angle, and is there only where it is asked for', () => {
    assert.deepEqual(spans(rows({ pull }), { pullAbove: 1.3 }), [[1, 6]]);
    assert.deepEqual(spans(rows({ pull })), []);
    assert.deepEqual(spans(rows({ pull }), { pullAbove: null }), []);
    assert.deepEqual(spans(rows({ share: pull.map(() => 1) }), { pullAbove: 1 }), []);
    assert.deepEqual(spans(rows({ pull: pull.map(() => NaN) }), { pullAbove: 1 }), []);
  });
});
