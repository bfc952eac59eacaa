import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relativeError } from '../../support/onnx-runtime.ts';
import { explain, imageOf, linear, randomPicture, type PlainFunction } from './plain-function.ts';

const image = imageOf('NHWC', 3, 4, 5);
const picture = randomPicture(image);
const cubes: PlainFunction = {
  value: (x) => x.reduce((sum, value) => sum + value ** 3, 0),
  gradient: (x) => x.map((value) => 3 * value * value),
};

test("'integratedgradients' is the trapezoid sum along the way, step by step", async () => {
  const steps = 9;
  const { values, dims, progress } = await explain('integratedgradients', cubes, image, picture, {
    steps,
  });
  assert.deepEqual(dims, [1, 4, 5, 3]);
  const expected = picture.map((x) => {
    let sum = 0;
    for (let step = 0; step < steps; step++)
      sum +=
        ((step === 0 || step === steps - 1 ? 0.5 : 1) / steps) *
        3 *
        ((step / (steps - 1)) * x) ** 2;
    return sum * x;
  });
  assert.ok(relativeError(values, expected) < 1e-6);
  assert.deepEqual(progress.at(-1), [steps, steps]);
});

for (const baseline of ['zero', 'low', 'mean', 'blur']) {
  test(`the shares from the baseline ${baseline} add up to the change of the output as steps grow`, async () => {
    const { values, note } = await explain(
      'integratedgradients',
      cubes,
      image,
      picture,
      { steps: 2000, baseline },
      { range: { low: [0.1, 0.2, 0.3], high: [1], isGiven: true } },
    );
    const [sum, change] = /add up to (\S+); .* changed by (\S+)\./
      .exec(note!)!
      .slice(1)
      .map(Number) as [number, number];
    assert.ok(
      Math.abs(values.reduce((total, value) => total + value, 0) - sum) <
        1e-3 * Math.abs(sum) + 1e-6,
    );
    assert.ok(Math.abs(sum - change) < 2e-3 * Math.abs(change), `${sum} against ${change}`);
  });
}

test("'smoothgrad' without noise is the gradient", async () => {
  const { values } = await explain('smoothgrad', cubes, image, picture, { noise: 0, samples: 3 });
  assert.ok(relativeError(values, cubes.gradient!(picture)) < 1e-6);
});

test("'smoothgrad' averages: of 3x² under noise σ it gives 3x² + 3σ²", async () => {
  const span = Math.max(...picture) - Math.min(...picture);
  const { values } = await explain('smoothgrad', cubes, image, picture, {
    noise: 0.2,
    samples: 4096,
  });
  const expected = picture.map((x) => 3 * x * x + 3 * (0.2 * span) ** 2);
  assert.ok(relativeError(values, expected) < 0.05, String(relativeError(values, expected)));
});

test('the same seed gives the same noise, another one other noise', async () => {
  const of = async (seed: number) => [
    ...(await explain('smoothgrad', cubes, image, picture, { seed, samples: 4 })).values,
  ];
  assert.deepEqual(await of(5), await of(5));
  assert.notDeepEqual(await of(5), await of(6));
});

test('a function that does not react gives zeros', async () => {
  const dead = linear(new Float32Array(picture.length));
  for (const id of ['integratedgradients', 'smoothgrad', 'occlusion', 'ascent']) {
    const { values } = await explain(id, dead, image, picture, id === 'ascent' ? { steps: 3 } : {});
    assert.ok(
      values.every((value) => value === 0),
      id,
    );
  }
});
