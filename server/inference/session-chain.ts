import type { CodedPictures } from '../covers/covered-pictures.ts';

/**
 * What a worker runs per call: models one after another, each fed from the call's inputs or from an
 * earlier link's output. First axis of every tensor is the batch.
 */
export interface SessionChain {
  readonly links: readonly ChainLink[];
  /** What a call gives back, one typed array per frame and entry. */
  readonly results: readonly ChainResult[];
  /** Bytes per frame of each input of a call. */
  readonly inputBytes: readonly number[];
  /**
   * Frames in every run, where a model fixes that: what is missing is filled with the first frame.
   * Left out or null: as many as there are.
   */
  readonly batch?: number | null;
  /** What follows the links, and gives one more result behind the others: see `PullAnswers`. */
  readonly pull?: PullStep | undefined;
}

export interface ChainLink {
  /** A serialised ONNX model, or the path of a file with it. */
  readonly model: Uint8Array | string;
  /** Named in messages. */
  readonly source: string;
  /** Bytes that running it takes for each picture, and once for each worker. */
  readonly demand?: { readonly perPicture: number; readonly once: number };
  /** Of the model; few where this is left out. */
  readonly nodes?: number;
  readonly feeds: readonly ChainFeed[];
}

export type ChainFeed = { readonly name: string } &
  /** [N, …dims] from input `input` of the call; uint8 unless `type` says otherwise. */
  (
    | {
        readonly from: 'call';
        readonly input: number;
        readonly dims: readonly number[];
        readonly type?: 'uint8' | 'float32';
      }
    /**
     * The same uint8 [1, …dims] for every frame. A link that is fed only so runs once; its outputs
     * are uint8.
     */
    | { readonly from: 'constant'; readonly bytes: Uint8Array; readonly dims: readonly number[] }
    | { readonly from: 'link'; readonly link: number; readonly output: string }
  );

export interface ChainResult {
  readonly link: number;
  readonly output: string;
  /**
   * A plane that is only looked at: not brought back for frames that are asked for without details.
   */
  readonly detail?: boolean;
}

/**
 * What follows the links of a chain: the network's answer once more, to pictures without what was
 * looked at off the road.
 */
export interface PullStep {
  /** The network alone: fed from the call only, one float for each picture as its only output. */
  readonly link: ChainLink;
  readonly output: string;
  /** The input of a call that is covered. */
  readonly input: number;
  readonly coded: CodedPictures;
  /** uint8 planes of the chain. */
  readonly mask: ChainResult;
  readonly road: ChainResult;
}

/** For each result its values for one frame; null for what was not asked for. */
export type FrameValues = readonly (Uint8Array | Float32Array | null)[];

export type ProviderName = 'cuda' | 'webgpu' | 'cpu';

export interface WorkerSettings {
  readonly chain: SessionChain;
  readonly provider: ProviderName;
  readonly threads: number;
  readonly maxBatch: number;
}

/** What a warm-up found, in milliseconds. */
export interface WarmUp {
  /** For one frame alone. */
  readonly millisecondsPerFrame: number;
  /**
   * For each frame of a full batch; where batches gain little (on the CPU) or one frame is slow,
   * for one frame alone.
   */
  readonly millisecondsInBatch: number;
}

export interface WorkerFrame {
  /** One buffer per input of the chain. */
  readonly inputs: readonly Uint8Array[];
  readonly detailed: boolean;
  /** Where the chain has such a step: the network is asked again, without what it looked at. */
  readonly pull: boolean;
}

export type WorkerRequest = { readonly id: number; readonly frames: readonly WorkerFrame[] };

/** `end` lets the worker go when it has done what was asked before. */
export type WorkerMessage = WorkerRequest | 'end';

export type WorkerReply =
  | { readonly kind: 'ready'; readonly warmUp: WarmUp }
  | { readonly kind: 'refused'; readonly source: string; readonly reason: string }
  | { readonly kind: 'done'; readonly id: number; readonly frames: readonly FrameValues[] }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };
