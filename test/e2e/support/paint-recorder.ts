import type { Page } from 'playwright-core';
import { readFrameNumber } from '../../support/clips.ts';
import { until } from './until.ts';

/** What the page showed at one moment, all read in one task, so that nothing can be painted in between. */
interface Sample {
  readonly frame: number;
  readonly sequence: number;
  readonly generation: number;
  /** Brightness of the picture canvas at the 16 bars of a numbered clip. */
  readonly picture: readonly number[];
  /** Alpha of the overlay canvas there. */
  readonly mask: readonly number[];
}

export interface Painted {
  readonly frame: number;
  readonly sequence: number;
  readonly generation: number;
  /** Frame numbers that the pixels show; null where they show none. */
  readonly pictureShows: number | null;
  readonly maskShows: number | null;
}

/**
 * Runs in the page from its start: `recorder.sample()` reads both canvases at `row`, a share of the height, and
 * `recorder.all` collects a sample after every painted frame. Numbered drives have their mask on that row.
 */
export const PAINT_RECORDER = `
  window.recorder = {
    row: 0.75,
    all: [],
    sample() {
      const bars = (selector, channel) => {
        const canvas = document.querySelector(selector);
        const y = Math.min(canvas.height - 1, Math.floor(this.row * canvas.height));
        const { data } = canvas.getContext('2d').getImageData(0, y, canvas.width, 1);
        return Array.from({ length: 16 }, (_, bar) => data[Math.floor(((bar + 0.5) / 16) * canvas.width) * 4 + channel]);
      };
      const { frame, sequence, generation } = window.roadgaze.lastPainted;
      return { frame, sequence, generation, picture: bars('canvas.picture', 1), mask: bars('canvas.overlay', 3) };
    },
  };
  let painted = 0;
  const watch = () => {
    requestAnimationFrame(watch);
    if (!window.roadgaze || window.roadgaze.painted === painted) return;
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
  await until(page, `roadgaze.lastPainted?.frame === ${frame} && recorder.sample().mask.some((alpha) => alpha > 0)`);
  return readScreen(page);
}

function read({ picture, mask, ...counters }: Sample): Painted {
  return { ...counters, pictureShows: readFrameNumber(Uint8Array.from(picture), 16, 1), maskShows: readFrameNumber(Uint8Array.from(mask), 16, 1) };
}
