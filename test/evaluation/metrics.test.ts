import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pictureGrid } from '../../server/explain/iterative/picture-grid.ts';
import { FILLS, type Fill } from '../../server/evaluation/fills.ts';
import { chosenFrames, framesPerDrive } from '../../server/evaluation/frame-choice.ts';
import { localisation } from '../../server/evaluation/localisation.ts';
import { measureMap, shiftSlope } from '../../server/evaluation/map-measures.ts';
import { randomisationSteps } from '../../server/evaluation/method-maps.ts';
import { noisyLinear } from '../../server/evaluation/noisy-linear.ts';
import { brightness, nullMaps } from '../../server/evaluation/null-maps.ts';
import type { Predict } from '../../server/evaluation/predict.ts';
import { histogramEntropy, randomisation } from '../../server/evaluation/randomisation.ts';
import { ranksOf, spearman } from '../../server/evaluation/ranks.ts';
import { relevancePlane } from '../../server/evaluation/relevance-plane.ts';
import {
  partOfWhole,
  salientClass,
  shiftedPictures,
  shiftsOf,
  slopeOf,
} from '../../server/evaluation/shift-experiment.ts';
import { disturbedPictures, maxSensitivity, RADIUS } from '../../server/evaluation/stability.ts';
import {
  flipCurves,
  FRACTIONS,
  fromMostRelevant,
  symmetricGain,
} from '../../server/evaluation/symmetric-relevance-gain.ts';
import { repositoryRoot } from '../support/paths.ts';

interface Reference {
  readonly imputed: Readonly<Record<'scattered' | 'block' | 'corner', readonly number[]>>;
  readonly flipped: Readonly<Record<'most' | 'least', readonly number[]>>;
  readonly randomised: {
    readonly similarity: readonly number[];
    readonly entropy: number;
    readonly entropyRise: number;
  };
  readonly localised: { readonly mass: number; readonly rank: number };
  readonly sensitivity: number;
}

/** What Quantus and pytorch-grad-cam say; the cases are made as in `fixtures/reference.py`. */
const reference = JSON.parse(
  readFileSync(join(repositoryRoot, 'test/evaluation/fixtures/reference.json'), 'utf8'),
) as Reference;

const [HEIGHT, WIDTH] = [8, 10];
const PIXELS = HEIGHT * WIDTH;

function numbers(seed: number, count = PIXELS): Float64Array {
  return Float64Array.from(
    { length: count },
    (_, index) => ((index * 7919 + seed * 104729) % 10007) / 10007,
  );
}

function gridOf(
  channels: number,
  layout: 'NCHW' | 'NHWC' = 'NCHW',
  height = HEIGHT,
  width = WIDTH,
) {
  return pictureGrid({ layout, channels, height, width });
}

const MASKS = {
  scattered: Uint8Array.from(numbers(2), (value) => (value < 0.5 ? 1 : 0)),
  block: places((y, x) => y >= 2 && y < 7 && x >= 3 && x < 8),
  corner: places((y, x) => y < 4 && x < 6),
};

function places(isInside: (y: number, x: number) => boolean, height = HEIGHT, width = WIDTH) {
  return Uint8Array.from({ length: height * width }, (_, place) =>
    isInside(Math.floor(place / width), place % width) ? 1 : 0,
  );
}

function assertNear(found: ArrayLike<number>, wanted: ArrayLike<number>, within: number): void {
  assert.equal(found.length, wanted.length);
  for (let index = 0; index < found.length; index++)
    assert.ok(
      Math.abs(found[index]! - wanted[index]!) <= within,
      `${index}: ${found[index]} is not ${wanted[index]}`,
    );
}

