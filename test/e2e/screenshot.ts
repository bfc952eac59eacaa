import { join } from 'node:path';
import { repositoryRoot } from '../support/paths.ts';
import { openPage } from './support/browser.ts';
import { serve } from './support/serve.ts';

// Takes the README's picture, client/screenshot.png, from the real page: node
// dist/node/test/e2e/screenshot.js 'frame=FRAME&panes=two&methods=visualbackprop+lrp-epsilon-plus'
// [arguments of serve]
const [address = 'frame=0', ...args] = process.argv.slice(2);
const frame = Number(new URLSearchParams(address).get('frame') ?? 0);
const ends: (() => unknown)[] = [];
try {
  const server = await serve({ after: (end) => ends.push(end as () => unknown) }, ...args);
  const { page } = await openPage(`${server.url}#${address}`, {
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor: 1.5,
  });
  ends.push(() => page.context().browser()?.close());
  page.setDefaultTimeout(600_000);
  await page.waitForSelector('.analysis >> text=/^analysed$/');
  await page.waitForFunction(
    (wanted) =>
      (globalThis as unknown as { roadgaze: { lastPainted: { frame: number } | null } }).roadgaze
        .lastPainted?.frame === wanted,
    frame,
  );
  // The legend and the readouts follow within their quarter of a second.
  await page.waitForTimeout(1000);
  await page.screenshot({ path: join(repositoryRoot, 'client/screenshot.png') });
} finally {
  for (const end of ends.reverse()) await end();
}
