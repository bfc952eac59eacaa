import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logFromSeries, type SteeringSeries } from '../../server/drive/log/series.ts';

const times = Float64Array.of(0, 0.1, 0.2);
const wheel: SteeringSeries = {
  name: 'carState.steeringAngleDeg',
  kind: 'wheel',
  unit: 'deg',
  positive: 'left',
  times,
  values: Float64Array.of(90, -45, 0),
};
const tyre: SteeringSeries = {
  name: '/ackermann.steering_angle',
  kind: 'tyre',
  unit: 'rad',
  positive: 'right',
  times: Float64Array.of(0, 0.05),
  values: Float64Array.of(0.25, -0.5),
};
const none = { file: 'drive', steering: [], speed: null, others: [] };

describe('a log out of series', () => {
  it('turns degrees into radians, and right into left', () => {
    const degrees = logFromSeries({ ...none, steering: [wheel] });
    assert.deepEqual([...degrees.times], [0, 0.1, 0.2]);
    assert.ok(Math.abs(degrees.steering![0]! - Math.PI / 2) < 1e-12);
    assert.ok(Math.abs(degrees.steering![1]! + Math.PI / 4) < 1e-12);
    const right = logFromSeries({ ...none, steering: [tyre] });
    assert.deepEqual([...right.steering!], [-0.25, 0.5]);
    assert.equal(right.normalized, null);
  });

  it('takes the first that could be the steering, says so, and keeps the others', () => {
    const log = logFromSeries({ ...none, steering: [wheel, tyre] });
    assert.deepEqual(
      log.extra.map(({ name }) => name),
      ['/ackermann.steering_angle'],
    );
    assert.deepEqual(log.assumptions, [
      'drive: steering is "carState.steeringAngleDeg", the angle of the steering wheel in deg, positive to the left.',
      'drive: "/ackermann.steering_angle" could be the steering too; --log-column chooses another.',
    ]);
  });

  it('takes the one that was chosen, at its own times', () => {
    const log = logFromSeries(
      { ...none, steering: [wheel, tyre] },
      { column: '/Ackermann.Steering_angle' },
    );
    assert.deepEqual([...log.times], [0, 0.05]);
    assert.equal(log.steering![1], 0.5);
    assert.throws(
      () => logFromSeries({ ...none, steering: [wheel] }, { column: 'wheel' }),
      (error: Error & { code: string }) =>
        error.code === 'LOG_INVALID' && error.message.includes('"carState.steeringAngleDeg"'),
    );
  });

  it('asks for the unit of a chosen series that has none, and takes what is said', () => {
    const other = { name: 'x', unit: null, times, values: Float64Array.of(1, 2, 3) };
    const asked = logFromSeries({ ...none, others: [other] }, { column: 'x' });
    assert.equal(asked.steering, null);
    assert.match(asked.question!, /unit of "x"/);
    assert.equal(asked.extra.length, 1);
    const said = logFromSeries(
      { ...none, others: [other] },
      { column: 'x', unit: 'deg', positive: 'right' },
    );
    assert.ok(Math.abs(said.steering![1]! + (2 * Math.PI) / 180) < 1e-12);
    assert.equal(said.question, null);
    assert.equal(said.extra.length, 0);
  });

  it('gives a share of full lock, and the angle where the format fixes it', () => {
    const share: SteeringSeries = {
      ...wheel,
      kind: 'normalized',
      unit: 'normalized',
      positive: 'right',
      values: Float64Array.of(1, -0.5, NaN),
    };
    const plain = logFromSeries({ ...none, steering: [share] });
    assert.deepEqual([...plain.normalized!], [-1, 0.5, NaN]);
    assert.equal(plain.steering, null);
    const fixed = logFromSeries({ ...none, steering: [{ ...share, fullLockDegrees: 25 }] });
    assert.ok(Math.abs(fixed.steering![0]! + (25 * Math.PI) / 180) < 1e-12);
  });

  it('keeps a curvature under its own name, positive to the left', () => {
    const path: SteeringSeries = { ...tyre, kind: 'curvature', unit: '1/m' };
    const log = logFromSeries({ ...none, steering: [path] });
    assert.equal(log.steering, null);
    const curvature = log.extra.find(({ name }) => name === 'curvature')!;
    assert.deepEqual([...curvature.values], [-0.25, 0.5]);
    assert.deepEqual([...curvature.times!], [0, 0.05]);
  });

  it('keeps the times of the speed apart from those of the steering', () => {
    const speed = {
      name: 'v',
      unit: 'mph',
      times: Float64Array.of(0.5, 1),
      values: Float64Array.of(10, 20),
    };
    const log = logFromSeries({ ...none, steering: [wheel], speed });
    assert.deepEqual([...log.speedTimes!], [0.5, 1]);
    assert.ok(Math.abs(log.speed![1]! - 8.9408) < 1e-9);
  });

  it('moves all times by the offset that was chosen', () => {
    const log = logFromSeries({ ...none, steering: [wheel], others: [tyre] }, { offset: 2 });
    assert.deepEqual([...log.times], [2, 2.1, 2.2]);
    assert.deepEqual([...log.extra[0]!.times!], [2, 2.05]);
  });

  it('puts late values in order, and leaves out those behind a clock that was set back', () => {
    const late = {
      ...wheel,
      times: Float64Array.of(0, 0.2, 0.1, 0.2, NaN, 5, 1, 6),
      values: Float64Array.of(0, 2, 1, 22, 9, 5, 8, 6),
    };
    const log = logFromSeries({ ...none, steering: [{ ...late, unit: 'rad' }] });
    assert.deepEqual([...log.times], [0, 0.1, 0.2, 5, 6]);
    assert.deepEqual([...log.steering!], [0, 1, 22, 5, 6]);
    assert.match(log.assumptions.join(' '), /1 values .* come late.* 2 values .* are left out/);
  });

  it('carries whose angle it is, what was taken as it was logged, and all that could be it', () => {
    const log = logFromSeries({ ...none, steering: [wheel, tyre] }, { offset: 1 });
    assert.equal(log.angleOf, 'wheel');
    assert.deepEqual(
      [log.taken!.name, [...log.taken!.times], [...log.taken!.values], log.taken!.unit],
      ['carState.steeringAngleDeg', [1, 1.1, 1.2], [90, -45, 0], 'deg'],
    );
    assert.deepEqual(log.candidates, [
      {
        name: 'carState.steeringAngleDeg',
        kind: 'wheel',
        isCommand: false,
        unit: 'deg',
        positive: 'left',
      },
      {
        name: '/ackermann.steering_angle',
        kind: 'tyre',
        isCommand: false,
        unit: 'rad',
        positive: 'right',
      },
    ]);
    const said = logFromSeries({ ...none, steering: [wheel] }, { angleOf: 'tyre', ratio: 14 });
    assert.equal(said.angleOf, 'tyre');
    assert.deepEqual(said.ratio, { value: 14, from: 'as asked for' });
    assert.match(said.assumptions.join(), /the front tyres, as asked for, although the log calls/);
  });

  it('takes the ratio that the log tells, unless a person says another', () => {
    const ratio = { value: 15.5, from: 'which x of the log tells' };
    assert.deepEqual(logFromSeries({ ...none, steering: [wheel], ratio }).ratio, ratio);
    const said = logFromSeries({ ...none, steering: [wheel], ratio }, { ratio: 12 });
    assert.equal(said.ratio!.value, 12);
  });
});
