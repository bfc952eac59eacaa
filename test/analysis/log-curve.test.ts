import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curveOnWire } from '../../server/analysis/log-curve.ts';
import { fitOfLog, isNoticed, proposalInWords } from '../../server/analysis/log-fit.ts';
import type { TakenSteering } from '../../server/drive/log/drive-log.ts';
import type { NetworkDescription } from '../../server/pipeline/stream-explainer.ts';
import { MeasureColumns } from '../../server/results/measure-columns.ts';

test('a curve travels with null in its gaps and at empty cells', () => {
  const { times, values } = curveOnWire(
    Float64Array.of(0, 0.1, 0.6, 1.2, 1.3),
    Float64Array.of(1, NaN, 2, 3, 4),
  );
  // 0.1 to 0.6 is no gap; 0.6 to 1.2 is one.
  assert.deepEqual(times, [0, 0.1, 0.6, 0.9, 1.2, 1.3]);
  assert.deepEqual(values, [1, null, 2, null, 3, 4]);
});

test('of very many points the smallest and the largest of neighbours stay, in their order', () => {
  const times = Float64Array.from({ length: 1000 }, (_, i) => i / 100);
  const wave = times.map((_, i) => (i === 503 ? 9 : i === 507 ? -9 : Math.sin(i)));
  const { times: kept, values } = curveOnWire(times, wave, 200);
  assert.ok(kept.length <= 200, `${kept.length}`);
  assert.deepEqual([kept[values.indexOf(9)], kept[values.indexOf(-9)]], [5.03, 5.07]);
  assert.ok(kept.every((time, i) => i === 0 || time > kept[i - 1]!));
});

const rate = 20;
const bend = (time: number): number =>
  Math.sin(time * 0.7 + 3 * Math.sin(time * 0.13) + time ** 1.5 / 90);
const rows = new MeasureColumns(['visualbackprop']);
for (let i = 0; i < 60 * rate; i++) {
  const score = {
    onRoad: null,
    lift: null,
    peakOnRoad: null,
    mass: 1,
    offRoadX: null,
    offRoadY: null,
  };
  rows.push({
    pts: i / rate,
    steering: bend(i / rate),
    driven: NaN,
    scores: [score],
    agreement: null,
  });
}
const output = {
  number: { meaning: 'steering' },
  positive: 'left',
} as NetworkDescription['output'];
const taken = (valueAt: (time: number) => number): TakenSteering => {
  const times = Float64Array.from({ length: 60 * rate }, (_, i) => i / rate);
  const signal = {
    name: 'x',
    kind: 'angle',
    isCommand: false,
    unit: 'rad',
    positive: 'left',
  } as const;
  return { ...signal, times, values: times.map(valueAt) };
};

test('a proposed offset has what was said before in it, and a flip counts from the side that is taken', () => {
  const late = taken((time) => bend(time - 0.4));
  const said = { offset: 1 };
  const { proposal } = fitOfLog(rows, output, late, said);
  assert.ok(Math.abs(proposal!.offset - 0.6) < 0.02, `${proposal!.offset}`);
  assert.deepEqual([proposal!.flip, isNoticed(proposal!, said)], [false, true]);
  assert.match(
    proposalInWords(proposal!, said),
    /^the log goes best with the network moved by 0\.[56]\d* s in all \(correlation 1\.00 instead of 0\.\d+\)\. Nothing was changed; --log-offset 0\.[56]\d* would do it\.$/,
  );
  const right = fitOfLog(rows, output, late, { positive: 'right' }).proposal!;
  assert.equal(right.flip, true);
  assert.match(proposalInWords(right, {}), /with its sign turned round .* --log-positive/);
  const ofNoSide = { ...output, positive: null };
  assert.equal(fitOfLog(rows, ofNoSide, late, { positive: 'right' }).proposal!.flip, false);
});

test('what fits already is not to be noticed, and a probability is no steering', () => {
  const { proposal } = fitOfLog(rows, output, taken(bend), {});
  assert.equal(isNoticed(proposal!, {}), false);
  const number = { meaning: 'probability' } as NetworkDescription['output']['number'];
  assert.match(fitOfLog(rows, { ...output, number }, taken(bend), {}).reason!, /gives no steering/);
});
