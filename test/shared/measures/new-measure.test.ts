import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DriveColumns } from '../../../client/data/columns.ts';
import { FeedColumns } from '../../../client/data/feed-columns.ts';
import { readoutsOf } from '../../../client/data/readouts.ts';
import { steeringUnit } from '../../../client/data/steering-unit.ts';
import { tracksOf } from '../../../client/data/tracks.ts';
import { AnalysisFiles } from '../../../server/results/analysis-files.ts';
import { MeasureColumns, type MeasuredRow } from '../../../server/results/measure-columns.ts';
import { DEFAULT_FLAG_SETTINGS } from '../../../shared/flags.ts';
import { WHOLE_FRAME } from '../../../shared/geometry.ts';
import { measureTable } from '../../../shared/measures/documentation.ts';
import type { Measure } from '../../../shared/measures/measure.ts';
import { MEASURES } from '../../../shared/measures/measures.ts';
import { encodeColumns } from '../../../shared/protocol/columns.ts';
import { decodeFrame } from '../../../shared/protocol/decode-frame.ts';
import { encodeFrame } from '../../../shared/protocol/encode-frame.ts';
import type { FrameHeader } from '../../../shared/protocol/frame-message.ts';
import { opened } from '../../client/support/messages.ts';
import '../../support/runes.ts';

const { Readout } = await import('../../../client/state/readout.svelte.ts');

/** One of each kind: what the frame has, what each method has, and what was logged of some drives. */
const BRAKE: Measure = {
  id: 'brake',
  of: 'frame',
  csv: 'brake',
  short: 'brake',
  meaning: 'whether the brake was pressed',
  unknown: 'it was not logged',
  unit: 'flag',
  number: 'flag',
  range: [0, 1],
  source: 'rows',
  needs: 'logged',
  kept: true,
};
const GEAR: Measure = {
  id: 'gear',
  of: 'frame',
  csv: 'gear',
  short: 'gear',
  meaning: 'which gear was in',
  unknown: 'it was not told',
  unit: 'count',
  number: 'integer',
  range: [null, null],
  source: 'rows',
  kept: true,
  readout: true,
};
const NOVELTY: Measure = {
  id: 'novelty',
  of: 'method',
  csv: 'novelty',
  short: 'novelty',
  meaning: 'how far a mask is from all that were seen before',
  unknown: 'an empty mask',
  unit: 'share',
  number: 'real',
  range: [0, 1],
  source: 'rows',
  rounded: true,
  kept: true,
  readout: true,
  track: {
    plot: { title: 'Novelty', kinds: ['dead'], height: 0.5 },
    label: 'novelty',
    color: '--error',
    width: 2,
    filled: false,
    scale: 'range',
    between: 'middle',
    limits: ({ enterBelow }, factor) => ({
      words: 'flag above',
      begins: (1 - enterBelow) * factor,
      ends: null,
    }),
  },
};
const TWICE: Measure = {
  ...GEAR,
  id: 'twice',
  csv: 'twice',
  source: { from: ['gear'], by: (gear) => 2 * gear },
};
const TABLE: readonly Measure[] = [...MEASURES, GEAR, TWICE, NOVELTY, BRAKE];
const METHODS = ['visualbackprop', 'gradient'];
/** More than float32 holds, and than is rounded. */
const LARGE = 16_777_217;

const row = (pts: number, gear: number, novelty: number | null, brake: number): MeasuredRow => {
  const score = { mass: 0.5, onRoad: 1, lift: 1, peakOnRoad: 1, offRoadX: null, offRoadY: null };
  return {
    pts,
    steering: pts,
    driven: NaN,
    scores: [
      { ...score, novelty },
      { ...score, novelty: 0.75 },
    ],
    agreement: { spearman: 1, ssim: 1, topOverlap: 1 },
    gear,
    brake,
  } as unknown as MeasuredRow;
};
const ROWS = [row(0, LARGE, 0.123456789, 1), row(0.1, NaN, null, NaN)];

function sent(logged: readonly string[]) {
  const kept = new MeasureColumns(METHODS, logged, TABLE);
  for (const each of ROWS) kept.push(each);
  return JSON.parse(JSON.stringify(encodeColumns(kept, 0, 2))) as ReturnType<typeof encodeColumns>;
}

const ofGear = (columns: object) => columns as { gear: unknown; brake?: unknown };
const ofNovelty = (score: object | undefined) => (score as { novelty: unknown }).novelty;
const DRIVE = {
  network: opened().network,
  road: { kind: 'truth' },
  hasLog: true,
  logged: [],
} as const;
const UNIT = steeringUnit({ ...DRIVE.network, unit: 'rad' });

