import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proposeOffset, type Curve } from '../../server/analysis/offset-proposal.ts';

const SECONDS = 60;

/** −1…1, the same for a number every time, and as if by chance. */
function chance(number: number): number {
  return 2 * (Math.abs(Math.sin(number * 12.9898) * 43758.5453) % 1) - 1;
}

/** Bends of a road, radians: another one every 1.7 s, and smooth between them. */
function road(time: number): number {
  const bend = Math.floor(time / 1.7);
  const share = (1 - Math.cos(Math.PI * (time / 1.7 - bend))) / 2;
  return 0.4 * (chance(bend) * (1 - share) + chance(bend + 1) * share);
}

/** The same numbers every time, −1…1. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function curve(rate: number, valueAt: (time: number) => number, seconds = SECONDS): Curve {
  const times = Float64Array.from({ length: seconds * rate }, (_, i) => i / rate);
  return { times, values: times.map(valueAt) };
}

const wish = curve(25, road);
/** A log that must be moved by `offset` to fit. */
const moved = (offset: number, valueAt = road): Curve =>
  curve(100, (time) => valueAt(time + offset));

function assertFound(log: Curve, offset: number, flip: boolean, within = 0.02, of = wish): void {
  const { proposal, reason } = proposeOffset(of, log);
  assert.ok(proposal, reason ?? '');
  assert.ok(Math.abs(proposal.offset - offset) <= within, `${proposal.offset} is not ${offset}`);
  assert.equal(proposal.flip, flip);
}

for (const offset of [0, 0.08, -0.4, 2.35, -9.1])
  test(`an offset of ${offset} s is found`, () => assertFound(moved(offset), offset, false));

test('a log whose sign is wrong is to be flipped, whatever its unit and its zero', () => {
  assertFound(
    moved(1.2, (time) => 4 - 57 * 16 * road(time)),
    1.2,
    true,
  );
});

test('noise on both, a zero that drifts and single jerks do not mislead', () => {
  const random = noise(7);
  const noisy = curve(25, (time) => road(time) + 0.08 * random());
  const log = moved(-0.75, (time) => road(time) + 0.05 * random() + 0.02 * time);
  log.values[3000] = 40;
  assertFound(log, -0.75, false, 0.05, noisy);
});

test('gaps are left out, and never bridged', () => {
  const holes = (time: number): boolean => time % 20 > 12 || (time > 31 && time < 36);
  const log = moved(0.5);
  const kept = [...log.times.keys()].filter((i) => !holes(log.times[i]!));
  // Bridged, they would be the largest movement of all.
  const broken = {
    times: Float64Array.from(kept, (i) => log.times[i]!),
    values: Float64Array.from(kept, (i) => log.values[i]! + 3 * Math.floor(log.times[i]! / 20)),
  };
  assertFound(broken, 0.5, false);
  const unknown = { ...wish, values: wish.values.map((v, i) => (i % 500 < 150 ? NaN : v)) };
  assertFound(log, 0.5, false, 0.02, unknown);
});

test('a log of the first half of the drive is enough, and one of the second', () => {
  for (const isThere of [(time: number) => time < 28, (time: number) => time > 32])
    assertFound(
      moved(2.5, (time) => (isThere(time) ? road(time) : NaN)),
      2.5,
      false,
    );
});

function reasonFor(log: Curve, of = wish): string {
  const { proposal, reason } = proposeOffset(of, log);
  assert.equal(proposal, null);
  return reason!;
}

test('nothing is proposed where several offsets fit as well', () => {
  const slalom = (time: number): number => Math.sin(time * 1.5);
  assert.match(
    reasonFor(moved(0.3, slalom), curve(25, slalom)),
    /^No offset is proposed: several fit nearly as well\.$/,
  );
});

test('nothing is proposed for curves that have nothing in common, or do not turn', () => {
  const random = noise(3);
  let wandering = 0;
  const other = curve(100, () => (wandering += 0.01 * random()));
  assert.match(reasonFor(other), /too little in common/);
  assert.match(reasonFor(moved(0, () => 0.1)), /one of the curves does not turn/);
  assert.match(reasonFor(curve(100, road, 5), curve(25, road, 5)), /less than 10 s/);
  assert.match(
    reasonFor({ times: new Float64Array(), values: new Float64Array() }),
    /does not turn/,
  );
});

test('nothing is proposed where the clocks run apart, and that is said', () => {
  const log = curve(100, (time) => road(time * 1.02));
  assert.match(
    reasonFor(log),
    /first half .* at [−+]0\.\d+ s and the second at [−+]0\.\d+ s: the clocks run apart/,
  );
});

test('what the correlation is now is told beside what it would be', () => {
  const { proposal } = proposeOffset(wish, moved(2));
  assert.ok(proposal!.correlation > 0.99);
  assert.ok(proposal!.now < 0.5);
});

test('an offset of a drive of three hours is found as exactly', () => {
  const rate = 10;
  const long = 3 * 3600;
  const log = curve(rate, (time) => road(time + 0.65), long);
  assertFound(log, 0.65, false, 0.02, curve(rate, road, long));
});
