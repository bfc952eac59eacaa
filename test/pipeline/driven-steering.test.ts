import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DrivingRecord } from '../../server/analysis/driving-record.ts';
import type { DriveLog } from '../../server/drive/log/drive-log.ts';
import {
  drivenComparison,
  drivenSteering,
  whyNotCompared,
} from '../../server/pipeline/driven-steering.ts';

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

  const ofTyres = { quantity: 'angle', unit: 'deg', positive: 'right', angleOf: 'tyre' } as const;
  const ofWheel = { quantity: 'angle', unit: 'rad', positive: 'left', angleOf: 'wheel' } as const;

  it('does not hold an angle of the wheel against one of the tyres without a ratio, and asks for it', () => {
    const wheel = { ...log, angleOf: 'wheel' } as const;
    assert.equal(drivenSteering(ofTyres, wheel), null);
    assert.equal(
      whyNotCompared(ofTyres, wheel),
      'The log gives the angle of the steering wheel and the network that of the tyres, and the steering ratio is not known, so what was driven is not compared. Say it with --log-ratio, such as 15.',
    );
    assert.equal(drivenSteering(ofWheel, { ...log, angleOf: 'tyre' }), null);
    assert.deepEqual(
      [drivenComparison(ofTyres, wheel)].map((each) => each?.of === null && each.asksForRatio),
      [true],
    );
  });

  it('makes one of the other by the steering ratio, and tells it', () => {
    const ratio = { value: 16, from: 'as asked for' };
    const wheel = { ...log, angleOf: 'wheel', ratio } as const;
    close(drivenSteering(ofTyres, wheel)?.(0), (-0.1 / 16) * (180 / Math.PI));
    close(drivenSteering(ofWheel, { ...wheel, angleOf: 'tyre' })?.(0.1), 0.2 * 16);
    close(drivenSteering(ofWheel, wheel)?.(0.1), 0.2);
    const comparison = drivenComparison(ofTyres, wheel);
    assert.ok(comparison && comparison.of !== null);
    assert.match(comparison.notes.join(), /is divided by the steering ratio 16, as asked for\.$/);
  });

  it('names a guess one where log or sidecar do not say whose angle it is', () => {
    const guesses = (
      output: typeof ofWheel | Omit<typeof ofWheel, 'angleOf'>,
      logged: DriveLog,
    ) => {
      const comparison = drivenComparison(output, logged);
      return comparison && comparison.of !== null ? comparison.notes.join() : '';
    };
    const { angleOf: _, ...ofNobody } = ofWheel;
    assert.match(
      guesses(ofWheel, log),
      /The log does not say .* guessed to be that of the steering/,
    );
    assert.match(guesses(ofNobody, log), /Neither the log nor the sidecar .* both are guessed/);
    assert.match(
      guesses(ofNobody, { ...log, angleOf: 'tyre' }),
      /sidecar .* does not say .*\(output\.angleOf\): it is guessed to be that of the tyres/,
    );
    assert.equal(guesses(ofWheel, { ...log, angleOf: 'wheel' }), '');
  });
});