/** The equations of ROAD, written out in full and eliminated. */
function slowImputation(values: ArrayLike<number>, mask: Uint8Array): number[] {
  const missing = [...mask.keys()].filter((place) => mask[place] === 1);
  const rows = missing.map((place) => {
    const row = new Array<number>(missing.length + 1).fill(0);
    const own = missing.indexOf(place);
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        const [y, x] = [Math.floor(place / WIDTH) + dy, (place % WIDTH) + dx];
        if ((dy === 0 && dx === 0) || y < 0 || x < 0 || y >= HEIGHT || x >= WIDTH) continue;
        const weight = dy === 0 || dx === 0 ? 1 / 6 : 1 / 12;
        const neighbour = missing.indexOf(y * WIDTH + x);
        row[own]! += weight;
        if (neighbour >= 0) row[neighbour]! -= weight;
        else row[missing.length]! += weight * values[y * WIDTH + x]!;
      }
    }
    return row;
  });
  for (let pivot = 0; pivot < rows.length; pivot++) {
    for (const row of rows) {
      if (row === rows[pivot]) continue;
      const factor = row[pivot]! / rows[pivot]![pivot]!;
      row.forEach((value, index) => (row[index] = value - factor * rows[pivot]![index]!));
    }
  }
  return rows.map((row, index) => row.at(-1)! / row[index]!);
}

test('ROAD’s filling solves its equations, and is that of Quantus and pytorch-grad-cam', () => {
  for (const layout of ['NCHW', 'NHWC'] as const) {
    const grid = gridOf(3, layout);
    const planes = numbers(1, 3 * PIXELS);
    const picture = new Float32Array(3 * PIXELS);
    for (let channel = 0; channel < 3; channel++)
      for (let place = 0; place < PIXELS; place++)
        picture[channel * grid.plane + place * grid.step] = planes[channel * PIXELS + place]!;
    for (const [name, wide] of Object.entries(MASKS)) {
      const mask = wide;
      const filled = noisyLinear({ picture, grid, missing: mask, noise: 0, tolerance: 1e-9 });
      const found = [0, 1, 2].map((channel) =>
        Array.from(
          { length: PIXELS },
          (_, place) => filled[channel * grid.plane + place * grid.step]!,
        ),
      );
      const missing = found.map((values) => values.filter((_, place) => mask[place] === 1));
      assertNear(missing.flat(), reference.imputed[name as keyof typeof MASKS], 2e-6);
      missing.forEach((values, channel) =>
        assertNear(
          values,
          slowImputation(planes.subarray(channel * PIXELS, (channel + 1) * PIXELS), mask),
          2e-6,
        ),
      );
      found.forEach((values, channel) =>
        values.forEach((value, place) => {
          if (mask[place] === 0)
            assert.equal(value, Math.fround(planes[channel * PIXELS + place]!));
        }),
      );
    }
  }
});

test('ROAD’s noise has a hundredth of the picture’s deviation, and the usual tolerance hardly shows', () => {
  const [height, width] = [40, 60];
  const grid = gridOf(1, 'NCHW', height, width);
  const picture = Float32Array.from(
    { length: height * width },
    (_, place) => 100 + 50 * Math.sin(place / 7) + 30 * Math.cos(place / 500),
  );
  const missing = places((y, x) => y > 4 && y < 36 && x > 5 && x < 50, height, width);
  const exact = noisyLinear({ picture, grid, missing, noise: 0, tolerance: 1e-9 });
  const offBy = (other: Float32Array) =>
    [...missing.keys()]
      .filter((place) => missing[place] === 1)
      .map((place) => other[place]! - exact[place]!);
  const deviation = rootMeanSquare(picture.map((value) => value - average(picture)));
  const usual = offBy(noisyLinear({ picture, grid, missing, noise: 0 }));
  assert.ok(rootMeanSquare(usual) < 0.01 * deviation);
  const noisy = offBy(noisyLinear({ picture, grid, missing, tolerance: 1e-9, seed: 3 }));
  assert.ok(Math.abs(rootMeanSquare(noisy) / deviation - 0.01) < 0.001);
});

function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

function rootMeanSquare(values: ArrayLike<number>): number {
  return Math.sqrt(average(Array.from(values, (value) => value * value)));
}

/** The network of the reference: tanh of four weighted sums, added up. */
const curved: Predict = (pictures) => {
  const weights = numbers(3, 4 * PIXELS).map((value) => value - 0.5);
  return answersOf(pictures, (picture) =>
    [0, 1, 2, 3].reduce(
      (sum, row) =>
        sum +
        Math.tanh(picture.reduce((all, value, at) => all + value * weights[row * PIXELS + at]!, 0)),
      0,
    ),
  );
};

function answersOf(
  pictures: readonly Float32Array[],
  answer: (picture: Float32Array) => number,
): Promise<Float64Array> {
  return Promise.resolve(Float64Array.from(pictures, answer));
}

async function answerTo(predict: Predict, picture: Float32Array): Promise<number> {
  return (await predict([picture]))[0]!;
}

test('flipping goes through the same pictures as Quantus, and the gain is the area between both curves', async () => {
  const grid = gridOf(1);
  const picture = Float32Array.from(numbers(1));
  const plane = Float32Array.from(numbers(4));
  const answer = await answerTo(curved, picture);
  const curves = await flipCurves(curved, { picture, grid, plane, fill: 'mean', seed: 1, answer });
  // Quantus flips 4 of the 80 pixels a step.
  const steps = FRACTIONS.map((fraction) => Math.round(20 * fraction) - 1);
  const wanted = (order: 'most' | 'least') =>
    steps.map((step) => Math.abs(reference.flipped[order][step]! - answer));
  assertNear(curves.most, wanted('most'), 1e-5);
  assertNear(curves.least, wanted('least'), 1e-5);

  // The area by many thin slices instead of trapezoids.
  const ends = [0, ...FRACTIONS, 1];
  const height = (values: readonly number[], part: number) => {
    const at = Math.min(
      ends.length - 2,
      ends.findLastIndex((end) => end <= part),
    );
    const share = (part - ends[at]!) / (ends[at + 1]! - ends[at]!);
    return values[at]! * (1 - share) + values[at + 1]! * share;
  };
  const slices = 20_000;
  const [most, least] = [wanted('most'), wanted('least')].map((values) => [0, ...values, 0]);
  const area = average(
    Array.from({ length: slices }, (_, slice) => (slice + 0.5) / slices).map(
      (part) => height(most!, part) - height(least!, part),
    ),
  );
  assert.ok(Math.abs(area) > 0.01);
  assert.ok(Math.abs(symmetricGain(curves) - area) < 1e-4);
});

test('correlation and entropy of random networks are those of Quantus, ties included', () => {
  const original = numbers(5).map((value) => Math.max(0, value - 0.4));
  const steps = [
    original.map((value, at) => 0.7 * value + 0.3 * numbers(6)[at]!),
    numbers(7).map((value) => value * value),
  ];
  const found = randomisation({
    original: Float32Array.from(original),
    steps: steps.map((step) => Float32Array.from(step)),
  });
  assertNear(found.similarity, reference.randomised.similarity, 1e-6);
  assert.ok(Math.abs(histogramEntropy(original) - reference.randomised.entropy) < 1e-9);
  assert.ok(Math.abs(found.entropyRise - reference.randomised.entropyRise) < 1e-6);

  // Ranks by counting, correlation by covariance.
  const slowRanks = (values: Float64Array) =>
    values.map((value) => {
      const below = values.filter((other) => other < value).length;
      return below + (values.filter((other) => other === value).length + 1) / 2;
    });
  assert.deepEqual(ranksOf(original), slowRanks(original));
  const [a, b] = [slowRanks(original), slowRanks(steps[1]!)];
  const covariance = (x: Float64Array, y: Float64Array) =>
    average(x.map((value, at) => (value - average(x)) * (y[at]! - average(y))));
  const slow = covariance(a, b) / Math.sqrt(covariance(a, a) * covariance(b, b));
  assert.ok(Math.abs(spearman(original, steps[1]!) - slow) < 1e-12);
  assert.equal(
    randomisation({ original: new Float32Array(4).fill(1), steps: [new Float32Array(4)] })
      .similarity[0],
    0,
  );
});

