import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../../server/explain/compile.ts';
import type { PlainAttribute } from '../../../server/onnx/attributes.ts';
import { inferShapes } from '../../../server/onnx/infer-shapes.ts';
import { elementCount, floatTensor } from '../../../server/onnx/tensor.ts';
import { Network, randomNumbers } from '../../support/network.ts';
import { floats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';

type Two = readonly [number, number];

const PICTURE = [2, 7, 9] as const;
const [CHANNELS, HEIGHT, WIDTH] = PICTURE;

/** Few different values, so that most windows hold several of their largest. */
function picturesWithTies(count: number): number[][] {
  const random = randomNumbers(8);
  return Array.from({ length: count }, () =>
    Array.from({ length: elementCount(PICTURE) }, () => Math.floor(random(-1, 2))),
  );
}

/** The gradient of Σ weights · op(picture), and the weights. */
async function gradientOf(
  op: string,
  opset: number,
  plain: Readonly<Record<string, PlainAttribute>>,
  pictures: readonly (readonly number[])[],
  second?: number,
): Promise<{ maps: Float32Array[]; weights: number[]; row: number[] }> {
  const network = new Network({ opset, seed: 21 });
  const image = network.input('image', ['N', ...PICTURE]);
  const value = network.node(
    op,
    second === undefined ? [image] : [image, network.constant(floatTensor([], [second]))],
    plain,
  );
  const row = inferShapes(network.model([value]))
    .of(value)
    .slice(1)
    .map(Number);
  network.steering(value, elementCount(row));
  const weights = network.initializers.get(network.nodes.at(-1)!.inputs[1]!)!.data as Float32Array;
  const compiled = compile(network.model(['steering']), [{ id: 'gradient' }]);
  const { data } = (
    await runNetwork(compiled, { image: floats([pictures.length, ...PICTURE], pictures.flat()) })
  )['explanation']!;
  const size = elementCount(PICTURE);
  return {
    maps: pictures.map((_, index) => data.slice(index * size, (index + 1) * size)),
    weights: [...weights],
    row,
  };
}

interface Form {
  readonly kernel: Two;
  readonly strides?: Two;
  readonly dilations?: Two;
  readonly pads?: readonly [number, number, number, number];
}

/** Every window hands its weight to the first of its largest pixels, row by row. */
function firstWins(
  picture: readonly number[],
  weights: readonly number[],
  rows: number,
  columns: number,
  { kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Form,
): number[] {
  const map = picture.map(() => 0);
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        let best = -1;
        for (let i = 0; i < kernel[0]; i++) {
          for (let j = 0; j < kernel[1]; j++) {
            const row = y * strides[0] - pads[0] + i * dilations[0];
            const column = x * strides[1] - pads[1] + j * dilations[1];
            if (row < 0 || row >= HEIGHT || column < 0 || column >= WIDTH) continue;
            const at = (channel * HEIGHT + row) * WIDTH + column;
            if (best < 0 || picture[at]! > picture[best]!) best = at;
          }
        }
        map[best]! += weights[(channel * rows + y) * columns + x]!;
      }
    }
  }
  return map;
}

describe('among equal values', () => {
  const forms: readonly (readonly [string, Form, number?])[] = [
    ['side by side', { kernel: [2, 3], strides: [2, 3] }],
    ['overlapping', { kernel: [3, 3], strides: [2, 1] }],
    ['padded', { kernel: [3, 2], strides: [2, 2], pads: [1, 1, 1, 0] }],
    ['dilated', { kernel: [2, 2], dilations: [2, 3] }],
    ['rounded up', { kernel: [2, 2], strides: [2, 2] }, 1],
  ];
  for (const [name, form, ceil = 0] of forms) {
    for (const opset of form.dilations || ceil ? [11, 13, 17] : [7, 9, 11, 13, 17]) {
      it(`the first wins a MaxPool ${name}, operator set ${opset}`, async () => {
        const pictures = picturesWithTies(2);
        const { kernel, ...more } = form;
        const { maps, weights, row } = await gradientOf(
          'MaxPool',
          opset,
          { kernel_shape: kernel, ...more, ...(ceil ? { ceil_mode: 1 } : {}) },
          pictures,
        );
        pictures.forEach((picture, index) =>
          assert.ok(
            relativeError(maps[index]!, firstWins(picture, weights, row[1]!, row[2]!, form)) < 1e-6,
          ),
        );
      });
    }
  }

  for (const opset of [7, 11, 17]) {
    it(`the first wins a GlobalMaxPool, operator set ${opset}`, async () => {
      const pictures = picturesWithTies(2);
      const { maps, weights } = await gradientOf('GlobalMaxPool', opset, {}, pictures);
      pictures.forEach((picture, index) =>
        assert.ok(
          relativeError(
            maps[index]!,
            firstWins(picture, weights, 1, 1, { kernel: [HEIGHT, WIDTH] }),
          ) < 1e-6,
        ),
      );
    });

    it(`all share a ReduceMax and a Max evenly, operator set ${opset}`, async () => {
      const [picture] = picturesWithTies(1);
      const { maps, weights } = await gradientOf('ReduceMax', opset, { axes: [2, 3] }, [picture!]);
      const size = HEIGHT * WIDTH;
      const expected = picture!.map((value, at) => {
        const plane = picture!.slice(
          Math.floor(at / size) * size,
          (Math.floor(at / size) + 1) * size,
        );
        const best = Math.max(...plane);
        return value === best
          ? weights[Math.floor(at / size)]! / plane.filter((each) => each === best).length
          : 0;
      });
      assert.ok(relativeError(maps[0]!, expected) < 1e-6);
      if (opset < 8) return;
      const of = await gradientOf('Max', opset, {}, [picture!], 0);
      assert.ok(
        relativeError(
          of.maps[0]!,
          picture!.map((value, at) => of.weights[at]! * (value > 0 ? 1 : value === 0 ? 0.5 : 0)),
        ) < 1e-6,
      );
    });
  }
});
