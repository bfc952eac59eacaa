import type { InferenceSession, TypedTensor } from 'onnxruntime-node';
import { PictureCoverer } from '../covers/covered-pictures.ts';
import { InputRoom } from './input-room.ts';
import type { PullStep, SessionChain } from './session-chain.ts';

/** A frame as it was explained. */
export interface ExplainedInputs {
  readonly inputs: readonly Uint8Array[];
  readonly mask: Uint8Array;
  readonly road: Uint8Array;
}

/**
 * The network's answers without what was looked at, and with the control cover: none where nothing
 * was covered, one where the control fits nowhere.
 */
export type PullAnswers = Float32Array;

/** Runs the step in a worker. */
export class PullRunner {
  readonly #session: InferenceSession;
  readonly #step: PullStep;
  readonly #batch: number;
  readonly #isFixed: boolean;
  readonly #room: InputRoom;
  readonly #coverer: PictureCoverer;

  /** `batch`: pictures at once; `isFixed`: not fewer. */
  constructor(
    session: InferenceSession,
    step: PullStep,
    { inputBytes }: Pick<SessionChain, 'inputBytes'>,
    batch: number,
    isFixed: boolean,
  ) {
    this.#session = session;
    this.#step = step;
    this.#batch = batch;
    this.#isFixed = isFixed;
    this.#room = new InputRoom(inputBytes, batch);
    this.#coverer = new PictureCoverer(step.coded);
  }

  /** One result for each frame. */
  async run(frames: readonly ExplainedInputs[]): Promise<PullAnswers[]> {
    const counts: number[] = [];
    const pictures: (readonly Uint8Array[])[] = [];
    for (const { inputs, mask, road } of frames) {
      const covered = this.#coverer.cover(inputs[this.#step.input]!, mask, road);
      const bytes = covered ? [covered.without, covered.control].filter((each) => each) : [];
      counts.push(bytes.length);
      for (const each of bytes) pictures.push(inputs.with(this.#step.input, each!));
    }
    const answers = new Float32Array(pictures.length);
    for (let first = 0; first < pictures.length; first += this.#batch)
      answers.set(await this.#answers(pictures.slice(first, first + this.#batch)), first);
    let read = 0;
    return counts.map((count) => answers.slice(read, (read += count)));
  }

  /** Runs once, so that the first frame does not wait for what a session makes at its first run. */
  async warmUp(): Promise<void> {
    await this.#run(this.#batch);
  }

  async #answers(pictures: readonly (readonly Uint8Array[])[]): Promise<Float32Array> {
    const batch = this.#isFixed ? this.#batch : pictures.length;
    this.#room.fill(pictures, batch);
    return (await this.#run(batch)).subarray(0, pictures.length);
  }

  async #run(batch: number): Promise<Float32Array> {
    const { link, output } = this.#step;
    const outputs = await this.#session.run(this.#room.tensors(link.feeds, batch, []), [output]);
    return (outputs[output] as TypedTensor<'float32'>).data;
  }
}