test('mass, rank and sensitivity are those of Quantus; an empty map has none', () => {
  const plane = Float32Array.from(numbers(8));
  const found = localisation(plane, MASKS.block);
  assert.ok(Math.abs(found.mass! - reference.localised.mass) < 1e-6);
  assert.ok(Math.abs(found.rank! - reference.localised.rank) < 1e-6);
  assert.deepEqual(localisation(new Float32Array(PIXELS), MASKS.block), { mass: null, rank: null });
  const of = numbers(9);
  const disturbed = [10, 11, 12].map((seed) =>
    Float32Array.from(of, (value, at) => value + 0.1 * (numbers(seed)[at]! - 0.5)),
  );
  assert.ok(
    Math.abs(maxSensitivity(Float32Array.from(of), disturbed) - reference.sensitivity) < 1e-6,
  );
});

test('pictures are disturbed by no more than two per cent of what they span, and within it', () => {
  const picture = Float32Array.from(numbers(1), (value) => 20 + 200 * value);
  const [low, high] = [Math.min(...picture), Math.max(...picture)];
  for (const disturbed of disturbedPictures(picture, 4)) {
    const moved = disturbed.map((value, at) => Math.abs(value - picture[at]!));
    const most = Math.max(...moved) / (high - low);
    assert.ok(most <= RADIUS + 1e-6 && most > 0.9 * RADIUS);
    assert.ok(Math.min(...disturbed) >= low && Math.max(...disturbed) <= high);
  }
});

/** Columns of a picture of one row, shifted by 2; what is filled comes from its neighbours. */
test('class 1 moves over what stays, class 2 under it, and what is uncovered is filled', () => {
  const grid = gridOf(1, 'NCHW', 1, 50);
  const by = shiftsOf(grid).at(-1)!;
  assert.deepEqual(shiftsOf(grid), [-3, -2, -1, 1, 2, 3]);
  const picture = Float32Array.from({ length: 50 }, (_, x) => (x === 20 || x === 21 ? 100 + x : x));
  const salient = Uint8Array.from({ length: 50 }, (_, x) => (x === 20 || x === 21 ? 1 : 0));
  const last = (which: 'salient' | 'rest' | 'whole') =>
    shiftedPictures({ picture, grid, salient, which }).at(-1)!;
  const moved = last('salient');
  assert.deepEqual([moved[20 + by], moved[21 + by], moved[19], moved[22]], [120, 121, 19, 22]);
  assertNear(moved.subarray(20, 22), [20, 21], 0.5);
  const rest = last('rest');
  assert.deepEqual([rest[20], rest[21], rest[19], rest[22], rest[49]], [120, 121, 16, 19, 46]);
  // Where class 1 was there is nothing to move on, and nothing comes in from beyond the edge.
  assertNear(rest.subarray(23, 25), [19 + (1 / 3) * 3, 19 + (2 / 3) * 3], 0.5);
  assertNear(rest.subarray(0, 3), [0, 0, 0], 0.5);
  const whole = last('whole');
  assert.deepEqual(Array.from(whole.subarray(3)), Array.from(picture.subarray(0, 47)));
});

test('class 1 is what lies over the threshold, widened along both axes', () => {
  const size = { width: 9, height: 6 };
  const plane = new Float32Array(54);
  plane[2 * 9 + 4] = 1;
  plane[5 * 9 + 0] = 0.26;
  plane[0] = 0.25;
  const drawn = (mask: Uint8Array) =>
    Array.from({ length: 6 }, (_, y) => mask.subarray(9 * y, 9 * y + 9).join(''));
  assert.deepEqual(drawn(salientClass(plane, size, { threshold: 0.25, widening: 1 })), [
    '000000000',
    '000111000',
    '000111000',
    '000111000',
    '110000000',
    '110000000',
  ]);
  assert.ok(salientClass(new Float32Array(54), size).every((value) => value === 0));
  assert.equal(
    salientClass(plane, { width: 9, height: 6 }, { widening: 9 }).join(''),
    '1'.repeat(54),
  );
});

