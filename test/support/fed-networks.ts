import * as ort from 'onnxruntime-node';
import type { ValueInfo } from '../../server/onnx/graph.ts';
import { DataType, scalar } from '../../server/onnx/tensor.ts';
import { Network } from './network.ts';
import { floats, type Feeds } from './onnx-runtime.ts';

/** What networks are fed with here: R, G, B of 0…255 of small pictures. */
export const [HEIGHT, WIDTH] = [12, 24];
const PIXELS = HEIGHT * WIDTH;
export const FRAMES = 24;

export const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** One picture of the drive, by a plain reading of the coded planes (BT.601). */
export interface Picture {
  /** Openpilot's six planes. */
  readonly six: readonly Float32Array[];
  readonly rgb: readonly Float32Array[];
  readonly gray: Float32Array;
}

/** Of the planes as coded, and of ffmpeg's luma of full range. */
export function pictureOf(bytes: Uint8Array, luma: Uint8Array, coded: Uint8Array): Picture {
  const at = (plane: number, pixel: number) => bytes[plane * PIXELS + pixel]!;
  const byte = (value: number) => Math.min(255, Math.max(0, value));
  const plane = (of: (y: number, cb: number, cr: number) => number) =>
    Float32Array.from({ length: PIXELS }, (_, pixel) =>
      byte(of(((at(0, pixel) - 16) * 255) / 219, at(1, pixel) - 128, at(2, pixel) - 128)),
    );
  const [red, blue] = [2 * (1 - 0.299) * (255 / 224), 2 * (1 - 0.114) * (255 / 224)];
  const rgb = [
    plane((y, _, cr) => y + red * cr),
    plane((y, cb, cr) => y - (blue * 0.114 * cb + red * 0.299 * cr) / 0.587),
    plane((y, cb) => y + blue * cb),
  ];
  const six = range(6).map((plane) =>
    Float32Array.from({ length: PIXELS }, (_, pixel) => {
      if (plane >= 4) return coded[plane * PIXELS + pixel]!;
      const row = 2 * Math.floor(pixel / WIDTH) + (plane % 2);
      return coded[row * 2 * WIDTH + 2 * (pixel % WIDTH) + Math.floor(plane / 2)]!;
    }),
  );
  return { rgb, gray: Float32Array.from(luma), six };
}

/** Planes one after the other; with channels last, pixel by pixel. */
function laidOut(planes: readonly Float32Array[], last = false): Float32Array {
  return Float32Array.from({ length: planes.length * PIXELS }, (_, index) =>
    last
      ? planes[index % planes.length]![Math.floor(index / planes.length)]!
      : planes[Math.floor(index / PIXELS)]![index % PIXELS]!,
  );
}

const scaled = (values: Float32Array, by = 1 / 255) => values.map((value) => value * by);

/** The picture so many frames before, which never lies before the first one; of a camera. */
type Back = (steps: number, camera?: string) => Picture;

/** What the network gave, of the frames before. */
export type Answer = Readonly<Record<string, { readonly data: Float32Array }>>;

export interface Fed {
  readonly what: string;
  /** Builds the network with its output `steering`. */
  readonly build: (network: Network) => void;
  readonly inputs: object;
  readonly output?: object;
  /** What the original network is fed with at a frame. */
  readonly feeds: (back: Back, answers: readonly Answer[], frame: number) => Feeds;
  readonly shape?: readonly (number | string)[];
  /** Outputs beside `steering`. */
  readonly others?: readonly ValueInfo[];
  /** Reads the drive's log. */
  readonly isOfLog?: true;
  /** On the drive of several cameras. */
  readonly isOfCameras?: true;
  /** Frames that are run before one that is sought; all without state. */
  readonly warmUp?: number;
}

/** A convolution over the stack, and one answer. */
function overPlanes(network: Network, planes: string, channels: number): void {
  const seen = network.node('Relu', [
    network.convolution(planes, { from: channels, to: 4 }, { kernel: [3, 3], strides: [2, 2] }),
  ]);
  network.steering(network.node('Tanh', [seen]), 4 * 5 * 11);
}

