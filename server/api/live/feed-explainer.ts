import type { RoadSpecification } from '../../attention/road-specification.ts';
import type { ProviderWish } from '../../inference/choose-provider.ts';
import type { FrameExplainer, FrameExplanation, NetworkDescription } from '../../pipeline/frame-explainer.ts';
import { openExplainer } from '../../pipeline/open-explainer.ts';

/** An explanation with the network's description as it was made by: its methods may change under way. */
export interface FeedExplanation extends FrameExplanation {
  readonly network: NetworkDescription;
}

export interface FeedExplainerRequest {
  readonly modelPath: string;
  readonly road: RoadSpecification;
  readonly methods: readonly string[];
  readonly wish: ProviderWish;
}

/**
 * What a feed's frames are taken for before they are seen. Crops and roads are in fractions of the frame, so that its size does not matter but for
 * rounding. The matrix of the colours is what an untagged stream has.
 */
const FRAME = { width: 1280, height: 720, colorSpace: 'unknown' } as const;

interface Use {
  readonly explainer: FrameExplainer;
  readonly running: Set<Promise<unknown>>;
}

/** The network of a feed, with methods that can be changed while frames come. */
export class FeedExplainer {
  readonly #request: FeedExplainerRequest;
  #use: Use;
  #changing: Promise<void> = Promise.resolve();
  #closed = false;

  /** Throws what `openExplainer` does. */
  static async open(request: FeedExplainerRequest): Promise<FeedExplainer> {
    return new FeedExplainer(request, await openWith(request, request.methods));
  }

  private constructor(request: FeedExplainerRequest, explainer: FrameExplainer) {
    this.#request = request;
    this.#use = { explainer, running: new Set() };
  }

  /** The one in use: another object after a change of methods. Its images are always the same. */
  get current(): FrameExplainer {
    return this.#use.explainer;
  }

  get road(): RoadSpecification {
    return this.#request.road;
  }

  get modelPath(): string {
    return this.#request.modelPath;
  }

  /** Takes ownership of the images. `time` is feed time. */
  async explain(images: readonly Uint8Array[], time: number): Promise<FeedExplanation> {
    const { explainer, running } = this.#use;
    const work = explainer.explain(images, time, { urgent: true });
    running.add(work);
    try {
      return { ...(await work), network: explainer.network };
    } finally {
      running.delete(work);
    }
  }

  /** Resolves when frames are explained by these methods; changes wait for one another. Throws METHOD_* and INFERENCE_FAILED: then all stays as it was. */
  setMethods(methods: readonly string[]): Promise<void> {
    const change = this.#changing.then(() => this.#change(methods));
    this.#changing = change.catch(() => {});
    return change;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#changing;
    await end(this.#use);
  }

  async #change(methods: readonly string[]): Promise<void> {
    const before = this.#use;
    if (this.#closed || JSON.stringify(methods) === JSON.stringify(before.explainer.network.methods)) return;
    this.#use = { explainer: await openWith(this.#request, methods), running: new Set() };
    await end(before);
  }
}

function openWith({ modelPath, road, wish }: FeedExplainerRequest, methods: readonly string[]): Promise<FrameExplainer> {
  return openExplainer({ modelPath, road, video: FRAME, methods: methods.map((id) => ({ id })), wish });
}

async function end({ explainer, running }: Use): Promise<void> {
  await Promise.allSettled(running);
  await explainer.close();
}