test('a slope is the line through zero, and a part of the whole is what fits all pictures', () => {
  assert.equal(slopeOf([-2, -1, 1, 2], [-1, -0.5, 0.5, 1]), 0.5);
  assert.equal(slopeOf([-1, 1], [1, 1]), 0);
  assert.equal(partOfWhole([1, -2], [2, -4]), 0.5);
  assert.equal(partOfWhole([1, 2], [0, 0]), null);
});

test('frames are one of each equal stretch, the same for the same seed, and shared out by length', () => {
  const frames = chosenFrames(1000, 40, 7);
  frames.forEach((frame, index) => assert.equal(Math.floor(frame / 25), index));
  assert.deepEqual(chosenFrames(1000, 40, 7), frames);
  assert.notDeepEqual(chosenFrames(1000, 40, 8), frames);
  assert.deepEqual(chosenFrames(3, 40, 7), [0, 1, 2]);
  assert.deepEqual(framesPerDrive([900, 90, 2], 40), [36, 4, 1]);
  assert.deepEqual(randomisationSteps(4, 10), [1, 2, 3, 4]);
  assert.deepEqual(randomisationSteps(50, 4), [1, 17, 34, 50]);
  assert.deepEqual(randomisationSteps(1, 10), [1]);
});

test('places of the same relevance come in an order that the seed draws, not from the top', () => {
  const plane = new Float32Array(1000);
  plane[700] = 1;
  const order = fromMostRelevant(plane, 1);
  assert.equal(order[0], 700);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [...plane.keys()],
  );
  assert.ok(Math.abs(average(order.subarray(1, 201)) - 500) < 80);
  assert.notDeepEqual(fromMostRelevant(plane, 2), order);
});

test('maps that know nothing: brightness, edges, the middle, the road, chance', () => {
  const [height, width] = [30, 40];
  const size = { height, width };
  const gray = Float32Array.from({ length: height * width }, (_, place) =>
    place % width >= 20 ? 200 : 50,
  );
  const road = places((y) => y >= 15, height, width).map((value) => 255 * value);
  const maps = nullMaps({ gray, size, road, seed: 1 });
  const largest = (id: Parameters<typeof maps.get>[0]) => {
    const plane = maps.get(id)!;
    const at = plane.indexOf(Math.max(...plane));
    return [Math.floor(at / width), at % width];
  };
  assert.ok(largest('null-blur')[1]! >= 20);
  assert.ok([19, 20].includes(largest('null-edges')[1]!));
  assert.ok(
    [14, 15].includes(largest('null-centre')[0]!) && [19, 20].includes(largest('null-centre')[1]!),
  );
  assert.ok(largest('null-road')[0]! >= 15);
  for (const plane of maps.values()) assert.ok(plane.every((value) => value >= 0));
  assert.equal(nullMaps({ gray, size, road: null, seed: 1 }).has('null-road'), false);
  // Sobel: 1 + 2 + 1 times the step, on both sides of it; nothing where it is even.
  assert.equal(maps.get('null-edges')![5 * width + 20], 4 * 150);
  assert.equal(maps.get('null-edges')![5 * width + 5], 0);
  assert.deepEqual(
    [...brightness(Uint8Array.of(100, 0, 0, 0, 100, 0, 0, 0, 100))].map(Math.fround),
    [29.9, 58.7, 11.4].map(Math.fround),
  );
});

