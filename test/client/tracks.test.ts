import assert from 'node:assert/strict';
import { test } from 'node:test';
import { steeringUnit } from '../../client/data/steering-unit.ts';
import { DriveColumns, runsOf } from '../../client/data/columns.ts';
import type { KnownParts } from '../../client/data/known-measures.ts';
import { FLAGGED_MEASURES, tracksOf } from '../../client/data/tracks.ts';
import { DEFAULT_FLAG_SETTINGS, type FlagSettings } from '../../shared/flags.ts';
import type { AnalysisColumns } from '../../shared/protocol/control-messages.ts';

const network = {
  id: 'n',
  name: 'n',
  crop: null,
  mask: { width: 1, height: 1 },
  methods: ['visualbackprop', 'gradient'],
  notes: [],
  number: { tensor: 'steering', index: 0, elements: 1, meaning: 'steering' },
  quantity: null,
  unit: 'deg',
  positive: 'left',
} as const;
const withRoad = (kind: 'none' | 'truth'): KnownParts => ({
  network,
  road: { kind },
  hasLog: true,
  logged: [],
});
const NO_PAIR = { shown: {}, panes: null } as const;
const tracks = (attention: FlagSettings['measure'], measure: 'spearman' | 'ssim' = 'spearman') =>
  tracksOf(withRoad('truth'), steeringUnit(network), {
    shown: { 'on-road': FLAGGED_MEASURES[attention], agreement: measure },
    panes: ['A', 'B'],
  });
/** The first frame, with these numbers and no others. */
const row = ({ steering, driven, lift, ssim = null }: Record<string, number | null>) =>
  ({
    frame: [0],
    pts: [0],
    steering: [steering],
    driven: [driven],
    scores: [{ lift: [lift] }],
    agreement: { ssim: [ssim] },
  }) as unknown as AnalysisColumns;
const limits = (settings: FlagSettings, ...of: Parameters<typeof tracks>) =>
  Object.fromEntries(
    tracks(...of).map(({ id, thresholds, limit }) => [
      id,
      { lines: thresholds(settings).map(({ at }) => at), text: limit(settings)?.text ?? null },
    ]),
  );

test('every threshold is a line in the plot of its measure, and in no other', () => {
  const settings: FlagSettings = {
    ...DEFAULT_FLAG_SETTINGS,
    enterBelow: 0.4,
    leaveAbove: 0.5,
    errorAbove: 8,
    agreementBelow: -0.25,
  };
  assert.deepEqual(limits(settings, 'share'), {
    steering: { lines: [], text: null },
    error: { lines: [8], text: '8.0°' },
    'on-road': { lines: [40, 50], text: '40 %' },
    agreement: { lines: [-0.25], text: '−0.25' },
  });
  assert.deepEqual(limits(settings, 'lift')['on-road'], { lines: [], text: null });
  assert.deepEqual(
    limits({ ...settings, measure: 'lift', enterBelow: 1.1, leaveAbove: 1.3 }, 'lift')['on-road'],
    { lines: [1.1, 1.3], text: '1.10' },
  );
  assert.deepEqual(limits(settings, 'share', 'ssim')['agreement'], { lines: [], text: null });
  assert.deepEqual(limits(DEFAULT_FLAG_SETTINGS, 'share')['error'], { lines: [], text: null });
});

test('without a road there is no plot of attention on it', () => {
  assert.deepEqual(
    tracksOf(withRoad('none'), steeringUnit(network), NO_PAIR).map(({ id }) => id),
    ['steering', 'error'],
  );
});

test('the scale of lift ends above chance', () => {
  const track = tracks('lift').find(({ id }) => id === 'on-road');
  assert.deepEqual(track?.range(new DriveColumns([0], 1)), [0, 2]);
});