/** A convolution over each frame, whose features are joined by a dense layer. */
function overFrames(network: Network, planes: string, frames: number): void {
  const each = network.node('Reshape', [planes, network.ints(-1, 3, HEIGHT, WIDTH)]);
  const seen = network.node('Relu', [
    network.convolution(each, { from: 3, to: 2 }, { kernel: [3, 3], strides: [2, 2] }),
  ]);
  const joined = network.node('Reshape', [seen, network.ints(-1, frames * 2 * 5 * 11)]);
  network.steering(joined, frames * 2 * 5 * 11);
}

/** Features of the picture. */
function denseOf(network: Network, image: string, channels: number, features: number): string {
  const seen = network.node('Relu', [
    network.convolution(image, { from: channels, to: 2 }, { kernel: [3, 3], strides: [2, 2] }),
  ]);
  return network.node('Gemm', [
    network.node('Flatten', [seen]),
    network.floats([2 * 5 * 11, features], -0.1, 0.1),
    network.floats([features]),
  ]);
}

/** h' = (1 − z) h + z tanh(W x + U h), as in a gated recurrent unit. */
function recurrent(network: Network, state: string): void {
  const features = denseOf(network, network.input('image', ['N', 1, HEIGHT, WIDTH]), 1, 6);
  const before = network.node('Reshape', [state, network.ints(1, 6)]);
  const gate = network.node('Sigmoid', [
    network.node('Add', [features, network.node('MatMul', [before, network.floats([6, 6])])]),
  ]);
  const wanted = network.node('Tanh', [
    network.node('Add', [features, network.node('MatMul', [before, network.floats([6, 6])])]),
  ]);
  const moved = network.node('Mul', [gate, network.node('Sub', [wanted, before])]);
  const after = network.node('Add', [before, moved]);
  network.node('Reshape', [after, network.ints(1, 1, 6)], {}, 'h_out');
  network.node('MatMul', [after, network.floats([6, 1], -5, 5)], {}, 'steering');
}

/** What the log beside the video says of a frame. */
export const logged = (frame: number) => ({
  time: frame / 10,
  speed: 5 + frame,
  command: 1 + (Math.floor(frame / 3) % 4),
});