describe('a new measure, from one entry', () => {
  it('is a column on the wire, exact or rounded as it says, of each method where it is of a method', () => {
    const columns = sent(['brake']);
    assert.deepEqual(ofGear(columns).gear, [LARGE, null]);
    assert.deepEqual(columns.scores.map(ofNovelty), [
      [0.123457, null],
      [0.75, 0.75],
    ]);
    assert.ok(!('twice' in columns), 'what follows from others does not travel');
  });

  it('has a column where it was logged, and none where it was not', () => {
    assert.deepEqual(ofGear(sent(['brake'])).brake, [1, null]);
    assert.ok(!('brake' in sent([])));
  });

  it('is a column of frames.csv, before those of further methods', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'measures-'));
    try {
      const output = { number: DRIVE.network.number };
      const request = { methods: METHODS, output, there: ['brake'], measures: TABLE };
      const files = await AnalysisFiles.create(join(folder, 'out'), request);
      for (const [frame, each] of ROWS.entries()) await files.writeFrame({ ...each, frame });
      await files.finish([], {});
      const text = await readFile(join(folder, 'out/frames.csv'), 'utf8');
      const [head, ...lines] = text
        .trim()
        .split('\n')
        .map((line) => line.split(','));
      const cells = (name: string) => lines.map((line) => line[head!.indexOf(name)]);
      assert.deepEqual(cells('gear'), [String(LARGE), '']);
      assert.deepEqual(cells('twice'), [String(2 * LARGE), '']);
      assert.deepEqual(cells('novelty'), ['0.123457', '']);
      assert.deepEqual(cells('novelty_gradient'), ['0.75', '0.75']);
      assert.deepEqual(cells('brake'), ['1', '']);
      assert.ok(head!.indexOf('brake') < head!.indexOf('onRoad_gradient'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is a column of the page, of a recording as of a feed, in the unit that is shown', () => {
    const recording = new DriveColumns([0, 0.1], 1, {}, TABLE);
    recording.append(sent(['brake']));
    const live = new FeedColumns(1, null, TABLE);
    live.take(sent(['brake']), 0);
    for (const columns of [recording, live]) {
      assert.deepEqual([...columns.of('gear')], [LARGE, NaN]);
      assert.deepEqual([...columns.of('twice')], [2 * LARGE, NaN]);
      assert.deepEqual([...columns.of('brake')], [1, NaN]);
      assert.deepEqual(
        [...columns.of('novelty')].map(Math.fround),
        [12.3457, NaN].map(Math.fround),
      );
    }
    const other = new DriveColumns([0, 0.1], 1, {}, TABLE);
    other.append(sent([]));
    assert.ok(other.of('brake').every(Number.isNaN));
  });

  it('is a track with its own scale, line and limit', () => {
    const choice = { shown: {}, panes: null };
    const tracks = tracksOf(DRIVE, UNIT, choice, TABLE);
    assert.deepEqual(
      tracks.map(({ id }) => id),
      ['steering', 'error', 'on-road', 'novelty'],
    );
    const track = tracks.at(-1)!;
    const { title, unit, height, kinds, shows, series, choice: others } = track;
    assert.deepEqual(
      [title, unit, height, kinds, shows, others],
      ['Novelty', '%', 0.5, ['dead'], 'attention', null],
    );
    assert.deepEqual(
      series.map(({ column, color, text }) => [column, color, text(12.3)]),
      [['novelty', '--error', '12 %']],
    );
    const [bottom, top] = track.range(new DriveColumns([0], 1, {}, TABLE));
    assert.deepEqual(track.marks(bottom, top), [0, 50, 100]);
    const settings = { ...DEFAULT_FLAG_SETTINGS, enterBelow: 0.25 };
    assert.deepEqual(track.thresholds(settings), [{ at: 75, ends: false }]);
    assert.deepEqual(track.limit(settings), { label: 'flag above', text: '75 %' });
  });

  it('travels with each frame, and is read beside the picture', () => {
    const header = {
      ...{ sequence: 0, generation: 0, frame: 0, ...ROWS[0]! },
      twice: undefined,
    } as unknown as FrameHeader;
    const message = decodeFrame(Buffer.concat(encodeFrame(header, [], TABLE)), TABLE);
    assert.deepEqual([ofGear(message).gear, ofGear(message).brake], [LARGE, 1]);
    assert.equal(ofNovelty(message.scores[0]), 0.123456789);
    const words = (kind: 'frame' | 'method') =>
      readoutsOf(DRIVE, UNIT, kind, TABLE).map(({ measure, text }) => [measure.short, text(3)]);
    assert.deepEqual(words('method').at(-1), ['novelty', '3 %']);
    assert.deepEqual(words('frame').slice(-2), [
      ['gear', '3'],
      ['gear', '3'],
    ]);
  });

  it('is averaged while playing, but not where it is a whole number', () => {
    const clock = { time: 0, now: () => clock.time };
    const readout = new Readout(clock, TABLE);
    const painted = { pts: 0, sequence: 0, generation: 0, hasMask: true, fit: WHOLE_FRAME };
    for (const [frame, gear, novelty] of [
      [0, 1, 10],
      [1, 4, 20],
      [2, 3, 60],
    ] as const) {
      clock.time += 130;
      const scores = new Map([['gradient', { novelty }]]);
      readout.add({ ...painted, frame, values: { gear }, scores }, frame > 0);
    }
    const { values, scores } = readout.reading!;
    assert.deepEqual([values['gear'], values['twice']], [3, 6]);
    assert.equal(scores.get('gradient')?.['novelty'], 40);
  });

  it('is a line of the documentation', () => {
    assert.match(
      measureTable(TABLE),
      /\| `novelty` +\| method +\| how far a mask .* \| share, 0 to 1 +\| an empty mask +\|/,
    );
  });
});

it('every measure has a name of its own, in rows and in files', () => {
  for (const key of ['id', 'csv'] as const) {
    const names = MEASURES.map((measure) => measure[key]).filter((name) => name !== null);
    assert.deepEqual(names, [...new Set(names)]);
  }
});

it('what follows from other measures names some that are of the same kind, and travel', () => {
  for (const { id, of, source } of MEASURES as readonly Measure[]) {
    if (typeof source === 'string') continue;
    for (const other of source.from) {
      const found = (MEASURES as readonly Measure[]).find((measure) => measure.id === other);
      assert.deepEqual([found?.of, found?.source], [of, 'rows'], `${id} from ${other}`);
    }
  }
});
