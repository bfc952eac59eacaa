import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { floatTensor, scalar } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';

/** Grid of the network's picture and mask; as wide as ten times the bars of a numbered clip. */
export const READING = { width: 160, height: 8 } as const;
const BITS = 12;
const BARS = BITS + 4;

/**
 * A network that reads the number of a numbered clip's frame (test/support/clips.ts): `steering` is the number, and its
 * VisualBackProp mask shows the bars. So every part of a frame message tells which frame it belongs to.
 */
export async function writeReadingNetwork(folder: string, { name = 'reading', output = {} }: { name?: string; output?: object } = {}): Promise<string> {
  const { width, height } = READING;
  const network = new Network({ name });
  network.input('image', ['N', 1, height, width]);
  const weight = network.constant(floatTensor([1, 1, 1, 1], [1]));
  const light = network.node('Relu', [network.node('Conv', ['image', weight], { kernel_shape: [1, 1] })]);
  const centred = network.node('Sub', [network.node('Flatten', [light]), network.constant(scalar(125))]);
  const bits = network.node('Sigmoid', [network.node('Mul', [centred, network.constant(scalar(100))])]);
  const places = new Float32Array(width * height);
  for (let bit = 0; bit < BITS; bit += 1) {
    const x = Math.floor(((bit + 2.5) / BARS) * width);
    places[(height >> 1) * width + x] = 2 ** (BITS - 1 - bit);
  }
  network.node('Gemm', [bits, network.constant(floatTensor([width * height, 1], places)), network.constant(floatTensor([1], [0]))], {}, 'steering');
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, network.bytes(['steering']));
  const sidecar = { roadgaze: 1, kind: 'steering', input: { color: 'gray', resize: 'area' }, output: { tensor: 'steering', ...output } };
  await writeFile(join(folder, `${name}.json`), JSON.stringify(sidecar));
  return path;
}
