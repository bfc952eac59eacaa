import assert from 'node:assert/strict';
import { truncateSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';
import { encodeColumns } from '../../shared/protocol/columns.ts';
import { KeptAnalyses } from '../../server/analysis/kept-analyses.ts';
import {
  RecordingAnalysis,
  type RecordingAnalysisRequest,
} from '../../server/analysis/recording-analysis.ts';
import { driveAt } from '../../server/drive/drives-at.ts';
import { ffprobeFrameTimes, makeNumberedClip } from '../support/clips.ts';
import { collect } from '../support/collect.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const FRAMES = 40;
const leftHalf = {
  kind: 'polygon',
  points: [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ],
} as const;
const sidecar = {
  roadgaze: 1,
  kind: 'steering',
  output: { quantity: 'angle', unit: 'rad', positive: 'left' },
};
/** Flags every frame whose attention is not wholly on the road. */
const strict = { ...DEFAULT_FLAG_SETTINGS, enterBelow: 1, leaveAbove: 1, minimumSeconds: 0 };

async function drive(t: TestContext) {
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'a.mp4'), { frames: FRAMES });
  const log = Array.from({ length: 300 }, (_, row) => `${row / 20},0.1`);
  writeFileSync(join(folder, 'a.csv'), ['t [s],steering [rad]', ...log, ''].join('\n'));
  return { clip, modelPath: writeSteeringNetwork(folder, { sidecar }) };
}

async function open(
  t: TestContext,
  { clip, modelPath }: { readonly clip: string; readonly modelPath: string },
  more: Partial<RecordingAnalysisRequest> = {},
): Promise<RecordingAnalysis> {
  const analysis = await RecordingAnalysis.open({
    recording: await driveAt(clip),
    modelPath,
    road: leftHalf,
    log: {},
    methods: [{ id: 'visualbackprop' }, { id: 'gradient' }],
    wish: { provider: 'cpu', workers: 1 },
    ...more,
  });
  t.after(() => analysis.close());
  return analysis;
}

const untilEnded = (analysis: RecordingAnalysis): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (analysis.hasEnded) resolve();
    };
    analysis.changed.listen(look);
    look();
  });

