import { pictureDims } from '../explain/iterative/method.ts';
import { reachOf } from '../inference/frame-stack.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { WorkerPool } from '../inference/worker-pool.ts';
import { attributes } from '../onnx/attributes.ts';
import type { Model } from '../onnx/graph.ts';
import { DataType } from '../onnx/tensor.ts';
import { writeModel } from '../onnx/write-model.ts';
import type { ImageFormat } from '../video/frame-source.ts';
import { feedWithBytes } from './frame-graph/frame-graph.ts';
import { stackedPicture } from './stacked-picture.ts';

export interface FrameTensors {
  /** What the decoder must deliver of a frame. */
  readonly format: ImageFormat;
  /**
   * The network's picture of a frame, float32 in its own units, shaped and ordered like its input
   * with a batch of one. `older`: bytes of the frames before, the newest first.
   */
  read(bytes: Uint8Array, older?: readonly Uint8Array[]): Promise<Float32Array>;
  /** So many frames before are seen too. */
  readonly reach: number;
}

const PICTURE = 'roadgaze/seen';

/**
 * Reads frames of a video with this colour matrix as the frame graph does: by the same nodes.
 * Throws SIDECAR_INVALID, MODEL_*.
 */
export function tensorsOfFrames(network: NetworkInfo, colorSpace: string): FrameTensors {
  const { image } = network;
  const shape = [image.batch ?? 'N', ...pictureDims(image).slice(1)];
  // The network without all of its layers: its picture, told as float32.
  const seen: Model = {
    source: network.source,
    irVersion: 8,
    opset: 13,
    otherOpsets: new Map(),
    metadata: new Map(),
    name: 'picture',
    initializers: new Map(),
    inputs: [{ name: image.name, type: image.type, shape }],
    nodes: [
      {
        op: 'Cast',
        domain: '',
        name: PICTURE,
        inputs: [image.name],
        outputs: [PICTURE],
        attributes: attributes({ to: DataType.float }),
      },
    ],
    outputs: [{ name: PICTURE, type: DataType.float, shape }],
  };
  const { model, format } = feedWithBytes(seen, network, image, colorSpace);
  const frame = model.inputs[0]!;
  const [, planes, pixels] = frame.shape as [unknown, number, number];
  const chain = {
    links: [
      {
        model: writeModel(model),
        source: network.source,
        feeds: [{ name: frame.name, from: 'call', input: 0, dims: [planes, pixels] }],
      },
    ],
    results: [{ link: 0, output: PICTURE }],
    inputBytes: [planes * pixels],
    batch: image.batch,
  } as const;
  return {
    format,
    reach: reachOf(network.stack),
    async read(bytes, older = []) {
      const pool = await WorkerPool.start({ chain, provider: 'cpu', threads: 1, maxBatch: 1 }, 1);
      try {
        const [picture] = await pool.run([stackedPicture(bytes, older, network.stack)], true);
        if (picture!.length !== pictureDims(image).reduce((product, dim) => product * dim, 1))
          throw new Error('the picture has another size than the network');
        return picture as Float32Array;
      } finally {
        await pool.close();
      }
    },
  };
}
