import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  analysisText,
  bytesText,
  driveFacts,
  drivesText,
  formatName,
  stripAddress,
} from '../../client/data/drive-words.ts';
import { neighbourFlag, verdictText, worstFrame, worstText } from '../../client/data/flag-words.ts';
import {
  axisTime,
  durationText,
  magnitudeText,
  percentText,
  shortTime,
  liftText,
  signedText,
  steeringText,
  timeText,
} from '../../client/data/format.ts';
import { steeringUnit } from '../../client/data/steering-unit.ts';
import { niceLimit } from '../../client/data/tracks.ts';
import type { CausalCheck, Flag } from '../../shared/flags.ts';
import type { DriveAnalysis, DriveRow } from '../../shared/protocol/catalogue-messages.ts';
import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';

const network = (
  unit: string | null,
  positive: 'left' | 'right' | null,
): OpenedMessage['network'] => ({
  id: 'n',
  name: 'n',
  crop: null,
  mask: { width: 1, height: 1 },
  methods: ['visualbackprop'],
  notes: [],
  number: { tensor: 'steering', index: 0, elements: 1, meaning: 'steering' },
  quantity: null,
  unit,
  positive,
});

test('times are m:ss.mmm and carry over', () => {
  assert.equal(timeText(0), '0:00.000');
  assert.equal(timeText(12.433), '0:12.433');
  assert.equal(timeText(59.9996), '1:00.000');
  assert.equal(timeText(3725.5), '1:02:05.500');
  assert.equal(shortTime(31.04), '0:31.0');
  assert.equal(axisTime(75, 5), '1:15');
  assert.equal(axisTime(75.25, 0.05), '1:15.25');
  assert.equal(durationText(1.44), '1.4 s');
  assert.equal(durationText(9.99), '10 s');
  assert.equal(durationText(59.7), '1:00');
  assert.equal(durationText(92), '1:32');
});

test('radians are shown in degrees, with a side where the sign is known', () => {
  const unit = steeringUnit(network('rad', 'left'));
  assert.equal(steeringText(0.2 * unit.factor, unit), '11.5° left');
  assert.equal(steeringText(-0.2 * unit.factor, unit), '11.5° right');
  assert.equal(steeringText(0.0001 * unit.factor, unit), '0.0°');
  assert.equal(steeringText(3, steeringUnit(network('deg', 'right'))), '3.0° right');
});

test('without a known sign no side is named', () => {
  const unit = steeringUnit(network('1/m', null));
  assert.equal(steeringText(-0.00123, unit), '−0.0012 1/m');
  assert.equal(steeringText(0.5, steeringUnit(network(null, null))), '+0.500');
  assert.equal(magnitudeText(-0.5, unit), '0.5000 1/m');
});

test('what is not there is a dash', () => {
  assert.equal(steeringText(NaN, steeringUnit(network('deg', 'left'))), '–');
  assert.equal(percentText(NaN), '–');
  assert.equal(percentText(67.6), '68 %');
  assert.deepEqual([NaN, 2.345, 0].map(liftText), ['–', '2.35', '0.00']);
});

test('a signed number has a true minus, and none in front of zero', () => {
  assert.deepEqual(
    [-1.26, 1.26, -0.04, 0, -0.05].map((value) => signedText(value, 1)),
    ['−1.3', '1.3', '0.0', '0.0', '−0.1'],
  );
});

test('axes end on round numbers', () => {
  assert.deepEqual(
    [0, 0.7, 1, 12, 23.4, 31, 0.0021, 0.12].map(niceLimit),
    [1, 0.8, 1, 15, 30, 40, 0.003, 0.15],
  );
});

test('next and previous flag go by their worst frames; the worst frame ignores what is not known', () => {
  const flag = (worst: number): Flag => ({
    kind: 'off-road',
    startPts: 0,
    endPts: 0,
    startFrame: worst - 2,
    endFrame: worst + 2,
    worstFrame: worst,
    worstPts: 0,
    worst: 0,
    severity: 0,
  });
  const flags = [flag(10), flag(40), flag(70)];
  assert.equal(neighbourFlag(flags, 10, 1)?.worstFrame, 40);
  assert.equal(neighbourFlag(flags, 40, -1)?.worstFrame, 10);
  assert.equal(neighbourFlag(flags, 70, 1), undefined);
  assert.equal(worstFrame(Float32Array.of(NaN, 30, 20, NaN, 25)), 2);
  assert.equal(worstFrame(Float32Array.of(NaN)), undefined);
});

