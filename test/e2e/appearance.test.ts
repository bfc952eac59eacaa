import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive, serve, type RunningServe } from './support/serve.ts';
import { until } from './support/until.ts';

/** WCAG 2.2 relative luminance of `#rrggbb` or `#rgb`. */
function luminance(given: string): number {
  const color = given.length === 4 ? given.replace(/[^#]/g, '$&$&') : given;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe('appearance', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);
  let server: RunningServe;
  let folder: string;

  before(async () => {
    folder = temporaryFolder(suite);
    const drive = await makeNumberedDrive(folder);
    server = await serve(
      suite,
      drive.recordings,
      '--model',
      drive.network,
      '--road',
      'polygon:0,0.5 0.5,0.5 0.5,1 0,1',
    );
  });

  for (const colorScheme of ['dark', 'light'] as const) {
    test(`text reaches a contrast of 4.5 on every background, ${colorScheme}`, async () => {
      await using opened = await openPage(`${server.url}#frame=10`, { colorScheme });
      await waitForFrame(opened.page, 10);
      assert.equal(await opened.page.getAttribute('html', 'data-theme'), colorScheme);
      const colors = await opened.page.evaluate<Record<string, string>>(`(() => {
        const style = getComputedStyle(document.documentElement);
        return Object.fromEntries(['text', 'dim', 'accent', 'background', 'panel', 'raised'].map((name) => [name, style.getPropertyValue('--' + name).trim()]));
      })()`);
      for (const text of ['text', 'dim', 'accent']) {
        for (const ground of ['background', 'panel', 'raised']) {
          const ratio = contrast(colors[text] ?? '', colors[ground] ?? '');
          assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`);
        }
      }
    });
  }

  test('another theme reaches everything that is drawn by hand', async () => {
    await using opened = await openPage(`${server.url}#frame=10`, { colorScheme: 'dark' });
    const { page } = opened;
    await waitForFrame(page, 10);
    /** Pixels of the first plot in the colour that the theme gives its grid. */
    const lines = `(() => {
      const canvas = document.querySelector('.plot canvas');
      const color = getComputedStyle(document.documentElement).getPropertyValue('--grid').trim();
      const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count += 1;
      return count;
    })()`;
    await until(page, `${lines} > 200`);
    await page.getByRole('button', { name: 'Theme: dark' }).click();
    await until(page, `document.documentElement.dataset.theme === 'light' && ${lines} > 200`);
    assert.deepEqual(opened.complaints, []);
  });

  test('every control has a name, no text is under 12 px, and nothing sticks out of the page', async () => {
    for (const [width, height] of [
      [1000, 640],
      [1280, 800],
      [1920, 1080],
      [3840, 2160],
      [768, 1024],
    ] as const) {
      await using opened = await openPage(`${server.url}#frame=10`, {
        viewport: { width, height },
      });
      const { page } = opened;
      await waitForFrame(page, 10);
      const nameless = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('button, select, input, [role=slider]')]
        .filter((control) => !(control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.[0]?.textContent.trim()))
        .map((control) => control.outerHTML)`);
      assert.deepEqual(nameless, []);
      const small = await page.evaluate<string[]>(`[...document.querySelectorAll('body *')]
        .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .filter((element) => {
          const scale = element.ownerSVGElement ? element.ownerSVGElement.getScreenCTM().a : 1;
          return Number.parseFloat(getComputedStyle(element).fontSize) * scale < 11.99;
        })
        .map((element) => element.outerHTML)`);
      assert.deepEqual(small, [], `${width} × ${height}`);
      const outside = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('button, select, input, dd, dt, p, h1, h2, h3')]
        .filter((element) => element.getClientRects().length > 0 && !element.closest('ol'))
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 || element.getBoundingClientRect().left < -0.5)
        .map((element) => element.outerHTML)`);
      assert.deepEqual(outside, [], `${width} × ${height}`);
      await page.screenshot({ path: join(folder, `${width}.png`) });
    }
  });

  test('four panes keep to themselves at every width, and one can read what they show', async () => {
    await using opened = await openPage(
      `${server.url}#frame=10&panes=four&methods=guidedbackprop+deconvnet+gradcam+integratedgradients`,
    );
    const { page } = opened;
    await until(page, 'roadgaze.lastPainted?.frame === 10');
    for (const width of [800, 900, 961, 1100, 1130, 1180, 1240, 1300, 1440, 1920]) {
      await page.setViewportSize({ width, height: 700 });
      const outside = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('.pane, .instruments')].flatMap((box) => [...box.querySelectorAll('*')]
        .filter((element) => element.getClientRects().length > 0 && element.getBoundingClientRect().right > box.getBoundingClientRect().right + 0.5)
        .map((element) => element.outerHTML.slice(0, 200)))`);
      assert.deepEqual(outside, [], `${width}`);
      const methods = await page.evaluate<
        number[]
      >(`[...document.querySelectorAll('.pane select:not(.target)')].map((select) => {
        const { paddingLeft, paddingRight } = getComputedStyle(select);
        return select.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
      })`);
      assert.equal(methods.length, 4);
      assert.ok(
        methods.every((room) => room >= 60),
        `${width}: ${methods.join()} px for names of methods`,
      );
    }
  });

  test('with reduced motion nothing plays by itself', async () => {
    await using opened = await openPage(server.url, { reducedMotion: 'reduce' });
    await waitForFrame(opened.page, 0);
    // Long enough to have played, where it did.
    await opened.page.waitForSelector('.analysis >> text=analysed');
    assert.equal(await opened.page.evaluate('roadgaze.lastPainted.frame'), 0);
  });
});
