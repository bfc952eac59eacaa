import { cropInFrame, WHOLE_FRAME, type Crop, type Fit, type Size } from '../../shared/geometry.ts';
import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import type { FrameMessage } from '../../shared/protocol/decode-frame.ts';
import type { Grid, Layers } from '../data/mask-layers.ts';
import { shownNumbers } from '../data/measure-units.ts';
import { steeringUnit } from '../data/steering-unit.ts';
import type { Commands } from './commands.ts';
import type { FrameFilter } from './frame-filter.ts';
import type { OpenDrive } from './open-drive.svelte.ts';
import { PaintRate } from './paint-rate.ts';
import { Presenter, type Picture, type PictureTools, type ReadyFrame } from './presenter.ts';
import { Signal } from './signal.ts';

/**
 * The frame that is on the screen now, with the numbers that came with it (display unit; NaN: no
 * value).
 */
export interface PaintedFrame {
  readonly frame: number;
  readonly pts: number;
  readonly sequence: number;
  readonly generation: number;
  readonly hasMask: boolean;
  /** Of the frame, and between the first two methods; by the measure's id. */
  readonly values: Readonly<Record<string, number>>;
  /** By method, those whose mask is on the screen; then by the measure's id. */
  readonly scores: ReadonlyMap<string, Readonly<Record<string, number>>>;
  /** What of the picture the frame fills. */
  readonly fit: Fit;
  /** What was logged for the network's inputs. */
  readonly inputs: NonNullable<FrameMessage['inputs']>;
}

/** What frames are painted on. */
export interface PaintedSurface<P extends Picture> {
  /** Without a picture only the layers change: they belong to the picture already there. */
  paint(picture: P | null, layers: Layers): void;
}

/** What a screen shows, and by what it is decided whether it does. */
export interface ScreenParts {
  readonly commands: Commands;
  readonly drive: OpenDrive;
  readonly filter: FrameFilter;
}

const WHOLE_PICTURE = { x: 0, y: 0, width: 1, height: 1 } as const;

/**
 * What is on the screen: the picture with its masks, painted on the surfaces of all panes at the
 * same time.
 */
export class Screen<P extends Picture> {
  painted = $state.raw<PaintedFrame | null>(null);
  paintedPerSecond = $state(0);
  /** Frames left out by the server and by this page. */
  skipped = $state(0);
  /** A frame was painted; it is `painted`. */
  readonly arrived = new Signal<PaintedFrame>();
  /** Frames on their way to the screen. */
  readonly #presenter: Presenter<P>;
  readonly #rate: PaintRate;
  readonly #surfaces = new Set<PaintedSurface<P>>();
  /** A pane that comes later begins with it. */
  #picture: P | null = null;
  readonly #drive: OpenDrive;
  #streamed: Layers = { masks: new Map(), road: null, place: WHOLE_PICTURE };
  /** Results of methods that ran on the painted frame. */
  readonly #slowMasks = new Map<string, Grid>();
  #serverSkipped = 0;

  constructor({ commands, drive, filter }: ScreenParts, tools: PictureTools<P>) {
    this.#drive = drive;
    this.#rate = new PaintRate(tools, (perSecond) => (this.paintedPerSecond = perSecond));
    this.#presenter = new Presenter(
      {
        wanted: (frame) => filter.wants(frame),
        acknowledge: (sequence) => commands.send({ type: 'painted', sequence }),
        paint: (frame) => this.#paint(frame),
      },
      tools,
    );
    commands.outdated.on(() => this.#presenter.refresh());
    drive.begun.on(({ again }) => {
      if (!again) this.#leaveFrame();
      this.#presenter.refresh();
    });
  }

  /**
   * Frames painted, and frames thrown away because newer ones were ready, since the page was
   * loaded.
   */
  get counts(): { readonly painted: number; readonly skipped: number } {
    const { painted, skipped } = this.#presenter;
    return { painted, skipped };
  }

  /**
   * Takes one frame message. Throws PROTOCOL_VIOLATION where it is not one. `opened`: what is open
   * now.
   */
  receive(bytes: Uint8Array, opened: OpenedMessage | null): void {
    this.#presenter.receive(bytes, opened);
  }

  /** There is a new connection: its frames are counted from 0 again. */
  restart(): void {
    this.#presenter.restart();
  }

  /**
   * Draws on this surface too, beginning with what is on the screen now. Answers how to end that.
   */
  attach(surface: PaintedSurface<P>): () => void {
    this.#surfaces.add(surface);
    surface.paint(this.#picture, this.#layers);
    return () => this.#surfaces.delete(surface);
  }

  countServerSkipped(frames: number): void {
    this.#serverSkipped = frames;
    this.#countSkipped();
  }

  /** What methods of many passes found of the frame does not hold any more. */
  forgetSlow(): void {
    this.#slowMasks.clear();
  }

  /** Nothing is open. */
  clear(): void {
    this.painted = null;
  }

  close(): void {
    this.#rate.stop();
  }

  /**
   * Something else is open: what is on the screen is not of it, unless it is its first picture,
   * which comes before.
   */
  #leaveFrame(): void {
    if (this.painted?.hasMask) this.painted = null;
    this.#slowMasks.clear();
  }

  #paint({ message, picture, opened }: ReadyFrame<P>): void {
    const masks = new Map(
      message.parts.filter(({ kind }) => kind === 'mask').map((part) => [part.method, part]),
    );
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
    this.#streamed = {
      masks,
      road: message.parts.find(({ kind }) => kind === 'road') ?? null,
      place: opened ? placeOf(opened.network.crop, this.#drive.described.size) : WHOLE_PICTURE,
    };
    for (const surface of this.#surfaces) surface.paint(picture, this.#layers);
    const factor = opened ? steeringUnit(opened.network).factor : NaN;
    const scored = streams.flatMap((method, index) => {
      const score = message.scores[index];
      return score && masks.has(method)
        ? [[method, shownNumbers('method', score, factor)] as const]
        : [];
    });
    this.painted = {
      frame: message.frame,
      pts: message.pts,
      sequence: message.sequence,
      generation: message.generation,
      hasMask: masks.size > 0,
      values: {
        ...shownNumbers('frame', message, factor),
        ...shownNumbers('pair', message.agreement ?? {}, factor),
      },
      scores: new Map(scored),
      fit: message.fit ?? WHOLE_FRAME,
      inputs: message.inputs ?? {},
    };
    this.#rate.count();
    this.#countSkipped();
    this.arrived.emit(this.painted);
  }

  /** The picture and everything else about the frame is on the screen already. */
  #paintSlow(frame: number, masks: ReadonlyMap<string, Grid>, picture: P | null): void {
    picture?.close();
    if (frame !== this.painted?.frame) return;
    for (const [method, grid] of masks) this.#slowMasks.set(method, grid);
    for (const surface of this.#surfaces) surface.paint(null, this.#layers);
  }

  #countSkipped(): void {
    this.skipped = this.#serverSkipped + this.#presenter.skipped;
  }

  get #layers(): Layers {
    return { ...this.#streamed, masks: new Map([...this.#streamed.masks, ...this.#slowMasks]) };
  }
}

/** The crop in fractions of the frame; masks lie on it. */
function placeOf(wanted: Crop | null, size: Size): Layers['place'] {
  const crop = cropInFrame(wanted, size);
  return {
    x: crop.x / size.width,
    y: crop.y / size.height,
    width: crop.width / size.width,
    height: crop.height / size.height,
  };
}
