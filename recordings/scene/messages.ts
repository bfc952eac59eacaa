import type { Displacement, WorldOptions } from './world/world.ts';

/** What part of the 960×540 frame is drawn, and how large. */
export interface View {
  /** x, y, width, height in frame coordinates. */
  rect: [number, number, number, number];
  width: number;
  height: number;
  /** Drawn this many times as large each way, then averaged. */
  oversampling: 1 | 2;
  /** Size of the image of object numbers, and how many times as large its source is drawn. */
  ids: { width: number; height: number; oversampling: 1 | 2 };
}

/**
 * From Node to the page. Every `draw` is answered by one binary message: RGB bytes, then id bytes
 * (4 a pixel) where `ids` asks for them, both row-major from the top.
 */
export type Request =
  | { type: 'world'; options: WorldOptions; view: View }
  | { type: 'draw'; t: number; displaced: Displacement; noiseSeed: number; ids: boolean };

/** What the bytes of one id pixel say: object number low and high, surface, unused. */
export const surfaces = { other: 0, road: 1, egoLane: 2 } as const;
