import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openPage, withoutBrowser } from '../e2e/support/browser.ts';
import { takePainted, waitForFrame } from '../e2e/support/paint-recorder.ts';
import { makeNumberedDrive, serve } from '../e2e/support/serve.ts';
import { quantile } from './measure.ts';

// From a click on the timeline to the frame, with its mask, on the screen: 720p H.264, in a real
// browser.
const FRAMES = 1800;
const SEEKS = 60;
/** Milliseconds, 95th percentile. */
const LIMIT = 300;

if (withoutBrowser) {
  console.log(`Seek to painted: left out, ${withoutBrowser}.`);
} else {
  const folder = await mkdtemp(join(tmpdir(), 'roadgaze-bench-'));
  const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const drive = await makeNumberedDrive(folder, {
      frames: FRAMES,
      size: [1280, 720],
      keyframes: 60,
      bFrames: 2,
    });
    const server = await serve(
      { after: (end) => ends.push(end as () => unknown) },
      drive.recordings,
      '--model',
      drive.network,
      '--road',
      'none',
    );
    const { page } = await openPage(`${server.url}#frame=0`);
    ends.push(() => page.context().browser()?.close());
    page.setDefaultTimeout(300_000);
    await waitForFrame(page, 0);
    await page.waitForSelector('.analysis >> text=/^analysed$/');
    const times = await seekTimes(page);
    const [median, p95, most] = [0.5, 0.95, 1].map((part) => quantile(times, part));
    console.log(
      `Seek to painted, ${SEEKS} places in ${FRAMES} frames of 720p: median ${median?.toFixed(0)} ms, p95 ${p95?.toFixed(0)} ms, longest ${most?.toFixed(0)} ms`,
    );
    if (!(p95 !== undefined && p95 < LIMIT)) {
      console.log(`The 95th percentile is not under ${LIMIT} ms.`);
      process.exitCode = 1;
    }
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/**
 * Measured in the page, from the press to the animation frame after which the frame is seen to be
 * painted.
 */
async function seekTimes(page: Page): Promise<number[]> {
  const times: number[] = [];
  for (let seek = 0; seek < SEEKS; seek++) {
    // Far from the last place and from what the server keeps, in an order that repeats in every
    // run.
    const share = ((seek * 0.618034) % 1) * 0.98 + 0.01;
    await takePainted(page);
    times.push(
      await page.evaluate<number>(`new Promise((resolve) => {
      const area = document.querySelector('.area');
      const box = area.getBoundingClientRect();
      const at = { bubbles: true, button: 0, pointerId: 1, clientX: box.left + ${share} * box.width, clientY: box.top + 20 };
      const before = roadgaze.lastPainted.generation;
      const start = performance.now();
      // The pointer cannot be captured, because there is none.
      area.setPointerCapture = () => {};
      area.dispatchEvent(new PointerEvent('pointerdown', at));
      area.dispatchEvent(new PointerEvent('pointerup', at));
      const watch = () => {
        const seen = roadgaze.lastPainted.generation > before && recorder.sample().mask.some((alpha) => alpha > 0);
        if (seen) resolve(performance.now() - start);
        else requestAnimationFrame(watch);
      };
      requestAnimationFrame(watch);
    })`),
    );
    await page.waitForTimeout(300);
  }
  return times;
}
