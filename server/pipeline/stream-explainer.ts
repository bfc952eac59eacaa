import type { ShownOutput } from '../inference/explained-number.ts';
import type { NetworkPorts } from '../inference/network-ports.ts';
import type { Crop } from '../../shared/geometry.ts';
import type { Agreement, AttentionScore } from '../../shared/protocol/frame-message.ts';
import type { ImageFormat } from '../video/frame-source.ts';
import type { GivenInputs, LoggedInputs } from './frame-signals.ts';
import type { LooksBack, Moment } from './moments.ts';
import type { Past } from '../video/past-frames.ts';

/** What the page and the files must know about the explained network. */
export interface NetworkDescription {
  readonly name: string;
  /** SHA-256 of the model file, hex. */
  readonly digest: string;
  readonly crop: Crop | null;
  /** Mask size in pixels: the network's input size. */
  readonly mask: { readonly width: number; readonly height: number };
  /** Ids of the methods, in the order in which masks and scores come. */
  readonly methods: readonly string[];
  readonly output: Omit<ShownOutput, 'scale'>;
}

export interface FrameExplanation {
  /** In the sidecar's unit, sign as the network has it (`output.scale` applied). */
  readonly steering: number;
  /** One per method. The share of the first is what flags are found in. */
  readonly scores: readonly AttentionScore[];
  /**
   * Between the first two methods; null with one method, or where one of them gives nothing for
   * this picture.
   */
  readonly agreement: Agreement | null;
  /**
   * Size of the change of steering, in its unit, without what the first method marks densely off
   * the road, beyond the change by a control cover; 0 where it marks nothing so. null where it is
   * not known; left out where nobody asked for it.
   */
  readonly pull?: number | null;
  /**
   * One per method, uint8, row-major, mask.height × mask.width. Signed methods: 128 is zero, 1 and
   * 255 the largest size shown; others: 0 is zero, 255 the largest shown. Empty where only numbers
   * were asked for.
   */
  readonly masks: readonly Uint8Array[];
  /**
   * Road region on the mask's grid, uint8 0 or 255, after widening; null without one, and where
   * only numbers were asked for.
   */
  readonly road: Uint8Array | null;
}

export interface ExplainWish {
  /** Somebody waits for this frame: it overtakes those that wait. */
  readonly urgent?: boolean;
  /** Nobody looks at it: neither masks nor road are brought back. */
  readonly numbersOnly?: boolean;
  /** With its pull, where the explainer tells that. */
  readonly pull?: boolean;
  /** Inputs that a person sets by hand, in place of what was logged. */
  readonly given?: GivenInputs;
  /** What came before the frame; left out: the frame itself, over and over. */
  readonly past?: Past;
}

/**
 * Runs the compiled frame graph in worker threads. Calls may overlap; each result belongs to its
 * call.
 */
export interface StreamExplainer extends LooksBack {
  readonly network: NetworkDescription;
  /** What the decoder must deliver per frame. */
  readonly images: readonly ImageFormat[];
  /**
   * For the page and the terminal, e.g. {name:'cpu', workers:2, reason:'…', millisecondsPerFrame:
   * 0.9}.
   */
  readonly provider: ProviderReport;
  readonly memory:
    | (NonNullable<LooksBack['memory']> & {
        follow(frame: Moment, given?: GivenInputs): Promise<unknown>;
      })
    | null;
  /** Of a stack, masks are of the frame so many frames of the drive before the newest one. */
  readonly shownBack: number;
  /** What the network takes and gives. */
  readonly ports: NetworkPorts;
  /**
   * What was logged for its inputs at this time, in the sidecar's units; null where `otherwise`
   * stands in.
   */
  signalsAt(pts: number): LoggedInputs;
  /** How far the network is pulled by what it looks at off the road can be asked for. */
  readonly tellsPull: boolean;
  /** The log of the drive is part of what the network sees. */
  readonly takesSignals: boolean;
  /** What was taken for granted because no sidecar says otherwise; plain sentences for the user. */
  readonly assumptions: readonly string[];
  /**
   * Takes ownership of the images (their memory may be transferred to a worker). `pts` selects
   * ground-truth regions.
   */
  explain(
    images: readonly Uint8Array[],
    pts: number,
    wish?: ExplainWish,
  ): Promise<FrameExplanation>;
  close(): Promise<void>;
}

/** The same with these inputs set by hand in all frames, also those that lead up to one. */
export function withGiven(explainer: StreamExplainer, given: GivenInputs): StreamExplainer {
  const { memory } = explainer;
  return {
    ...explainer,
    memory: memory && { ...memory, follow: (frame) => memory.follow(frame, given) },
    explain: (images, pts, wish = {}) => explainer.explain(images, pts, { ...wish, given }),
  };
}

export interface ProviderReport {
  readonly name: 'cuda' | 'webgpu' | 'cpu';
  readonly workers: number;
  /** Median of the warm-up, milliseconds. */
  readonly millisecondsPerFrame: number;
  /** One line per provider that was not chosen, and why. */
  readonly passedOver: readonly string[];
}
