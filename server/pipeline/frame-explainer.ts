import type { Crop } from '../../shared/geometry.ts';
import type { ImageFormat } from '../video/frame-source.ts';

/** What the page and the files must know about the explained network. */
export interface NetworkDescription {
  readonly name: string;
  /** SHA-256 of the model file, hex. */
  readonly digest: string;
  readonly crop: Crop | null;
  /** Mask size in pixels: the network's input size. */
  readonly mask: { readonly width: number; readonly height: number };
  readonly method: string;
  readonly output: { readonly quantity: string | null; readonly unit: string | null; readonly positive: 'left' | 'right' | null };
}

export interface FrameExplanation {
  /** In the sidecar's unit, sign as the network has it (`output.scale` applied). */
  readonly steering: number;
  /** uint8, row-major, mask.height × mask.width; 0 = no attention, 255 = the frame's maximum. */
  readonly mask: Uint8Array;
  /** Mask mass inside the widened road region ÷ mask mass, 0..1; null without a road region or with an empty mask. */
  readonly onRoad: number | null;
  /** Road region on the mask's grid, uint8 0 or 255, after widening; null without one. */
  readonly road: Uint8Array | null;
}

/** Runs the compiled frame graph in worker threads. Calls may overlap; each result belongs to its call. */
export interface FrameExplainer {
  readonly network: NetworkDescription;
  /** What the decoder must deliver per frame. */
  readonly images: readonly ImageFormat[];
  /** For the page and the terminal, e.g. {name:'cpu', workers:2, reason:'…', millisecondsPerFrame: 0.9}. */
  readonly provider: ProviderReport;
  /** What was taken for granted because no sidecar says otherwise; plain sentences for the user. */
  readonly assumptions: readonly string[];
  /**
   * Takes ownership of the images (their memory may be transferred to a worker). `pts` selects ground-truth regions.
   * An urgent frame, one that somebody waits for, overtakes those that wait.
   */
  explain(images: readonly Uint8Array[], pts: number, urgent?: boolean): Promise<FrameExplanation>;
  close(): Promise<void>;
}

export interface ProviderReport {
  readonly name: 'cuda' | 'webgpu' | 'cpu';
  readonly workers: number;
  /** Median of the warm-up, milliseconds. */
  readonly millisecondsPerFrame: number;
  /** One line per provider that was not chosen, and why. */
  readonly passedOver: readonly string[];
}
