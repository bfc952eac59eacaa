import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';

/** Of a busy machine: nothing is judged by it. */
const PATIENCE = 60_000;

/**
 * Waits until an expression is true in the page. (Playwright's own `waitForFunction` evaluates
 * inside the page, which the page's content security policy forbids; these tests keep it on, to see
 * that nothing else violates it.)
 */
export async function until(page: Page, expression: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await page.evaluate<boolean>(`Boolean(${expression})`))) {
    if (performance.now() > deadline) {
      const shown = await page.evaluate<string>(
        'JSON.stringify({ ...window.roadgaze, painted: roadgaze.painted, last: roadgaze.lastPainted })',
      );
      throw new Error(`Never came true: ${expression}; ${shown}`);
    }
    await sleep(15);
  }
}
