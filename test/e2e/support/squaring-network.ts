import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { READING } from '../../api/support/reading-network.ts';
import { floatTensor } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';

/**
 * A network whose gradient is its picture: its output is Σ wₓ p² / 2 with weights that fall from 1
 * to 0.6 across the picture. So the masks of VisualBackProp and of the gradient's kind all show the
 * bars of a numbered clip, and agree more on some frames than on others.
 */
export async function writeSquaringNetwork(
  folder: string,
  { name = 'squaring', output = {} }: { name?: string; output?: object } = {},
): Promise<string> {
  const { width, height } = READING;
  const network = new Network({ name });
  network.input('image', ['N', 1, height, width]);
  const weight = network.constant(floatTensor([1, 1, 1, 1], [1]));
  const light = network.node('Relu', [
    network.node('Conv', ['image', weight], { kernel_shape: [1, 1] }),
  ]);
  const squares = network.node('Flatten', [network.node('Mul', [light, light])]);
  const weights = Float32Array.from(
    { length: width * height },
    (_, at) => 1e-8 * (1 - (0.4 * (at % width)) / width),
  );
  network.node(
    'Gemm',
    [
      squares,
      network.constant(floatTensor([width * height, 1], weights)),
      network.constant(floatTensor([1], [0])),
    ],
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
