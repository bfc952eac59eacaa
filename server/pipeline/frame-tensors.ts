import { pictureDims } from '../explain/iterative/method.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { WorkerPool } from '../inference/worker-pool.ts';
import { attributes } from '../onnx/attributes.ts';
import type { Model } from '../onnx/graph.ts';
import { DataType, elementCount } from '../onnx/tensor.ts';
import { writeModel } from '../onnx/write-model.ts';
import type { Past } from '../video/past-frames.ts';
import { feedWithBytes, type ColorSpaces } from './frame-graph/frame-graph.ts';
import type { BesidePicture } from './frame-signals.ts';
import { picturePlan, type PicturePlan } from './picture-plan.ts';

/** Pictures of a network at a moment, float32 in its own units, shaped like its inputs. */
export interface MomentTensors {
  /** Of the picture that is explained. */
  readonly picture: Float32Array;
  /** Of the others, in the network's order. */
  readonly beside: readonly BesidePicture[];
}

export interface FrameTensors extends Pick<PicturePlan, 'images' | 'others' | 'reach'> {
  readonly memory: null;
  /** `images` begins with those that are asked for. */
  read(images: readonly Uint8Array[], past?: Past): Promise<MomentTensors>;
  /** For many frames; whoever opens it closes it. */
  open(): Promise<FrameReader>;
}

export interface FrameReader extends Pick<FrameTensors, 'read'> {
  close(): Promise<void>;
}

const seenAs = (index: number) => `roadgaze/seen/${index}`;

/**
 * Reads frames of a video with this colour matrix as the frame graph does: by the same nodes.
 * Throws SIDECAR_INVALID, MODEL_*.
 */
export function tensorsOfFrames(network: NetworkInfo, colorSpaces: ColorSpaces): FrameTensors {
  const images = network.pictures.map(({ image }) => image);
  const batch = images[0]!.batch;
  const shapes = images.map((image) => [batch ?? 'N', ...pictureDims(image).slice(1)]);
  // The network without all of its layers: its pictures, told as float32.
  const seen: Model = {
    source: network.source,
    irVersion: 8,
    opset: 13,
    otherOpsets: new Map(),
    metadata: new Map(),
    name: 'picture',
    initializers: new Map(),
    inputs: images.map(({ name, type }, index) => ({ name, type, shape: shapes[index]! })),
    nodes: images.map(({ name }, index) => ({
      op: 'Cast',
      domain: '',
      name: seenAs(index),
      inputs: [name],
      outputs: [seenAs(index)],
      attributes: attributes({ to: DataType.float }),
    })),
    outputs: images.map((_, index) => ({
      name: seenAs(index),
      type: DataType.float,
      shape: shapes[index]!,
    })),
  };
  const { model, pictures } = feedWithBytes(seen, network, colorSpaces);
  const plan = picturePlan(network, pictures);
  const chain = {
    links: [
      {
        model: writeModel(model),
        source: network.source,
        feeds: plan.feeds(images.map((_, index) => index)),
      },
    ],
    results: images.map((_, index) => ({ link: 0, output: seenAs(index) })),
    inputBytes: plan.inputBytes,
    batch,
  };
  const open = async (): Promise<FrameReader> => {
    const pool = await WorkerPool.start({ chain, provider: 'cpu', threads: 1, maxBatch: 1 }, 1);
    return {
      async read(bytes, past) {
        const values = (await pool.run(plan.bytes(bytes, past), true)) as Float32Array[];
        const found = values.map((each, index) => ({
          values: each,
          dims: pictureDims(images[index]!),
        }));
        if (found.some((each) => each.values.length !== elementCount(each.dims)))
          throw new Error('the picture has another size than the network');
        const [own, ...beside] = found;
        return { picture: own!.values, beside };
      },
      close: () => pool.close(),
    };
  };
  return {
    images: plan.images,
    others: plan.others,
    reach: plan.reach,
    memory: null,
    open,
    async read(bytes, past) {
      const reader = await open();
      try {
        return await reader.read(bytes, past);
      } finally {
        await reader.close();
      }
    },
  };
}