test('a causal check is one sentence with its numbers', () => {
  const check: CausalCheck = {
    fill: 'inpaint',
    region: { x: 0, y: 0, width: 1, height: 1 },
    change: -14.4 / (180 / Math.PI),
    changeDegrees: -14.4,
    control: 0.6 / (180 / Math.PI),
    isConfirmed: true,
    movedFrames: 4,
    threshold: 2 / (180 / Math.PI),
    frames: 5,
  };
  const unit = steeringUnit(network('rad', 'left'));
  assert.equal(
    verdictText(check, unit),
    'Without it: 14.4° to the right. Confirmed on 4 of 5 frames (limit 2.0°; the same cover elsewhere: 0.6°).',
  );
  assert.equal(
    verdictText(
      {
        ...check,
        change: 0.0004,
        control: null,
        isConfirmed: false,
        movedFrames: 0,
        frames: 1,
        threshold: 0.001,
      },
      steeringUnit(network('1/m', null)),
    ),
    'Without it: +0.0004 1/m. Not confirmed (limit 0.0010 1/m; the same cover fits nowhere else).',
  );
});

test('the worst value of a flag is told in the words and the unit of its kind', () => {
  const flag = (kind: Flag['kind'], worst: number): Flag => ({
    kind,
    worst,
    startPts: 0,
    endPts: 0,
    startFrame: 0,
    endFrame: 0,
    worstFrame: 0,
    worstPts: 0,
    severity: 0,
  });
  const unit = steeringUnit(network('rad', 'left'));
  assert.equal(worstText(flag('off-road', 0.214), 'share', unit), 'down to 21 %');
  assert.equal(worstText(flag('off-road', 0.214), 'lift', unit), 'lift down to 0.21');
  assert.equal(worstText(flag('steers-wrong', 20.06), 'share', unit), 'up to 20.1°');
  assert.equal(worstText(flag('disagreement', -0.12), 'share', unit), 'down to −0.12');
  assert.equal(worstText(flag('dead', 0), 'share', unit), 'nothing to see');
});

test('a drive is told in a line: how long, how many cameras, which signals', () => {
  type Details = NonNullable<DriveRow['details']>;
  const facts = (details: Partial<Details> | null, error: DriveRow['error'] = null) =>
    driveFacts({
      details: details && {
        ...{ durationSeconds: 45, cameras: ['front'], signals: [], hasLog: false },
        ...details,
      },
      error,
    } as DriveRow);
  assert.equal(facts({}), '45 s · no log');
  assert.equal(
    facts({ cameras: ['left', 'right'], signals: ['steering', 'speed'], hasLog: true }),
    '45 s · 2 cameras · steering, speed',
  );
  assert.equal(facts({ durationSeconds: null, hasLog: true }), 'length not known · with a log');
  assert.equal(facts({ signals: ['a', 'b', 'c'] }), '45 s · a, b, c');
  assert.equal(facts({ signals: ['a', 'b', 'c', 'd', 'e'] }), '45 s · a, b, c and 2 more');
  assert.equal(facts(null), 'being looked into …');
  assert.equal(
    facts({}, { code: 'VIDEO_UNREADABLE', message: 'It is broken.', hint: '' }),
    'It is broken.',
  );
});

test('what an analysis found is told in a line', () => {
  const text = (change: Partial<DriveAnalysis>) =>
    analysisText({ network: 'net', flags: 0, worst: null, isWhole: true, ...change });
  assert.equal(text({}), 'net: no flags');
  assert.equal(text({ isWhole: false }), 'net: no flags (of a part)');
  assert.equal(text({ flags: 1 }), 'net: 1 flag');
  assert.equal(
    text({ flags: 3, worst: { kind: 'off-road', severity: 1 }, isWhole: false }),
    'net: 3 flags, worst: off road (of a part)',
  );
});

test('drives are counted, formats named, and sizes told in the unit that fits', () => {
  assert.deepEqual([0, 1, 10_000].map(drivesText), ['0 drives', '1 drive', '10,000 drives']);
  assert.deepEqual(
    ['a Donkeycar tub', 'an MCAP file', 'the pictures', 'another thing'].map(formatName),
    ['Donkeycar tub', 'MCAP file', 'Pictures', 'Another thing'],
  );
  assert.deepEqual([1, 999_001, 1e6, 20.4e6, 999e6, 1e9, 1.44e9].map(bytesText), [
    '1 kB',
    '1000 kB',
    '1 MB',
    '20 MB',
    '999 MB',
    '1.0 GB',
    '1.4 GB',
  ]);
  assert.equal(stripAddress('a b/c.mp4', 17), 'api/strip?drive=a+b%2Fc.mp4&of=17');
});
