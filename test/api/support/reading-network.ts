import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { floatTensor, scalar } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';

/** Grid of the network's picture and mask; as wide as ten times the bars of a numbered clip. */
export const READING = { width: 160, height: 8 } as const;
const BITS = 12;
const BARS = BITS + 4;

/**
 * A network that reads the number of a numbered clip's frame (test/support/clips.ts): `steering` is
 * the number, and its VisualBackProp mask shows the bars. So every part of a frame message tells
 * which frame it belongs to. `passes` of about 1 GFLOP each make it slow, and change nothing of
 * what it says.
 */
export async function writeReadingNetwork(
  folder: string,
  {
    name = 'reading',
    output = {},
    passes = 0,
  }: { name?: string; output?: object; passes?: number } = {},
): Promise<string> {
  const { width, height } = READING;
  const network = new Network({ name });
  network.input('image', ['N', 1, height, width]);
  const weight = network.constant(floatTensor([1, 1, 1, 1], [1]));
  const light = network.node('Relu', [
    network.node('Conv', ['image', weight], { kernel_shape: [1, 1] }),
  ]);
  const centred = network.node('Sub', [
    network.node('Flatten', [light]),
    network.constant(scalar(125)),
  ]);
  const bits = network.node('Sigmoid', [
    network.node('Mul', [centred, network.constant(scalar(100))]),
  ]);
  const places = new Float32Array(width * height);
  for (let bit = 0; bit < BITS; bit++) {
    const x = Math.floor(((bit + 2.5) / BARS) * width);
    places[(height >> 1) * width + x] = 2 ** (BITS - 1 - bit);
  }
  const burden = passes > 0 ? heavyZero(network, passes) : network.constant(floatTensor([1], [0]));
  network.node(
    'Gemm',
    [bits, network.constant(floatTensor([width * height, 1], places)), burden],
    {},
    'steering',
  );
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, network.bytes(['steering']));
  const sidecar = {
    roadgaze: 1,
    kind: 'steering',
    input: { color: 'gray', resize: 'area' },
    output: { tensor: 'steering', ...output },
  };
  await writeFile(join(folder, `${name}.json`), JSON.stringify(sidecar));
  return path;
}

/** [N, 1] zeros that take long to come to. */
function heavyZero(network: Network, passes: number): string {
  const { width, height } = READING;
  let value = network.node('MatMul', [network.floats([512, height]), 'image']);
  value = network.node('MatMul', [value, network.floats([width, 1024], -0.1, 0.1)]);
  const weights = network.floats([1024, 1024], -0.05, 0.05);
  for (let pass = 0; pass < passes; pass++) value = network.node('MatMul', [value, weights]);
  const mean = network.node('ReduceMean', [network.node('Flatten', [value])], {
    axes: [1],
    keepdims: 1,
  });
  return network.node('Mul', [mean, network.constant(scalar(0))]);
}