test('a relevance plane is the size of what is said of a pixel, coarse maps drawn up to the picture', () => {
  const image = { layout: 'NCHW', height: 2, width: 4 } as const;
  const values = Float32Array.from([1, -2, 0, 4, 0, 0, 0, 0, -3, 1, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(
    [...relevancePlane('gradient', { values, dims: [1, 2, 2, 4] }, image)],
    [2, 1, 0, 4, 0, 0, 0, 1],
  );
  const coarse = relevancePlane(
    'gradcam',
    { values: Float32Array.from([0, 8]), dims: [1, 1, 1, 2] },
    image,
  );
  assert.deepEqual([...coarse], [0, 2, 6, 8, 0, 2, 6, 8]);
});

/** Weights with the sign of what the pixel has beyond the mean: every pixel says the same way. */
function linearNetwork(picture: Float32Array, isInside: (place: number) => boolean) {
  const middle = average(picture);
  const weights = picture.map((value, place) =>
    isInside(place) ? Math.sign(value - middle) * (0.1 + numbers(13)[place]!) : 0,
  );
  const predict: Predict = (pictures) =>
    answersOf(pictures, (each) => each.reduce((sum, value, at) => sum + value * weights[at]!, 0));
  const exact = picture.map((value, place) => Math.abs(weights[place]! * (value - middle)));
  return { predict, exact };
}

async function measured(
  predict: Predict,
  picture: Float32Array,
  plane: Float32Array,
  fills: readonly Fill[] = FILLS,
) {
  const grid = gridOf(1);
  const answer = await answerTo(predict, picture);
  const salient = new Uint8Array(PIXELS);
  const whole = await shiftSlope(predict, { picture, grid, salient, which: 'whole', answer });
  return measureMap(predict, {
    picture,
    grid,
    answer,
    plane,
    road: MASKS.block,
    fills,
    seed: 1,
    whole,
  });
}

test('on a linear network the exact map has the gain that its contributions add up to, and none gains more', async () => {
  const picture = Float32Array.from(numbers(1));
  const { predict, exact } = linearNetwork(picture, () => true);
  const { gains } = await measured(predict, picture, exact, ['mean']);
  const { gain, curves } = gains.get('mean')!;
  const sorted = [...exact].sort((a, b) => b - a);
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  const counts = FRACTIONS.map((fraction) => Math.round(fraction * PIXELS));
  assertNear(
    curves.most,
    counts.map((count) => sum(sorted.slice(0, count))),
    1e-4,
  );
  assertNear(
    curves.least,
    counts.map((count) => sum(sorted.slice(PIXELS - count))),
    1e-4,
  );
  const other = async (plane: Float32Array) =>
    (await measured(predict, picture, plane, ['mean'])).gains.get('mean')!.gain;
  assert.ok(Math.abs((await other(exact.map((value) => -value))) + gain) < 1e-5);
  const nulls = nullMaps({
    gray: picture,
    size: { height: HEIGHT, width: WIDTH },
    road: MASKS.block,
    seed: 3,
  });
  for (const plane of nulls.values()) assert.ok((await other(plane)) < 0.6 * gain);
});

test('on a network that reads one pixel, only the map that shows it is right, by every fill', async () => {
  const picture = Float32Array.from(numbers(1));
  const pixel = 3 * WIDTH + 6;
  const reads: Predict = (pictures) => answersOf(pictures, (each) => 5 * each[pixel]!);
  const one = new Float32Array(PIXELS);
  one[pixel] = 1;
  const right = await measured(reads, picture, one);
  for (const { gain, reach, curves } of right.gains.values()) {
    assert.ok(curves.least.every((change) => change === 0) && curves.most[0]! > 0);
    assert.ok(gain > 0.8 * reach);
  }
  // The mean: at once, and for good. Between 0, 5 %, 90 % and all of the picture by straight lines.
  const change = 5 * Math.abs(picture[pixel]! - average(picture));
  assert.ok(Math.abs(right.gains.get('mean')!.gain - change * (0.05 / 2 + 0.85 + 0.1 / 2)) < 1e-5);
  assert.ok(right.shift.salient !== 0 && Math.abs(right.shift.salient - right.shift.whole) < 0.2);
  assert.equal(right.shift.rest, 0);
  assert.equal(right.mass, 1);

  const elsewhere = new Float32Array(PIXELS);
  elsewhere[7 * WIDTH] = 1;
  const wrong = await measured(reads, picture, elsewhere);
  for (const { gain, reach } of wrong.gains.values()) assert.ok(Math.abs(gain) < 0.75 * reach);
  assert.deepEqual([wrong.shift.salient, wrong.mass], [0, 0]);
  assert.ok(Math.abs(wrong.shift.rest - wrong.shift.whole) < 1e-9);
});
