import type { Rectangle, Size } from '../../shared/geometry.ts';
import type { Compose, Grid, Layers, MaskLayer } from '../data/mask-layers.ts';
import { traceOutline, type Polyline } from '../data/road-outline.ts';
import { MaskImage } from './mask-image.ts';

export interface OverlayStyle {
  readonly compose: Compose;
  /** A guessed road is dashed. */
  readonly outline: 'known' | 'guess' | null;
}

/** More pixels than this across bring nothing for a smooth mask, but cost time on large screens. */
const WIDEST_OVERLAY = 1920;
const NOTHING: Layers = {
  masks: new Map(),
  road: null,
  place: { x: 0, y: 0, width: 1, height: 1 },
};

/**
 * The picture, in its own pixels, and over it the overlay (mask and road outline) in the screen's
 * pixels.
 */
export class Surface {
  readonly #picture: HTMLCanvasElement;
  readonly #overlay: HTMLCanvasElement;
  readonly #pictureContext: CanvasRenderingContext2D;
  readonly #overlayContext: CanvasRenderingContext2D;
  /** One for each mask that lies over the picture at the same time. */
  readonly #maskImages: MaskImage[] = [];
  #layers = NOTHING;
  #style: OverlayStyle;
  /** Overlay pixels per line-width unit: a CSS pixel, more on very large pictures. */
  #lineUnit = 1;
  #traced: { road: Grid; lines: Polyline[] } | null = null;

  constructor(picture: HTMLCanvasElement, overlay: HTMLCanvasElement, style: OverlayStyle) {
    this.#picture = picture;
    this.#overlay = overlay;
    this.#pictureContext = contextOf(picture, false);
    this.#overlayContext = contextOf(overlay, true);
    this.#style = style;
  }

  /**
   * Draws a frame with its layers. Without a picture only the layers change: they belong to the
   * picture already there.
   */
  paint(picture: ImageBitmap | null, layers: Layers): void {
    if (picture) {
      if (this.#picture.width !== picture.width || this.#picture.height !== picture.height) {
        this.#picture.width = picture.width;
        this.#picture.height = picture.height;
      }
      this.#pictureContext.drawImage(picture, 0, 0);
    }
    this.#layers = layers;
    this.#drawOverlay();
  }

  restyle(style: OverlayStyle): void {
    this.#style = style;
    this.#drawOverlay();
  }

  /** Size on the screen in CSS pixels. */
  resize(size: Size, devicePixelRatio: number): void {
    if (size.width < 1 || size.height < 1) return;
    const scale = Math.min(devicePixelRatio, WIDEST_OVERLAY / size.width);
    this.#lineUnit = scale * Math.max(1, size.width / 1300);
    this.#overlay.width = Math.round(size.width * scale);
    this.#overlay.height = Math.round(size.height * scale);
    this.#drawOverlay();
  }

  #drawOverlay(): void {
    const context = this.#overlayContext;
    const { width, height } = this.#overlay;
    context.clearRect(0, 0, width, height);
    const { masks, road, place } = this.#layers;
    const target = {
      x: place.x * width,
      y: place.y * height,
      width: place.width * width,
      height: place.height * height,
    };
    this.#style.compose(masks).forEach((layer, index) => this.#drawMask(layer, index, target));
    if (road && this.#style.outline) this.#drawOutline(road, target);
  }

  #drawMask({ grid, table, from, to }: MaskLayer, index: number, target: Rectangle): void {
    const context = this.#overlayContext;
    const { width, height } = this.#overlay;
    const image = (this.#maskImages[index] ??= new MaskImage()).render(
      grid.bytes,
      grid.width,
      grid.height,
      table,
    );
    context.save();
    context.beginPath();
    context.rect(from * width, 0, (to - from) * width, height);
    context.clip();
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, target.x, target.y, target.width, target.height);
    context.restore();
  }

  /** A light line on a dark one, so that it is seen on any picture. */
  #drawOutline(road: Grid, target: Rectangle): void {
    const path = new Path2D();
    const sx = target.width / road.width;
    const sy = target.height / road.height;
    for (const line of this.#linesOf(road)) {
      for (let i = 0; i < line.length; i += 2) {
        const x = target.x + (line[i] as number) * sx;
        const y = target.y + (line[i + 1] as number) * sy;
        if (i === 0) path.moveTo(x, y);
        else path.lineTo(x, y);
      }
    }
    const context = this.#overlayContext;
    context.lineJoin = 'round';
    context.setLineDash(
      this.#style.outline === 'guess' ? [7 * this.#lineUnit, 6 * this.#lineUnit] : [],
    );
    context.lineWidth = 3.25 * this.#lineUnit;
    context.strokeStyle = 'rgb(0 0 0 / 45%)';
    context.stroke(path);
    context.lineWidth = 1.25 * this.#lineUnit;
    context.strokeStyle = 'rgb(236 244 240 / 92%)';
    context.stroke(path);
  }

  /** A fixed polygon is the same region in every frame: it is traced once. */
  #linesOf(road: Grid): Polyline[] {
    if (!this.#traced || !sameGrid(this.#traced.road, road)) {
      this.#traced = { road, lines: traceOutline(road.bytes, road.width, road.height) };
    }
    return this.#traced.lines;
  }
}

function sameGrid(a: Grid, b: Grid): boolean {
  if (a === b) return true;
  if (a.width !== b.width || a.height !== b.height) return false;
  for (let i = 0; i < a.bytes.length; i++) if (a.bytes[i] !== b.bytes[i]) return false;
  return true;
}

function contextOf(canvas: HTMLCanvasElement, alpha: boolean): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { alpha });
  if (!context) throw new Error('This browser has no 2D canvas.');
  return context;
}
