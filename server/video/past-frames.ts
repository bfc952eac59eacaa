import { WHOLE_FRAME, type Fit } from '../../shared/geometry.ts';

export interface PastFrame {
  /** As of `DecodedFrame`. */
  readonly images: readonly Uint8Array[];
  readonly fit: Fit;
  /** Of other cameras at its time. */
  readonly beside: readonly Uint8Array[];
  /** As of `DecodedFrame`. */
  readonly display: Uint8Array | null;
}

/** What came before a frame, as far as the network looks back. */
export interface Past {
  /**
   * Pictures of the frames before, the newest first; at the drive's start fewer than the network
   * looks back. Nobody writes to them.
   */
  readonly older: readonly PastFrame[];
  /** Pictures of other cameras at the time of the frame. */
  readonly beside: readonly Uint8Array[];
  /** The same for frames that follow each other without a gap; another one for all others. */
  readonly run: object;
  /** Left out: the frame is the first one of all. */
  readonly memory?: Memory;
}

/**
 * What a network has in mind in front of a frame, and after it: numbers of each of its states.
 * `before` is null where nothing came before.
 */
export class Memory {
  readonly before: Promise<readonly Float32Array[]> | null;
  #after: Promise<readonly Float32Array[]> | null = null;

  constructor(before: Promise<readonly Float32Array[]> | null) {
    this.before = before;
  }

  /** null until the frame is explained. */
  get after(): Promise<readonly Float32Array[]> | null {
    return this.#after;
  }

  /** The first time that the frame is explained counts: others may be of a changed picture. */
  keep(after: Promise<readonly Float32Array[]>): void {
    if (this.#after) return;
    this.#after = after;
    // Its failure is met where it is needed; until then it must not count as unhandled.
    after.catch(() => {});
  }
}

/** The last frames of a stream. */
export class PastFrames {
  readonly #reach: number;
  readonly #pictures: number;
  #older: readonly PastFrame[] = [];
  #run = {};

  /** `pictures`: so many of each frame count. */
  constructor(reach: number, pictures: number) {
    this.#reach = reach;
    this.#pictures = pictures;
  }

  /** What came before a frame; from then on the frame is past too. */
  before(
    images: readonly Uint8Array[],
    { fit = WHOLE_FRAME, beside = [], display = null }: Partial<Omit<PastFrame, 'images'>> = {},
  ): Past {
    const older = this.#older;
    if (this.#reach > 0)
      this.#older = [
        { images: images.slice(0, this.#pictures), fit, beside, display },
        ...older,
      ].slice(0, this.#reach);
    return { older, beside, run: this.#run };
  }

  clear(): void {
    this.#older = [];
    this.#run = {};
  }
}