export const fedNetworks: readonly Fed[] = [
  {
    what: 'a constant',
    build: (network) => {
      const seen = denseOf(network, network.input('image', ['N', 3, HEIGHT, WIDTH]), 3, 6);
      const kept = network.node('Mul', [seen, network.input('keep_prob', [1])]);
      network.node(
        'MatMul',
        [network.node('Tanh', [kept]), network.floats([6, 1])],
        {},
        'steering',
      );
    },
    inputs: { image: { picture: { scale: 1 / 255 } }, keep_prob: { constant: 0.7 } },
    feeds: (back) => ({
      image: floats([1, 3, HEIGHT, WIDTH], scaled(laidOut(back(0).rgb))),
      keep_prob: floats([1], [0.7]),
    }),
  },
  {
    what: 'a signal of the log, and another one as one of four',
    isOfLog: true,
    build: (network) => {
      const seen = denseOf(network, network.input('image', ['N', 3, HEIGHT, WIDTH]), 3, 6);
      const [speed, command] = [
        network.input('speed', ['N', 1]),
        network.input('command', ['N', 4]),
      ];
      const all = network.node('Concat', [seen, speed, command], { axis: 1 });
      network.node(
        'MatMul',
        [network.node('Tanh', [all]), network.floats([11, 1])],
        {},
        'steering',
      );
    },
    inputs: {
      image: { picture: { scale: 1 / 255 } },
      speed: { signal: 'speed', unit: 'm/s', scale: 0.1, otherwise: 0 },
      command: { signal: 'command', oneHot: 4, offset: -1, otherwise: 2 },
    },
    feeds: (back, _, frame) => ({
      image: floats([1, 3, HEIGHT, WIDTH], scaled(laidOut(back(0).rgb))),
      speed: floats([1, 1], [0.1 * logged(frame).speed]),
      command: floats(
        [1, 4],
        [1, 2, 3, 4].map((each) => Number(each === logged(frame).command)),
      ),
    }),
  },
  {
    what: 'three colour frames along the channels, two frames of the drive apart',
    build: (network) => overPlanes(network, network.input('image', ['N', 9, HEIGHT, WIDTH]), 9),
    inputs: {
      image: { picture: { scale: 1 / 255, frames: { count: 3, step: 2, along: 'channels' } } },
    },
    feeds: (back) => ({
      image: floats(
        [1, 9, HEIGHT, WIDTH],
        scaled(laidOut([4, 2, 0].flatMap((steps) => back(steps).rgb))),
      ),
    }),
  },
  {
    what: 'ten grey frames as the last axis, the newest first',
    build: (network) => {
      const image = network.input('image', ['N', HEIGHT, WIDTH, 10]);
      overPlanes(network, network.node('Transpose', [image], { perm: [0, 3, 1, 2] }), 10);
    },
    inputs: {
      image: {
        picture: { scale: 1 / 255, color: 'gray', frames: { count: 10, order: 'newest-first' } },
      },
    },
    feeds: (back) => ({
      image: floats(
        [1, HEIGHT, WIDTH, 10],
        scaled(
          laidOut(
            range(10).map((steps) => back(steps).gray),
            true,
          ),
        ),
      ),
    }),
  },
  {
    what: 'a sequence of three frames with an axis of their own',
    build: (network) => overFrames(network, network.input('image', ['N', 3, 3, HEIGHT, WIDTH]), 3),
    inputs: { image: { picture: { scale: [0.01, 0.02, 0.03], offset: -1 } } },
    feeds: (back) => ({
      image: floats(
        [1, 3, 3, HEIGHT, WIDTH],
        laidOut(
          [2, 1, 0].flatMap((steps) =>
            back(steps).rgb.map((plane, color) =>
              plane.map((value) => value * [0.01, 0.02, 0.03][color]! - 1),
            ),
          ),
        ),
      ),
    }),
  },
  {
    what: 'a sequence with frames behind the channels',
    build: (network) => {
      const image = network.input('image', ['N', 3, 4, HEIGHT, WIDTH]);
      overFrames(network, network.node('Transpose', [image], { perm: [0, 2, 1, 3, 4] }), 4);
    },
    inputs: { image: { picture: { scale: 1 / 255, frames: { count: 4, along: 2 } } } },
    feeds: (back) => ({
      image: floats(
        [1, 3, 4, HEIGHT, WIDTH],
        scaled(laidOut(range(3).flatMap((color) => [3, 2, 1, 0].map((s) => back(s).rgb[color]!)))),
      ),
    }),
  },
  {
    what: 'a gated state that is fed back from frame to frame',
    build: (network) => recurrent(network, network.input('h_in', [1, 1, 6])),
    others: [{ name: 'h_out', type: 1, shape: [1, 1, 6] }],
    inputs: {
      image: { picture: { scale: 1 / 255, color: 'gray' } },
      h_in: { state: 'h_out', start: 0.3, warmUp: FRAMES },
    },
    feeds: (back, answers) => ({
      image: floats([1, 1, HEIGHT, WIDTH], scaled(back(0).gray)),
      h_in: floats([1, 1, 6], answers.at(-1)?.['h_out']!.data ?? Array(6).fill(0.3)),
    }),
  },
  {
    what: 'a stack of frames, and a buffer of the last features, which a sought frame warms up',
    build: (network) => {
      const image = network.input('image', ['N', 2, HEIGHT, WIDTH]);
      const features = network.node('Tanh', [denseOf(network, image, 2, 3)]);
      const buffer = network.node('Flatten', [network.input('buffer', ['N', 4, 3])]);
      const previous = network.input('previous', ['N', 3]);
      const all = network.node('Concat', [features, buffer, previous], { axis: 1 });
      const steering = network.node('MatMul', [all, network.floats([18, 1])]);
      network.node('Identity', [steering], {}, 'steering');
      network.node('Concat', [steering, features], { axis: 1 }, 'outputs');
    },
    others: [{ name: 'outputs', type: 1, shape: ['N', 4] }],
    inputs: {
      image: { picture: { scale: 1 / 255, color: 'gray' } },
      buffer: { state: 'outputs', elements: [1, 4], queue: true, warmUp: 3 },
      previous: { state: 'outputs', elements: [1, 4], start: [1, 2, 3], warmUp: 2 },
    },
    warmUp: 3,
    feeds: (back, answers) => {
      const features = answers.map((answer) => [...answer['outputs']!.data.slice(1)]);
      const queue = [...range(4).map(() => [0, 0, 0]), ...features].slice(-4);
      return {
        image: floats([1, 2, HEIGHT, WIDTH], scaled(laidOut([back(1).gray, back(0).gray]))),
        buffer: floats([1, 4, 3], queue.flat()),
        previous: floats([1, 3], features.at(-1) ?? [1, 2, 3]),
      };
    },
  },
  {
    what: 'three cameras of the drive',
    isOfCameras: true,
    build: (network) => {
      const features = ['left', 'center', 'right'].map((name) =>
        denseOf(network, network.input(name, [`batch_${name}`, 3, HEIGHT, WIDTH]), 3, 4),
      );
      const joined = network.node('Tanh', [network.node('Concat', features, { axis: 1 })]);
      network.node('MatMul', [joined, network.floats([12, 1])], {}, 'steering');
    },
    inputs: Object.fromEntries(
      ['left', 'center', 'right'].map((camera) => [camera, { picture: { camera, scale: 0.001 } }]),
    ),
    feeds: (back) =>
      Object.fromEntries(
        ['left', 'center', 'right'].map((camera) => [
          camera,
          floats([1, 3, HEIGHT, WIDTH], scaled(laidOut(back(0, camera).rgb), 0.001)),
        ]),
      ),
  },
  {
    what: 'two frames as six planes, of a wide camera too, with a buffer of features, as openpilot',
    isOfCameras: true,
    build: (network) => {
      const features = ['input_imgs', 'big_input_imgs'].map((name) => {
        const bytes = network.input(name, [1, 12, HEIGHT, WIDTH], DataType.uint8);
        const values = network.node('Cast', [bytes], { to: DataType.float });
        const centred = network.node('Div', [
          network.node('Sub', [values, network.constant(scalar(128))]),
          network.constant(scalar(500)),
        ]);
        return denseOf(network, centred, 12, 3);
      });
      const seen = network.node('Tanh', [network.node('Concat', features, { axis: 1 })]);
      const desire = network.node('Flatten', [network.input('desire', [1, 5, 2])]);
      const traffic = network.input('traffic_convention', [1, 2]);
      const buffer = network.node('Flatten', [network.input('features_buffer', [1, 3, 6])]);
      const all = network.node('Concat', [seen, desire, traffic, buffer], { axis: 1 });
      const plan = network.node('MatMul', [all, network.floats([36, 4])]);
      network.node('Concat', [plan, seen], { axis: 1 }, 'outputs');
      network.node('Identity', [plan], {}, 'steering');
    },
    shape: [1, 4],
    others: [{ name: 'outputs', type: 1, shape: [1, 10] }],
    inputs: {
      input_imgs: { picture: { camera: 'center', color: 'yuv420', frames: { count: 2 } } },
      big_input_imgs: { picture: { camera: 'right', color: 'yuv420', frames: { count: 2 } } },
      desire: { constant: 0 },
      traffic_convention: { constant: [0, 1] },
      features_buffer: { state: 'outputs', elements: [4, 10], queue: true },
    },
    // As many as the buffer holds.
    warmUp: 3,
    feeds: (back, answers) => {
      const six = (camera: string) =>
        new ort.Tensor(
          'uint8',
          Uint8Array.from(laidOut([1, 0].flatMap((steps) => back(steps, camera).six))),
          [1, 12, HEIGHT, WIDTH],
        );
      const features = answers.flatMap((answer) => [...answer['outputs']!.data.slice(4)]);
      return {
        input_imgs: six('center'),
        big_input_imgs: six('right'),
        desire: floats([1, 5, 2], Array(10).fill(0)),
        traffic_convention: floats([1, 2], [0, 1]),
        features_buffer: floats([1, 3, 6], [...Array(18).fill(0), ...features].slice(-18)),
      };
    },
  },
];
