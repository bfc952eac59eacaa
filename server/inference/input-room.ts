import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { ChainFeed } from './session-chain.ts';

export type Outputs = InferenceSession.OnnxValueMapType;

/** Room for a batch of each input, filled again for every call: ONNX Runtime reads it in place. */
export class InputRoom {
  readonly #inputBytes: readonly number[];
  readonly #inputs: readonly Uint8Array<ArrayBuffer>[];

  /** `frames`: as many as ever go in one batch. */
  constructor(inputBytes: readonly number[], frames: number) {
    this.#inputBytes = inputBytes;
    this.#inputs = inputBytes.map((bytes) => new Uint8Array(bytes * frames));
  }

  /** For each frame of a batch its inputs; what is missing is filled with the first frame. */
  fill(frames: readonly (readonly Uint8Array[])[], batch: number): void {
    for (let position = 0; position < batch; position++)
      (frames[position] ?? frames[0]!).forEach((bytes, input) =>
        this.#inputs[input]!.set(bytes, position * this.#inputBytes[input]!),
      );
  }

  /** `before`: outputs of the links before, by their number. */
  tensor(feed: ChainFeed, batch: number, before: readonly Outputs[]): Tensor {
    if (feed.from === 'link') return before[feed.link]![feed.output] as Tensor;
    if (feed.from === 'constant') return new Tensor('uint8', feed.bytes, [1, ...feed.dims]);
    const bytes = this.#inputs[feed.input]!.subarray(0, this.#inputBytes[feed.input]! * batch);
    if (feed.type === 'float32')
      return new Tensor('float32', new Float32Array(bytes.buffer, 0, bytes.length / 4), [
        batch,
        ...feed.dims,
      ]);
    return new Tensor('uint8', bytes, [batch, ...feed.dims]);
  }

  /** What a session is fed with. */
  tensors(
    feeds: readonly ChainFeed[],
    batch: number,
    before: readonly Outputs[],
  ): InferenceSession.OnnxValueMapType {
    return Object.fromEntries(feeds.map((feed) => [feed.name, this.tensor(feed, batch, before)]));
  }
}
