import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DrivingRecord } from '../../server/analysis/driving-record.ts';
import type { DriveLog } from '../../server/drive/log/drive-log.ts';
import { drivenSteering, whyNotCompared } from '../../server/pipeline/driven-steering.ts';

const log: DriveLog = {
  times: Float64Array.of(0, 0.1),
  steering: Float64Array.of(0.1, 0.2),
  speed: null,
  extra: [{ name: 'curvature', unit: '1/m', values: Float64Array.of(0.01, 0.03) }],
  assumptions: [],
};

const close = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs(actual! - expected) < 1e-12, `${actual} is not ${expected}`);

const IN_DEGREES = {
  number: { tensor: 'steering', index: 0, elements: 1, meaning: 'steering' },
  quantity: 'angle',
  unit: 'deg',
  positive: 'left',
} as const;

describe('the record of a drive', () => {
  it('has what was driven and what else was logged, at any time, by the times of each', () => {
    const speed = { speed: Float64Array.of(10, 20), speedTimes: Float64Array.of(0, 0.4) };
    const record = new DrivingRecord({ ...log, ...speed }, IN_DEGREES);
    assert.deepEqual([record.logged, record.isCompared], [['speed'], true]);
    const { driven, speed: fast } = record.at(0.1);
    close(driven, (0.2 * 180) / Math.PI);
    close(fast, 12.5);
    assert.ok(Number.isNaN(record.at(0.5).driven) && Number.isNaN(record.at(0.5).speed));
    close(new DrivingRecord({ ...log, speed: speed.speed }, IN_DEGREES).at(0.05).speed, 15);
  });

  it('has nothing of what was not logged', () => {
    for (const without of [log, null]) {
      const record = new DrivingRecord(without, IN_DEGREES);
      assert.deepEqual([record.logged, Object.keys(record.at(0))], [[], ['driven']]);
    }
  });
});

describe('drivenSteering', () => {
  it('gives an angle in the unit and sign of the network', () => {
    close(drivenSteering({ quantity: 'angle', unit: 'rad', positive: 'left' }, log)?.(0.05), 0.15);
    close(
      drivenSteering({ quantity: 'angle', unit: 'rad', positive: 'right' }, log)?.(0.05),
      -0.15,
    );
    close(
      drivenSteering({ quantity: 'angle', unit: 'deg', positive: 'right' }, log)?.(0),
      (-0.1 * 180) / Math.PI,
    );
  });

  it("holds a curvature against the log's curvature", () => {
    close(
      drivenSteering({ quantity: 'curvature', unit: '1/m', positive: 'right' }, log)?.(0.05),
      -0.02,
    );
  });

  it('holds a normalised output against a normalised log, in the sign of the network', () => {
    const normalized = { ...log, steering: null, normalized: Float64Array.of(0.5, 0.7) };
    close(
      drivenSteering({ quantity: 'normalized', unit: '1', positive: 'left' }, normalized)?.(0.05),
      0.6,
    );
    close(
      drivenSteering({ quantity: 'normalized', unit: '1', positive: 'right' }, normalized)?.(0.05),
      -0.6,
    );
    assert.equal(
      drivenSteering({ quantity: 'angle', unit: 'rad', positive: 'left' }, normalized),
      null,
    );
    assert.match(
      whyNotCompared({ quantity: 'angle', unit: 'rad', positive: 'left' }, normalized)!,
      /log gives a share of full lock and the network an angle in rad/,
    );
  });

  it('says why nothing is compared, and nothing where something is', () => {
    const question = 'What is the unit?';
    assert.equal(
      whyNotCompared(
        { quantity: 'angle', unit: 'rad', positive: 'left' },
        { ...log, steering: null, question },
      ),
      question,
    );
    assert.match(
      whyNotCompared({ quantity: 'angle', unit: 'rad', positive: null }, log)!,
      /output\.positive/,
    );
    assert.match(
      whyNotCompared({ quantity: null, unit: null, positive: null }, log)!,
      /output\.quantity/,
    );
    assert.equal(whyNotCompared({ quantity: 'angle', unit: 'rad', positive: 'left' }, log), null);
    assert.equal(whyNotCompared({ quantity: 'angle', unit: 'rad', positive: 'left' }, null), null);
  });

  it('gives nothing where the two cannot be compared', () => {
    assert.equal(
      drivenSteering({ quantity: 'normalized', unit: '1', positive: 'left' }, log),
      null,
    );
    assert.equal(drivenSteering({ quantity: 'angle', unit: 'rad', positive: null }, log), null);
    assert.equal(drivenSteering({ quantity: 'angle', unit: null, positive: 'left' }, log), null);
    assert.equal(
      drivenSteering(
        { quantity: 'curvature', unit: '1/m', positive: 'left' },
        { ...log, extra: [] },
      ),
      null,
    );
    assert.equal(
      drivenSteering(
        { quantity: 'angle', unit: 'rad', positive: 'left' },
        { ...log, steering: null },
      ),
      null,
    );
    assert.equal(drivenSteering({ quantity: 'angle', unit: 'rad', positive: 'left' }, null), null);
  });

  it('is NaN where the log says nothing', () => {
    assert.ok(
      Number.isNaN(drivenSteering({ quantity: 'angle', unit: 'rad', positive: 'left' }, log)?.(5)),
    );
  });
});
