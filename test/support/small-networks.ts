import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Network } from './network.ts';

export interface SmallNetworkOptions {
  readonly layout?: 'NCHW' | 'NHWC';
  readonly channels?: 1 | 3;
  readonly height?: number;
  readonly width?: number;
  readonly batch?: number | string;
  /** Of the convolutions. */
  readonly bias?: boolean;
  readonly seed?: number;
  readonly sidecar?: unknown;
}

/**
 * Writes a steering network of two convolutions on a small picture, with its sidecar, and gives its
 * path.
 */
export function writeSteeringNetwork(folder: string, options: SmallNetworkOptions = {}): string {
  const {
    layout = 'NCHW',
    channels = 1,
    height = 24,
    width = 48,
    batch = 'N',
    bias = true,
    seed = 5,
    sidecar = { roadgaze: 1, kind: 'steering' },
  } = options;
  const network = new Network({ seed, name: 'small.onnx' });
  const image = network.input(
    'image',
    layout === 'NCHW' ? [batch, channels, height, width] : [batch, height, width, channels],
  );
  const planes =
    layout === 'NCHW' ? image : network.node('Transpose', [image], { perm: [0, 3, 1, 2] });
  const first = network.node('Relu', [
    network.convolution(
      planes,
      { from: channels, to: 4 },
      { kernel: [3, 3], strides: [2, 2], bias },
    ),
  ]);
  const second = network.node('Relu', [
    network.convolution(first, { from: 4, to: 4 }, { kernel: [3, 3], bias }),
  ]);
  const [rows, columns] = [height, width].map((size) => Math.floor((size - 3) / 2) + 1 - 2) as [
    number,
    number,
  ];
  network.steering(second, 4 * rows * columns);
  const path = join(folder, 'small.onnx');
  writeFileSync(path, network.bytes([{ name: 'steering', type: 1, shape: [batch, 1] }]));
  writeFileSync(
    join(folder, 'small.json'),
    typeof sidecar === 'string' ? sidecar : JSON.stringify(sidecar),
  );
  return path;
}
