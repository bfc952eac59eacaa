import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { Network } from '../support/network.ts';
import { floats, randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';

const [HEIGHT, WIDTH] = [15, 19];

/** Scaling in the graph, two convolutions with biases, one without, and a dense layer. */
function network(): Network {
  const whole = new Network({ seed: 21 });
  const image = whole.input('image', ['N', 2, HEIGHT, WIDTH]);
  const scaled = whole.node('Add', [
    whole.node('Mul', [image, whole.floats([1], 2, 2)]),
    whole.floats([1], -1, -1),
  ]);
  const layer = (value: string, channels: { from: number; to: number }, bias: boolean) =>
    whole.node('Relu', [
      whole.convolution(value, channels, { kernel: [3, 3], strides: [2, 2], bias }),
    ]);
  const features = layer(
    layer(layer(scaled, { from: 2, to: 4 }, true), { from: 4, to: 3 }, false),
    { from: 3, to: 5 },
    true,
  );
  const flat = whole.node('Flatten', [features]);
  whole.node(
    'Tanh',
    [whole.node('Gemm', [flat, whole.floats([5, 1], -0.4, 0.5), whole.floats([1])])],
    {},
    'steering',
  );
  return whole;
}

/** ∂steering/∂value by a network that begins there, for the picture. */
async function gradientAt(whole: Network, value: string, image: ReturnType<typeof floats>) {
  const at = whole.nodes.findIndex(({ outputs }) => outputs[0] === value);
  const { [value]: reached } = await runNetwork(whole.model(['steering', value]), { image });
  const rest = new Network();
  rest.input(value, ['N', ...reached!.dims.slice(1)]);
  rest.nodes.push(...whole.nodes.slice(at + 1));
  for (const [name, tensor] of whole.initializers) rest.initializers.set(name, tensor);
  const found = await runNetwork(compile(rest.model(['steering']), [{ id: 'gradient' }]), {
    [value]: floats(reached!.dims, reached!.data),
  });
  return { gradient: found['explanation']!.data, dims: reached!.dims };
}

/** Sizes over 0…1 within the layer, drawn to the picture bilinearly, added to `sum`. */
function addStretched(sum: Float64Array, values: readonly number[], dims: readonly number[]): void {
  const [, channels, height, width] = dims as [number, number, number, number];
  const sizes = values.map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const place = (at: number, length: number, wanted: number) => {
    const exact = Math.min(length - 1, Math.max(0, ((at + 0.5) * length) / wanted - 0.5));
    const before = Math.min(Math.floor(exact), length - 1);
    return [before, Math.min(before + 1, length - 1), exact - before] as const;
  };
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++) {
        const [top, bottom, down] = place(y, height, HEIGHT);
        const [left, right, across] = place(x, width, WIDTH);
        const size = (row: number, column: number) =>
          (sizes[(channel * height + row) * width + column]! - least) / (most - least + 1e-6);
        sum[y * WIDTH + x]! +=
          (1 - down) * ((1 - across) * size(top, left) + across * size(top, right)) +
          down * ((1 - across) * size(bottom, left) + across * size(bottom, right));
      }
}

test('FullGrad is the sum of its formula over the picture and the convolutions with a bias', async () => {
  const whole = network();
  const pictures = randomFloats([2, 2, HEIGHT, WIDTH], 6);
  const { explanation } = await runNetwork(
    compile(whole.model(['steering']), [{ id: 'fullgrad' }]),
    { image: pictures },
  );
  assert.deepEqual(explanation!.dims, [2, 1, HEIGHT, WIDTH]);
  const count = 2 * HEIGHT * WIDTH;
  const convolutions = whole.nodes.filter(({ op, inputs }) => op === 'Conv' && inputs[2]);
  assert.equal(convolutions.length, 2);
  for (const frame of [0, 1]) {
    const image = floats(
      [1, 2, HEIGHT, WIDTH],
      (pictures.data as Float32Array).slice(frame * count, (frame + 1) * count),
    );
    const expected = new Float64Array(HEIGHT * WIDTH);
    const gradient = await ofPicture(whole, image);
    addStretched(
      expected,
      Array.from(gradient, (value, at) => value * Number(image.data[at])),
      [1, 2, HEIGHT, WIDTH],
    );
    for (const { inputs, outputs } of convolutions) {
      const { gradient: there, dims } = await gradientAt(whole, outputs[0]!, image);
      const biases = whole.initializers.get(inputs[2]!)!.data as Float32Array;
      const plane = dims[2]! * dims[3]!;
      addStretched(
        expected,
        Array.from(there, (value, at) => value * biases[Math.floor(at / plane)]!),
        dims,
      );
    }
    assert.ok(Math.max(...expected) > 0.5);
    const map = explanation!.data.slice(frame * HEIGHT * WIDTH, (frame + 1) * HEIGHT * WIDTH);
    assert.ok(relativeError(map, expected) < 1e-5, `frame ${frame}`);
  }
});

async function ofPicture(whole: Network, image: ReturnType<typeof floats>) {
  const found = await runNetwork(compile(whole.model(['steering']), [{ id: 'gradient' }]), {
    image,
  });
  return found['explanation']!.data;
}
