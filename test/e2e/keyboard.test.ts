import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { showFlagSettings } from './support/flag-settings.ts';
import { Lifetime } from './support/lifetime.ts';
import { waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive, serve, type RunningServe } from './support/serve.ts';
import { until } from './support/until.ts';

const FRAMES = 120;

describe('the keyboard', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);
  let server: RunningServe;

  before(async () => {
    const drive = await makeNumberedDrive(temporaryFolder(suite), { frames: FRAMES });
    server = await serve(
      suite,
      drive.recordings,
      '--model',
      drive.network,
      '--road',
      'polygon:0,0.5 0.5,0.5 0.5,1 0,1',
    );
  });

  const press = async (page: Page, key: string, frame: number) => {
    await page.keyboard.press(key);
    await waitForFrame(page, frame);
  };

  test('steps by frames and by seconds, and goes to both ends', async () => {
    await using opened = await openPage(`${server.url}#frame=50`);
    const { page } = opened;
    await waitForFrame(page, 50);
    await press(page, 'ArrowRight', 51);
    await press(page, 'ArrowLeft', 50);
    await press(page, 'ArrowLeft', 49);
    await press(page, 'Shift+ArrowRight', 79);
    await press(page, 'Shift+ArrowLeft', 49);
    await press(page, 'End', FRAMES - 1);
    await press(page, 'Home', 0);
    assert.deepEqual(opened.complaints, []);
  });

  test('space plays and pauses; J plays backwards, K stops, L plays', async () => {
    await using opened = await openPage(`${server.url}#frame=60`);
    const { page } = opened;
    await waitForFrame(page, 60);
    await page.keyboard.press('Space');
    await until(page, 'roadgaze.lastPainted.frame > 63');
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    const paused = await page.evaluate<number>('roadgaze.lastPainted.frame');
    await page.keyboard.press('j');
    await until(page, `roadgaze.lastPainted.frame < ${paused - 3}`);
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
    await page.keyboard.press('l');
    assert.equal(await page.getByRole('combobox', { name: 'Speed' }).inputValue(), '2');
  });

  test('a field that is typed into keeps its keys', async () => {
    await using opened = await openPage(`${server.url}#frame=50`);
    const { page } = opened;
    await waitForFrame(page, 50);
    await showFlagSettings(page);
    const field = page.getByRole('spinbutton', { name: 'begins below' });
    await field.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Escape');
    // Outside of it the next key is the player's again, and begins where it was left.
    await field.blur();
    await page.keyboard.press('ArrowRight');
    await waitForFrame(page, 51);
  });

  test('[ and ] change the mask, ? lists the keys and leaves the page usable', async () => {
    await using opened = await openPage(`${server.url}#frame=50`);
    const { page } = opened;
    await waitForFrame(page, 50);
    const strongest = () => page.evaluate<number>('Math.max(...recorder.sample().mask)');
    const first = await strongest();
    for (let i = 0; i < 6; i++) await page.keyboard.press('[');
    await until(page, `Math.max(...recorder.sample().mask) < ${first - 50}`);
    await page.keyboard.press(']');
    await page.keyboard.press('?');
    await page.getByRole('region', { name: 'Keys' }).waitFor();
    await press(page, 'ArrowRight', 51);
    await page.keyboard.press('?');
    await page.getByRole('region', { name: 'Keys' }).waitFor({ state: 'detached' });
  });

  test('N, P and W go to flags', async () => {
    await using opened = await openPage(`${server.url}#frame=0`);
    const { page } = opened;
    await waitForFrame(page, 0);
    await page.waitForSelector('.analysis >> text=frames');
    // The region is the left half; the frames' numbers are on the right, and their ones take
    // attention away from it.
    await showFlagSettings(page);
    await page.getByRole('spinbutton', { name: 'lasts at least' }).fill('0');
    const begins = page.getByRole('spinbutton', { name: 'begins below' });
    await begins.fill('40');
    const ends = page.getByRole('spinbutton', { name: 'ends from' });
    await ends.fill('41');
    await page.waitForSelector('.flag');
    await ends.blur();
    const flags = await page.$$eval('.flag', (items) => items.length);
    await page.keyboard.press('w');
    await until(page, 'roadgaze.lastPainted.frame > 0');
    await page.keyboard.press('Home');
    await waitForFrame(page, 0);
    await page.keyboard.press('n');
    await until(page, 'roadgaze.lastPainted.frame > 0');
    const first = await page.evaluate<number>('roadgaze.lastPainted.frame');
    if (flags > 1) {
      await page.keyboard.press('n');
      await until(page, `roadgaze.lastPainted.frame > ${first}`);
      await press(page, 'p', first);
    }
    await begins.fill('0');
    await page.waitForSelector('.flag', { state: 'detached' });
  });
});
