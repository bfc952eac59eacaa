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
const count = `document.querySelectorAll('.flag').length`;
const analysed = (page: Page) => page.waitForSelector('.analysis >> text=/^analysed$/');

/**
 * The road is the left half: the frames' numbers are on the right, and their ones take attention
 * away from it.
 */
describe('flags', { skip: withoutBrowser }, () => {
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

  /** Many short ones: those frames whose numbers have many ones. */
  const manyFlags = async (page: Page) => {
    await analysed(page);
    await showFlagSettings(page);
    await page.getByRole('spinbutton', { name: 'lasts at least' }).fill('0');
    await page.getByRole('spinbutton', { name: 'joins gaps to' }).fill('0');
    // The last change alone brings flags, so that those of other settings are not taken for them.
    await page.getByRole('spinbutton', { name: 'begins below' }).fill('0');
    await until(page, `${count} === 0`);
    await page.getByRole('spinbutton', { name: 'ends from' }).fill('41');
    await page.getByRole('spinbutton', { name: 'begins below' }).fill('40');
    await page.getByRole('spinbutton', { name: 'begins below' }).blur();
    await until(page, `${count} > 2`);
  };

  test('the flags follow a handle while it is dragged, and its line moves in the plot', async () => {
    await using opened = await openPage(`${server.url}#frame=20`);
    const { page } = opened;
    await waitForFrame(page, 20);
    await analysed(page);
    await showFlagSettings(page);
    const line = `(() => {
      const canvas = [...document.querySelectorAll('.track')].find((track) => track.innerText.includes('On road')).querySelector('canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.join();
    })()`;
    const usual = await page.getByRole('spinbutton', { name: 'begins below' }).inputValue();
    const handle = page.getByRole('slider', { name: 'begins below' });
    const box = await handle.boundingBox();
    assert.ok(box);
    const at = (share: number) =>
      [box.x + 6 + share * (box.width - 12), box.y + box.height / 2] as const;
    await page.mouse.move(...at(0.5));
    await page.mouse.down();
    await page.mouse.move(...at(0), { steps: 3 });
    await until(page, `${count} === 0`);
    const low = await page.evaluate<string>(line);
    await page.mouse.move(...at(1), { steps: 3 });
    await until(page, `${count} === 1`);
    assert.notEqual(await page.evaluate<string>(line), low);
    await page.locator('.flag', { hasText: '0:00.0–0:04.0' }).waitFor();
    await page.locator('.values', { hasText: 'flag below' }).getByText('100 %').waitFor();
    await page.mouse.up();
    await page.getByRole('button', { name: 'Back to the usual' }).click();
    assert.equal(await page.getByRole('spinbutton', { name: 'begins below' }).inputValue(), usual);
    assert.deepEqual(opened.complaints, []);
  });

  test('lift can take the place of the share, in the settings, the plot and the list', async () => {
    await using opened = await openPage(`${server.url}#frame=20`);
    const { page } = opened;
    await waitForFrame(page, 20);
    await analysed(page);
    await showFlagSettings(page);
    await page.getByRole('combobox', { name: 'Measure of flags' }).selectOption('share');
    await page.getByRole('combobox', { name: 'Measure of flags' }).selectOption('lift');
    const plotted = page
      .getByRole('combobox', { name: 'Measure of attention on the road' })
      .locator('option:checked');
    assert.equal(await plotted.textContent(), 'lift');
    await page.getByRole('spinbutton', { name: 'begins below' }).fill('3');
    await page
      .locator('.flag', { hasText: /lift down to 0\.\d\d/ })
      .first()
      .waitFor();
    await page.locator('.values', { hasText: 'flag below' }).getByText('3.00').waitFor();
    await page.getByRole('combobox', { name: 'Measure of flags' }).selectOption('share');
    assert.equal(await plotted.textContent(), 'share');
    await until(page, `!document.querySelector('.flags ol')?.innerText.includes('lift')`);
  });

  test('steering errors while attention is on the road are flags of their own kind; the list can be filtered and put in order', async () => {
    await using opened = await openPage(`${server.url}#frame=20`);
    const { page } = opened;
    await waitForFrame(page, 20);
    await manyFlags(page);
    await page.getByRole('checkbox', { name: 'error above' }).check();
    // Driven is always one degree more.
    await page.getByRole('spinbutton', { name: 'error above' }).fill('0.5');
    const wrong = page.locator('.flag', { hasText: 'looks right, steers wrong' });
    await wrong.first().waitFor();
    await wrong.first().getByText('up to 1.0°').waitFor();
    const [all, ofKind] = [await page.locator('.flag').count(), await wrong.count()];
    assert.ok(ofKind < all);
    await page.getByRole('combobox', { name: 'Kind of flags' }).selectOption('steers-wrong');
    await until(page, `${count} === ${ofKind}`);
    assert.equal(await wrong.count(), ofKind);
    await page.getByRole('combobox', { name: 'Kind of flags' }).selectOption('dead');
    await page.getByText('No flag of this kind.').waitFor();
    await page.getByRole('combobox', { name: 'Kind of flags' }).selectOption('off-road');
    await page.getByRole('combobox', { name: 'Order of flags' }).selectOption('severity');
    const worst = (await page.locator('.flag .worst').allInnerTexts()).map((text) =>
      Number.parseInt(text.replace(/\D+/, ''), 10),
    );
    assert.ok((worst[0] ?? 100) <= Math.min(...worst) + 1, worst.join());
    await page.getByRole('checkbox', { name: 'error above' }).uncheck();
    await page.getByRole('combobox', { name: 'Kind of flags' }).selectOption('');
    await until(page, `${count} === ${all - ofKind}`);
    assert.deepEqual(opened.complaints, []);
  });

  test('a flag is asked whether the network would have steered otherwise: the answer stays with it, and what was covered is outlined on its frame', async () => {
    await using opened = await openPage(`${server.url}#frame=0`);
    const { page } = opened;
    await waitForFrame(page, 0);
    await manyFlags(page);
    await page.keyboard.press('n');
    const look = page.getByRole('button', { name: /Look at frame \d+ first/ });
    const worst = Number.parseInt((await look.innerText()).replace(/\D+/, ''), 10);
    await waitForFrame(page, worst);
    await page.getByRole('button', { name: 'Would it have steered otherwise?' }).click();
    // The number steers, and the number is what was covered.
    const answer = page.getByText(
      /^Without it: \d+\.\d° to the right\. Confirmed on \d+ of \d+ frames? \(limit \d+\.\d°; the same cover .+\)\.$/,
    );
    await answer.waitFor();
    const region = page.locator('.region');
    const [outlined, picture] = [
      await region.boundingBox(),
      await page.locator('canvas.picture').boundingBox(),
    ];
    assert.ok(outlined && picture);
    assert.ok(
      outlined.x >= picture.x + 0.45 * picture.width &&
        outlined.y >= picture.y + 0.45 * picture.height,
      JSON.stringify(outlined),
    );
    await page.keyboard.press('ArrowLeft');
    await waitForFrame(page, worst - 1);
    await region.waitFor({ state: 'detached' });
    await look.click();
    await region.waitFor();
    await page.getByRole('spinbutton', { name: 'begins below' }).fill('0');
    await until(page, `${count} === 0`);
    await page.getByRole('spinbutton', { name: 'ends from' }).fill('41');
    await page.getByRole('spinbutton', { name: 'begins below' }).fill('40');
    await until(page, `${count} > 2`);
    await answer.waitFor({ state: 'detached' });
    assert.deepEqual(opened.complaints, []);
  });

  test('all flags of the list are checked one after the other', async () => {
    await using opened = await openPage(`${server.url}#frame=0`);
    const { page } = opened;
    await waitForFrame(page, 0);
    await manyFlags(page);
    await page.getByRole('button', { name: 'Check all' }).click();
    await until(
      page,
      `[...document.querySelectorAll('.flag')].every((flag) => /confirmed/.test(flag.innerText)) && ${count} > 2`,
    );
    await until(
      page,
      `document.querySelector('.all').disabled && document.querySelector('.all').innerText === 'Check all'`,
    );
    assert.deepEqual(opened.complaints, []);
  });
});
