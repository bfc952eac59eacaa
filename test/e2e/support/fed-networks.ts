import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { READING } from '../../api/support/reading-network.ts';
import { floatTensor, scalar } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';

const BITS = 12;
const BARS = BITS + 4;
const { width, height } = READING;

/** [N, 1]: the numbers that a grey picture of a numbered clip shows, × `by`. */
function numberOf(network: Network, picture: string, by: number): string {
  const light = network.node('Relu', [
    network.node('Conv', [picture, network.constant(floatTensor([1, 1, 1, 1], [1]))], {
      kernel_shape: [1, 1],
    }),
  ]);
  const centred = network.node('Sub', [
    network.node('Flatten', [light]),
    network.constant(scalar(125)),
  ]);
  const bits = network.node('Sigmoid', [
    network.node('Mul', [centred, network.constant(scalar(100))]),
  ]);
  const places = new Float32Array(width * height);
  for (let bit = 0; bit < BITS; bit++)
    places[(height >> 1) * width + Math.floor(((bit + 2.5) / BARS) * width)] =
      by * 2 ** (BITS - 1 - bit);
  return network.node('MatMul', [bits, network.constant(floatTensor([width * height, 1], places))]);
}

async function write(
  folder: string,
  name: string,
  network: Network,
  outputs: readonly { name: string; type: number; shape: readonly (number | string)[] }[],
  inputs: object,
): Promise<string> {
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, network.bytes([...outputs]));
  const sidecar = { roadgaze: 2, kind: 'steering', inputs, output: { tensor: 'steering' } };
  await writeFile(join(folder, `${name}.json`), JSON.stringify(sidecar));
  return path;
}

/**
 * A network whose steering is n(t) + 20 n(t−1) + 400 n(t−2) + 8000 l + trim ÷ 2 of the numbers n
 * that three frames show, and l of the left camera; `both` is n(t) and l.
 */
export async function writeStackNetwork(folder: string): Promise<string> {
  const network = new Network({ name: 'stack' });
  const image = network.input('image', ['N', 3, height, width]);
  const left = network.input('left', ['N', 1, height, width]);
  const frames = [400, 20, 1].map((by, frame) =>
    numberOf(network, network.node('Gather', [image, network.ints(frame)], { axis: 1 }), by),
  );
  const beside = numberOf(network, left, 1);
  const trim = network.node('Mul', [network.input('trim', [1]), network.constant(scalar(0.5))]);
  const others = network.node('Mul', [beside, network.constant(scalar(8000))]);
  const sum = network.node('Add', [
    network.node('Add', [frames[0]!, frames[1]!]),
    network.node('Add', [frames[2]!, others]),
  ]);
  network.node('Add', [sum, trim], {}, 'steering');
  network.node('Concat', [frames[2]!, beside], { axis: 1 }, 'both');
  return write(
    folder,
    'stack',
    network,
    [
      { name: 'steering', type: 1, shape: ['N', 1] },
      { name: 'both', type: 1, shape: ['N', 2] },
    ],
    {
      image: { picture: { camera: 'center', color: 'gray', frames: { count: 3 } } },
      left: { picture: { camera: 'left', color: 'gray' } },
      trim: { constant: 4 },
    },
  );
}

/** Steering and state are h′ = h ÷ 2 + n(t) + pace ÷ 10; begun anew two frames before a sought one. */
export async function writeStateNetwork(folder: string): Promise<string> {
  const network = new Network({ name: 'state' });
  const seen = numberOf(network, network.input('image', [1, 1, height, width]), 1);
  const kept = network.node('Mul', [network.input('h_in', [1, 1]), network.constant(scalar(0.5))]);
  const pace = network.node('Mul', [network.input('pace', [1, 1]), network.constant(scalar(0.1))]);
  const after = network.node('Add', [network.node('Add', [seen, kept]), pace]);
  network.node('Identity', [after], {}, 'steering');
  network.node('Identity', [after], {}, 'h_out');
  return write(
    folder,
    'state',
    network,
    ['steering', 'h_out'].map((name) => ({ name, type: 1, shape: [1, 1] })),
    {
      image: { picture: { color: 'gray' } },
      h_in: { state: 'h_out', start: 0, warmUp: 2 },
      pace: { signal: 'speed', unit: 'm/s', otherwise: 0 },
    },
  );
}