test('neighbouring frames of which something is true are one run', () => {
  const columns = new DriveColumns([0, 1, 2, 3, 4], 1);
  assert.deepEqual(
    runsOf(columns, (frame) => frame !== 2),
    [
      { first: 0, last: 1 },
      { first: 3, last: 4 },
    ],
  );
  assert.deepEqual(
    runsOf(columns, () => false),
    [],
  );
});

test('a line says whether flags begin or end at it', () => {
  const settings: FlagSettings = { ...DEFAULT_FLAG_SETTINGS, errorAbove: 8, agreementBelow: 0.5 };
  const ends = tracks('share').map(({ id, thresholds }) => [
    id,
    thresholds(settings).map(({ ends }) => ends),
  ]);
  assert.deepEqual(ends, [
    ['steering', []],
    ['error', [false]],
    ['on-road', [false, true]],
    ['agreement', [false]],
  ]);
});

test('scales end on round numbers above all that is known, and are labelled at their ends', () => {
  const columns = new DriveColumns([0], 1);
  columns.append(row({ steering: 14, driven: 21, lift: 5.5 }));
  const shown = (of: ReturnType<typeof tracks>) =>
    Object.fromEntries(
      of.map(({ id, range, marks, markText }) => {
        const [bottom, top] = range(columns);
        return [id, marks(bottom, top).map(markText)];
      }),
    );
  assert.deepEqual(shown(tracks('share')), {
    steering: ['−30°', '0', '30°'],
    error: ['0', '8°'],
    'on-road': ['0', '50', '100'],
    agreement: ['0', '.5', '1'],
  });
  assert.deepEqual(shown(tracks('lift'))['on-road'], ['0', '1', '6']);
  columns.append(row({ steering: 14, driven: 21, lift: 5.5, ssim: -0.01 }));
  assert.deepEqual(shown(tracks('share'))['agreement'], ['−1', '0', '1']);
  const overlap = tracksOf(withRoad('truth'), steeringUnit(network), {
    shown: { agreement: 'topOverlap' },
    panes: ['A', 'C'],
  });
  assert.deepEqual(shown(overlap)['agreement'], ['0', '50', '100']);
  assert.equal(overlap.at(-1)?.series[0]?.label, 'A · C');
});

test('each plot is shaded by the flags that it is about, and shows what is known of it', () => {
  const about = Object.fromEntries(
    tracks('share').map(({ id, kinds, shows, marked }) => [id, [kinds, shows, marked]]),
  );
  assert.deepEqual(about, {
    steering: [['off-road', 'steers-wrong', 'pull', 'dead'], 'steering', null],
    error: [['steers-wrong', 'dead'], 'steering', null],
    'on-road': [['off-road', 'dead'], 'attention', 'peakOnRoad'],
    agreement: [['disagreement', 'dead'], 'attention', null],
  });
  assert.equal(tracks('lift').find(({ id }) => id === 'on-road')?.marked, 'peakOnRoad');
});

test('how the car was driven is drawn under what the network wants, where it is known', () => {
  const labels = (of: ReturnType<typeof tracks>) =>
    of.map(({ series }) => series.map(({ label }) => label));
  assert.deepEqual(labels(tracks('share')).slice(0, 2), [['driven', 'wanted'], ['error']]);
  const unknown = { ...withRoad('none'), hasLog: false };
  assert.deepEqual(labels(tracksOf(unknown, steeringUnit(network), NO_PAIR)), [['wanted']]);
});

test('a bin of a categorical head is neither called steering nor held against what was driven', () => {
  const bin = {
    ...network,
    number: { tensor: 'angle', index: 0, elements: 15, meaning: 'probability' },
  } as const;
  const [first, ...others] = tracksOf(
    { ...withRoad('none'), network: bin },
    steeringUnit(bin),
    NO_PAIR,
  );
  assert.equal(first!.title, 'Probability of bin 1 of 15');
  assert.deepEqual(
    first!.series.map(({ label }) => label),
    ['answer'],
  );
  assert.ok(!others.some(({ id }) => id === 'error'));
});
