import type { Page } from 'playwright-core';
import { readFrameNumber } from '../../support/clips.ts';
import { until } from './until.ts';

/**
 * What the page showed at one moment, all read in one task, so that nothing can be painted in
 * between.
 */
interface Sample {
  readonly frame: number;
  readonly sequence: number;
  readonly generation: number;
  /** Brightness of the picture canvas at the 16 bars of a numbered clip. */
  readonly picture: readonly number[];
  /** Alpha of the overlay canvas there. */
  readonly mask: readonly number[];
  /** The same of every pane, in their order; the first is the one above. */
  readonly panes: readonly {
    readonly picture: readonly number[];
    readonly mask: readonly number[];
  }[];
}

export interface ShownNumbers {
  /** Frame numbers that the pixels show; null where they show none. */
  readonly pictureShows: number | null;
  readonly maskShows: number | null;
}

export interface Painted extends ShownNumbers {
  readonly frame: number;
  readonly sequence: number;
  readonly generation: number;
  readonly panes: readonly ShownNumbers[];
}

/**
 * Runs in the page from its start: `recorder.sample()` reads both canvases at `row`, a share of the
 * height, and `recorder.all` collects a sample after every painted frame. Numbered drives have
 * their mask on that row.
 */
export const PAINT_RECORDER = `
  window.recorder = {
    row: 0.75,
    all: [],
    sample() {
      const bars = (canvas, channel) => {
        const y = Math.min(canvas.height - 1, Math.floor(this.row * canvas.height));
        const { data } = canvas.getContext('2d').getImageData(0, y, canvas.width, 1);
        return Array.from({ length: 16 }, (_, bar) => data[Math.floor(((bar + 0.5) / 16) * canvas.width) * 4 + channel]);
      };
      const { frame, sequence, generation } = window.roadgaze.lastPainted;
      const overlays = [...document.querySelectorAll('canvas.overlay')];
      const panes = [...document.querySelectorAll('canvas.picture')].map((canvas, pane) => ({ picture: bars(canvas, 1), mask: bars(overlays[pane], 3) }));
      return { frame, sequence, generation, ...panes[0], panes };
    },
  };
  let painted = 0;
  const watch = () => {
    requestAnimationFrame(watch);
    // While another recording opens nothing of it is painted yet.
    if (!window.roadgaze?.lastPainted || window.roadgaze.painted === painted) return;
    painted = window.roadgaze.painted;
    window.recorder.all.push(window.recorder.sample());
  };
  watch();
`;

/** Every painted frame since the page was opened, or since the last call. */
export async function takePainted(page: Page): Promise<Painted[]> {
  return (await page.evaluate<Sample[]>('recorder.all.splice(0)')).map(read);
}

/** What is on the screen now. */
export async function readScreen(page: Page): Promise<Painted> {
  return read(await page.evaluate<Sample>('recorder.sample()'));
}

/** Waits until the frame is on the screen with its mask. */
export async function waitForFrame(page: Page, frame: number): Promise<Painted> {
  await until(
    page,
    `roadgaze.lastPainted?.frame === ${frame} && recorder.sample().mask.some((alpha) => alpha > 0)`,
  );
  return readScreen(page);
}

function read({ picture, mask, panes, ...counters }: Sample): Painted {
  return { ...counters, ...numbersOf({ picture, mask }), panes: panes.map(numbersOf) };
}

function numbersOf({ picture, mask }: Pick<Sample, 'picture' | 'mask'>): ShownNumbers {
  return {
    pictureShows: readFrameNumber(Uint8Array.from(picture), 16, 1),
    maskShows: readFrameNumber(Uint8Array.from(mask), 16, 1),
  };
}
