import { cropInFrame } from '../../shared/geometry.ts';
import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import type { Agreement, AttentionScore } from '../../shared/protocol/frame-message.ts';
import type { Grid, Layers } from '../data/mask-layers.ts';
import type { Surface } from '../render/surface.ts';
import { PaintRate } from './paint-rate.ts';
import { Presenter, type PresenterHandlers, type ReadyFrame } from './presenter.ts';

/** The frame that is on the screen now, with the numbers that came with it (display unit; NaN: no value). */
export interface PaintedFrame {
  readonly frame: number;
  readonly pts: number;
  readonly sequence: number;
  readonly generation: number;
  readonly steering: number;
  readonly driven: number;
  readonly hasMask: boolean;
  /** By method; those whose mask is on the screen. */
  readonly scores: ReadonlyMap<string, AttentionScore>;
  readonly agreement: Agreement | null;
}

export interface ScreenHandlers extends Omit<PresenterHandlers, 'paint'> {
  readonly toDisplay: (steering: number | null) => number;
}

/** What is on the screen: the picture with its masks, painted on the surfaces of all panes at the same time. */
export class Screen {
  painted = $state.raw<PaintedFrame | null>(null);
  paintedPerSecond = $state(0);
  /** Frames left out by the server and by this page. */
  skipped = $state(0);
  /** Called for a painted frame, after `painted` is set. */
  onPainted: (frame: PaintedFrame) => void = () => {};
  /** Frames on their way to the screen. */
  readonly presenter: Presenter;
  readonly #toDisplay: ScreenHandlers['toDisplay'];
  readonly #rate = new PaintRate((perSecond) => (this.paintedPerSecond = perSecond));
  readonly #surfaces = new Set<Surface>();
  /** A pane that comes later begins with it. */
  #picture: ImageBitmap | null = null;
  #streamed: Layers = { masks: new Map(), road: null, place: placeOf(null) };
  /** Results of methods that ran on the painted frame. */
  readonly #slowMasks = new Map<string, Grid>();
  #serverSkipped = 0;

  constructor({ toDisplay, ...handlers }: ScreenHandlers) {
    this.#toDisplay = toDisplay;
    this.presenter = new Presenter({ ...handlers, paint: (frame) => this.#paint(frame) });
  }

  /** Draws on this surface too, beginning with what is on the screen now. Answers how to end that. */
  attach(surface: Surface): () => void {
    this.#surfaces.add(surface);
    surface.paint(this.#picture, this.#layers);
    return () => this.#surfaces.delete(surface);
  }

  /** Something else is open: what is on the screen is not of it, unless it is its first picture, which comes before. */
  leaveFrame(): void {
    if (this.painted?.hasMask) this.painted = null;
    this.#slowMasks.clear();
  }

  countServerSkipped(frames: number): void {
    this.#serverSkipped = frames;
    this.#countSkipped();
  }

  close(): void {
    this.#rate.stop();
  }

  #paint({ message, picture, opened }: ReadyFrame): void {
    const masks = new Map(message.parts.filter(({ kind }) => kind === 'mask').map((part) => [part.method, part]));
    const streams = opened?.network.methods ?? [];
    if (masks.size > 0 && ![...masks.keys()].some((method) => streams.includes(method))) {
      this.#paintSlow(message.frame, masks, picture);
      return;
    }
    if (picture) {
      this.#picture?.close();
      this.#picture = picture;
    }
    if (message.frame !== this.painted?.frame) this.#slowMasks.clear();
    this.#streamed = { masks, road: message.parts.find(({ kind }) => kind === 'road') ?? null, place: placeOf(opened) };
    for (const surface of this.#surfaces) surface.paint(picture, this.#layers);
    const scored = streams.flatMap((method, index): [string, AttentionScore][] => {
      const score = message.scores[index];
      return score && masks.has(method) ? [[method, score]] : [];
    });
    this.painted = {
      frame: message.frame,
      pts: message.pts,
      sequence: message.sequence,
      generation: message.generation,
      steering: this.#toDisplay(message.steering),
      driven: this.#toDisplay(message.driven),
      hasMask: masks.size > 0,
      scores: new Map(scored),
      agreement: message.agreement,
    };
    this.#rate.count();
    this.#countSkipped();
    this.onPainted(this.painted);
  }

  /** The picture and everything else about the frame is on the screen already. */
  #paintSlow(frame: number, masks: ReadonlyMap<string, Grid>, picture: ImageBitmap | null): void {
    picture?.close();
    if (frame !== this.painted?.frame) return;
    for (const [method, grid] of masks) this.#slowMasks.set(method, grid);
    for (const surface of this.#surfaces) surface.paint(null, this.#layers);
  }

  #countSkipped(): void {
    this.skipped = this.#serverSkipped + this.presenter.skipped;
  }

  get #layers(): Layers {
    return { ...this.#streamed, masks: new Map([...this.#streamed.masks, ...this.#slowMasks]) };
  }
}

/** The crop in fractions of the frame; masks lie on it. */
function placeOf(opened: OpenedMessage | null): Layers['place'] {
  if (!opened) return { x: 0, y: 0, width: 1, height: 1 };
  const { size } = opened.recording;
  const crop = cropInFrame(opened.network.crop, size);
  return { x: crop.x / size.width, y: crop.y / size.height, width: crop.width / size.width, height: crop.height / size.height };
}
