import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive, serve } from './support/serve.ts';
import { until } from './support/until.ts';

describe('the catalogue', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);

  test('finds a drive among many by the keyboard, takes new ones, and is opened again by its address', async (t) => {
    const { recordings, network } = await makeNumberedDrive(temporaryFolder(t), { frames: 20 });
    mkdirSync(join(recordings, 'fleet'));
    for (let i = 0; i < 40; i++)
      copyFileSync(join(recordings, 'numbered.mp4'), join(recordings, 'fleet', `car ${i}.mp4`));
    const server = await serve(t, recordings, '--model', network, '--road', 'none');
    await using opened = await openPage(`${server.url}#frame=3`);
    const { page } = opened;
    await waitForFrame(page, 3);
    await page.keyboard.press('/');
    const search = page.getByRole('combobox', { name: 'Find a drive' });
    const lines = page.locator('#drives').getByRole('option');
    await page.getByText('41 drives', { exact: true }).waitFor();
    await search.fill('fleet 3');
    await page.getByText('13 of 41 drives').waitFor();
    await lines.filter({ hasText: 'car 30' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await until(page, `location.hash.includes('recording=fleet%2Fcar-')`);
    await waitForFrame(page, 0);
    const menu = page.getByRole('combobox', { name: 'Recording' });
    assert.match(await menu.locator('option:checked').innerText(), /^car \d+/);

    copyFileSync(join(recordings, 'numbered.mp4'), join(recordings, 'fleet', 'late.mp4'));
    await page.getByRole('button', { name: 'Drives' }).click();
    await search.fill('late');
    await page.getByText('1 of 42 drives').waitFor();

    const sent = join(temporaryFolder(t), 'sent');
    mkdirSync(join(sent, 'below'), { recursive: true });
    writeFileSync(join(sent, 'below', 'sent.bag'), '#ROSBAG V2.0\n');
    await dragOnto(page, sent);
    await page.getByText('in uploads/sent: 1 drive').waitFor();
    assert.equal(
      readFileSync(join(recordings, 'uploads', 'sent', 'below', 'sent.bag'), 'latin1'),
      '#ROSBAG V2.0\n',
    );
    await search.fill('sent');
    await page.getByText('1 of 43 drives').waitFor();

    await page.keyboard.press('Escape');
    await page.reload();
    await waitForFrame(page, 0);
    assert.match(await menu.locator('option:checked').innerText(), /^car \d+/);
    assert.deepEqual(opened.complaints, []);
  });
});

/** As from a window of files: the browser itself reads the folder. */
async function dragOnto(page: Page, folder: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await devtools.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    // The browser drops only where the page has agreed to it.
    if (type !== 'drop') await page.getByText('Drop drives here').waitFor();
  }
  await devtools.detach();
}