describe('the analysis of a recording', () => {
  it('gives every frame as a row with what was driven, flags, and a causal check of them', async (t) => {
    const given = await drive(t);
    const analysis = await open(t, given);
    const rows = await collect(analysis.pass());
    const times = await ffprobeFrameTimes(given.clip);
    assert.deepEqual(
      rows.map(({ frame, pts, driven }) => [frame, pts.toFixed(6), driven.toFixed(9)]),
      times.map((pts, frame) => [frame, pts.toFixed(6), '0.100000000']),
    );
    assert.deepEqual(
      [...analysis.columns.pts],
      rows.map(({ pts }) => pts),
    );
    assert.deepEqual(
      [...analysis.columns.of('steering')],
      rows.map(({ steering }) => steering),
    );
    assert.ok(analysis.hasEnded && analysis.shortfall === null && analysis.record.isCompared);

    const [flag] = analysis.flags(strict);
    assert.ok(flag);
    const told: number[] = [];
    const [check] = await analysis.verify({ flags: [flag], onProgress: (done) => told.push(done) });
    assert.ok(check && check.frames > 0);
    assert.equal(told.at(-1), check.frames);
  });

  it('comes by itself in the background with the same rows, a step at a time, and rings at each', async (t) => {
    const given = await drive(t);
    const taken = await open(t, given);
    await collect(taken.pass());
    const analysis = await open(t, given);
    let [steps, rings] = [0, 0];
    analysis.changed.listen(() => rings++);
    analysis.begin(async () => {
      steps++;
      assert.equal(analysis.columns.length, steps);
    });
    await untilEnded(analysis);
    assert.deepEqual([steps, rings], [FRAMES, FRAMES + 1]);
    assert.deepEqual(
      encodeColumns(analysis.columns, 0, FRAMES),
      encodeColumns(taken.columns, 0, FRAMES),
    );
  });

  it('that was made before is there at once, with the checks of its flags', async (t) => {
    const given = await drive(t);
    const kept = new KeptAnalyses();
    const first = await open(t, given, { kept });
    await collect(first.pass());
    const [flag] = first.flags(strict);
    const check = await first.checks.check(flag!, new AbortController().signal, () => {});
    const again = await open(t, given, { kept });
    assert.ok(again.hasEnded);
    assert.equal(again.columns, first.columns);
    again.begin(() => Promise.reject(new Error('Nothing is to be analysed again.')));
    assert.equal(
      await again.checks.check(flag!, new AbortController().signal, () =>
        assert.fail('It is checked again.'),
      ),
      check,
    );
  });

  it('that was made before is there at once beside another reading of the log, whose numbers it has', async (t) => {
    const given = await drive(t);
    const log = Array.from({ length: 300 }, (_, row) => `${row / 20},${row / 100},${row}`);
    const path = join(given.clip, '..', 'a.csv');
    writeFileSync(path, ['t [s],steering [rad],speed [m/s]', ...log, ''].join('\n'));
    const kept = new KeptAnalyses();
    const first = await open(t, given, { kept });
    await collect(first.pass());
    const moved = await open(t, given, { kept, log: { offset: 0.1, positive: 'right' } });
    assert.ok(moved.hasEnded);
    assert.deepEqual(moved.columns.of('steering'), first.columns.of('steering'));
    assert.deepEqual(moved.columns.of('onRoad', 1), first.columns.of('onRoad', 1));
    for (const [row, pts] of moved.columns.pts.entries()) {
      // A row each 0.05 s, 0.1 s later; nothing before the first one.
      const at = (pts - 0.1) * 20;
      const expected = at < -1e-9 ? NaN : -at / 100;
      const actual = moved.columns.of('driven')[row]!;
      assert.ok(
        Number.isNaN(expected) ? Number.isNaN(actual) : Math.abs(actual - expected) < 1e-9,
        `${pts}: ${actual} is not ${expected}`,
      );
    }
    assert.ok(
      Math.abs(moved.columns.of('speed')[20]! - (first.columns.of('speed')[20]! - 2)) < 1e-9,
    );
    const back = await open(t, given, { kept });
    assert.deepEqual(back.columns.of('driven'), first.columns.of('driven'));
  });

  it('that is running is gone on with beside another reading of the log, from the row where it is', async (t) => {
    const given = await drive(t);
    const kept = new KeptAnalyses();
    const whole = await open(t, given);
    await collect(whole.pass());
    const first = await open(t, given, { kept });
    await new Promise<void>((resolve) =>
      first.begin(async (signal) => {
        if (first.columns.length < 15) return;
        resolve();
        await once(signal, 'abort');
      }),
    );
    const turned = await open(t, given, { kept, log: { positive: 'right' } });
    assert.equal(turned.columns.length, 15);
    assert.equal(turned.hasEnded, false);
    const rows = await collect(turned.pass());
    assert.deepEqual(
      rows.map(({ frame }) => frame),
      Array.from({ length: FRAMES - 15 }, (_, i) => 15 + i),
    );
    assert.equal(turned.shortfall, null);
    assert.deepEqual(turned.columns.pts, whole.columns.pts);
    for (const measure of ['steering', 'onRoad'])
      assert.deepEqual(turned.columns.of(measure, 0), whole.columns.of(measure, 0));
    assert.deepEqual(
      turned.columns.of('driven'),
      whole.columns.of('driven').map((value) => -value),
    );
    assert.ok((await open(t, given, { kept })).hasEnded);
  });

  it('of a file that breaks off has the rows that there are, says why, and is not kept', async (t) => {
    const given = await drive(t);
    const cut = join(given.clip, '..', 'cut.mkv');
    await makeNumberedClip(cut, { frames: 300 });
    const kept = new KeptAnalyses();
    const analysis = await open(t, { ...given, clip: cut }, { kept });
    truncateSync(cut, statSync(cut).size / 2);
    analysis.begin(async () => {});
    await untilEnded(analysis);
    const { length } = analysis.columns;
    assert.ok(length > 0 && length < 300, `${length} rows`);
    assert.equal(analysis.shortfall?.code, 'VIDEO_INCOMPLETE');
    assert.deepEqual(
      analysis.problems.map(({ code }) => code),
      ['VIDEO_INCOMPLETE'],
    );
    assert.equal((await open(t, { ...given, clip: cut }, { kept })).hasEnded, false);
  });

  it('with a log that cannot be read is opened all the same, or not, as whoever opens it wants', async (t) => {
    const given = await drive(t);
    writeFileSync(join(given.clip, '..', 'a.csv'), 'no,numbers\nat,all\n');
    const { problems, record } = await open(t, given);
    assert.deepEqual(
      [problems.map(({ code }) => code), record.isCompared],
      [['LOG_INVALID'], false],
    );
    await assert.rejects(open(t, given, { needsLog: true }), { code: 'LOG_INVALID' });
  });
});
