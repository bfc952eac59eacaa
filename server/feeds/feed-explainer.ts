import type { RoadSpecification } from '../attention/road-specification.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import type {
  StreamExplainer,
  FrameExplanation,
  NetworkDescription,
} from '../pipeline/stream-explainer.ts';
import { streamedChoices } from '../pipeline/frame-graph/names.ts';
import { openStreamExplainer } from '../pipeline/open-stream-explainer.ts';
import type { LiveSignals } from '../pipeline/frame-signals.ts';
import type { PlaybackPriority } from '../pipeline/playback-priority.ts';
import type { ImageFormat } from '../video/frame-source.ts';
import { Memory, type Past } from '../video/past-frames.ts';

/**
 * An explanation with the network's description as it was made by: its methods may change under
 * way.
 */
export interface FeedExplanation extends FrameExplanation {
  readonly network: NetworkDescription;
}

export interface FeedExplainerRequest {
  readonly modelPath: string;
  readonly road: RoadSpecification;
  readonly methods: readonly string[];
  /** Frames are told how far the network is pulled by what it looks at off the road. */
  readonly pull?: boolean | undefined;
  readonly wish: ProviderWish;
  readonly priority: PlaybackPriority;
  /** For networks that are fed with what the vehicle tells. */
  readonly told: LiveSignals;
  /** Ends the opening at once. */
  readonly signal?: AbortSignal | undefined;
}

/** What may change under way. */
export interface ExplainerChange {
  readonly methods?: readonly string[];
  readonly road?: RoadSpecification;
  readonly colorSpace?: string;
}

/**
 * What a feed's frames are taken for. Crops and roads are in fractions of the frame, so that its
 * size does not matter but for rounding.
 */
const FRAME = { width: 1280, height: 720 } as const;

interface Plan {
  readonly methods: readonly string[];
  readonly road: RoadSpecification;
  readonly colorSpace: string;
}

interface Use {
  readonly plan: Plan;
  readonly explainer: StreamExplainer;
  readonly running: Set<Promise<unknown>>;
}

/** The network of a feed, with methods, road and colours that can be changed while frames come. */
export class FeedExplainer {
  readonly #request: FeedExplainerRequest;
  /** What the decoder delivers. */
  readonly images: readonly ImageFormat[];
  /** So many frames the network looks back. */
  readonly reach: number;
  #use: Use;
  #changing: Promise<void> = Promise.resolve();
  #keepsColors = false;
  /** The live frame that the network saw last. */
  #seen: Pick<Past, 'run' | 'memory'> | null = null;
  /** Aborted where this is closed: a change under way ends with it. */
  readonly #stop = new AbortController();

  /** Throws what `openStreamExplainer` does, and the signal's reason. */
  static async open(request: FeedExplainerRequest): Promise<FeedExplainer> {
    const { methods, road, signal } = request;
    return new FeedExplainer(
      request,
      await use(request, { methods, road, colorSpace: 'unknown' }, signal),
    );
  }

  private constructor(request: FeedExplainerRequest, first: Use) {
    this.#request = request;
    this.#use = first;
    this.images = first.explainer.images;
    this.reach = first.explainer.reach;
  }

  /** The one in use: another object after a change. */
  get current(): StreamExplainer {
    return this.#use.explainer;
  }

  get road(): RoadSpecification {
    return this.#use.plan.road;
  }

  get modelPath(): string {
    return this.#request.modelPath;
  }

  /** Takes ownership of the images. `time` is feed time. */
  async explain(images: readonly Uint8Array[], time: number, past: Past): Promise<FeedExplanation> {
    const { explainer, running } = this.#use;
    const release = this.#request.priority.hold();
    // One without a road network takes fewer.
    const work = explainer.explain(images.slice(0, explainer.images.length), time, {
      urgent: true,
      pull: true,
      past: explainer.memory && !past.memory ? this.#remembering(past) : past,
    });
    running.add(work);
    try {
      return { ...(await work), network: explainer.network };
    } finally {
      running.delete(work);
      release();
    }
  }

  /** Of a live frame: what the network had in mind after the one that it saw before. */
  #remembering(past: Past): Past {
    const { run, memory: before } = this.#seen ?? {};
    const memory = new Memory(run === past.run ? (before?.after ?? null) : null);
    this.#seen = { run: past.run, memory };
    return { ...past, memory };
  }

  /**
   * Resolves when frames are explained so; changes wait for one another. Throws METHOD_*,
   * ROAD_INVALID, INFERENCE_FAILED: then all stays as it was.
   */
  change(wanted: ExplainerChange): Promise<void> {
    const change = this.#changing.then(() => this.#change(wanted));
    this.#changing = change.catch(() => {});
    return change;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#changing;
    await end(this.#use);
  }

  async #change(wanted: ExplainerChange): Promise<void> {
    const before = this.#use;
    const colorSpace = this.#keepsColors
      ? before.plan.colorSpace
      : (wanted.colorSpace ?? before.plan.colorSpace);
    const plan = { ...before.plan, ...wanted, colorSpace };
    if (this.#stop.signal.aborted || JSON.stringify(plan) === JSON.stringify(before.plan)) return;
    const next = await use(this.#request, plan, this.#stop.signal);
    if (
      JSON.stringify(next.explainer.images) !==
      JSON.stringify(this.images.slice(0, next.explainer.images.length))
    ) {
      // Of a network that sees grey, colours that are coded otherwise would need other pictures;
      // its grey stays nearly right.
      this.#keepsColors = true;
      return end(next);
    }
    this.#use = next;
    await end(before);
  }
}

async function use(
  { modelPath, pull = false, wish, told }: FeedExplainerRequest,
  plan: Plan,
  signal?: AbortSignal,
): Promise<Use> {
  const { methods, road, colorSpace } = plan;
  const explainer = await openStreamExplainer({
    modelPath,
    road,
    video: { ...FRAME, colorSpace },
    methods: streamedChoices(methods),
    pull,
    wish,
    told,
    ...(signal ? { signal } : {}),
  });
  return { plan, explainer, running: new Set() };
}

async function end({ explainer, running }: Use): Promise<void> {
  await Promise.allSettled(running);
  await explainer.close();
}
