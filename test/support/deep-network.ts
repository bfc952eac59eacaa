import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Network } from './network.ts';

/**
 * deep.onnx: a chain of so many convolutions on pictures of 9×8, which is quickly run but takes
 * long to be compiled. Gives its path.
 */
export function writeDeepNetwork(folder: string, layers: number): string {
  const network = new Network();
  let value = network.input('image', ['N', 1, 8, 9]);
  for (let count = 0; count < layers; count++)
    value = network.node('Relu', [
      network.convolution(value, { from: 1, to: 1 }, { kernel: [3, 3], pads: [1, 1, 1, 1] }),
    ]);
  network.steering(value, 72);
  const path = join(folder, 'deep.onnx');
  writeFileSync(path, network.bytes(['steering']));
  return path;
}
