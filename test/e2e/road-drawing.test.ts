import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { serve } from '../api/support/server.ts';
import { freeUdpPort, sendFile } from '../live/support/sources.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive } from './support/serve.ts';
import { until } from './support/until.ts';

describe('the road, drawn in the page', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);
  let server: { readonly url: string };

  // Every test begins with a recording for which nobody drew a road, and without a road network.
  beforeEach(async () => {
    const drive = await makeNumberedDrive(temporaryFolder(suite));
    server = await serve(suite, {
      recordings: drive.recordings,
      networks: [drive.network],
      road: null,
      clientFolder: join(repositoryRoot, 'dist/client'),
    });
  });

  const source = (page: Page) => page.getByText(/^Road region:/);
  const points = (page: Page) => page.getByRole('button', { name: /^Point \d+ of \d+/ });
  const places = async (page: Page) =>
    (
      await points(page).evaluateAll((buttons) =>
        buttons.map((button) => button.getAttribute('aria-label') ?? ''),
      )
    ).map((label) => (label.match(/\d+(?= %)/g) ?? []).map(Number));

  async function drag(page: Page, from: readonly [number, number], to: readonly [number, number]) {
    const box = await page.locator('canvas.picture').first().boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + from[0] * box.width, box.y + from[1] * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + to[0] * box.width, box.y + to[1] * box.height, { steps: 4 });
    await page.mouse.up();
  }

  test('a guess is called one; the road that is drawn instead is kept with the camera, and can be forgotten', async () => {
    await using opened = await openPage(`${server.url}#frame=20`);
    const { page } = opened;
    await waitForFrame(page, 20);
    assert.equal(await source(page).innerText(), 'Road region: a guess');
    await page.getByRole('button', { name: 'Draw your own' }).click();
    // The guess, cut at the frame: a trapezoid that leaves it on both sides.
    assert.equal(await points(page).count(), 6);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await points(page).first().waitFor({ state: 'detached' });
    assert.equal(await source(page).innerText(), 'Road region: a guess');

    await page.getByRole('button', { name: 'Draw your own' }).click();
    const [first, second] = await places(page);
    assert.ok(first && second);
    await drag(page, [(first[0] ?? 0) / 100, (first[1] ?? 0) / 100], [0.2, 0.6]);
    assert.deepEqual((await places(page))[0], [20, 60]);
    await page.getByRole('button', { name: 'Save' }).click();
    await until(page, `document.querySelector('.road p')?.innerText === 'Road region: a polygon'`);
    await points(page).first().waitFor({ state: 'detached' });
    assert.equal((await waitForFrame(page, 20)).maskShows, 20);

    await page.reload();
    await waitForFrame(page, 20);
    assert.equal(await source(page).innerText(), 'Road region: a polygon');
    await page.getByRole('button', { name: 'Edit' }).click();
    assert.deepEqual((await places(page))[0], [20, 60]);
    await page.getByRole('button', { name: 'Forget it' }).click();
    await until(page, `document.querySelector('.road p')?.innerText === 'Road region: a guess'`);
    assert.deepEqual(opened.complaints, []);
  });

  test('points are added and removed on the outline or by keys; an outline that crosses itself is told; reset goes back to the beginning', async () => {
    await using opened = await openPage(`${server.url}#frame=20`);
    const { page } = opened;
    await waitForFrame(page, 20);
    await page.getByRole('button', { name: 'Draw your own' }).click();
    const start = await places(page);
    assert.ok(await page.getByRole('button', { name: 'Reset' }).isDisabled());
    const [a, b] = start;
    const middle = [
      ((a?.[0] ?? 0) + (b?.[0] ?? 0)) / 200,
      ((a?.[1] ?? 0) + (b?.[1] ?? 0)) / 200,
    ] as const;
    await drag(page, middle, [0.5, 0.3]);
    assert.equal(await points(page).count(), start.length + 1);
    assert.deepEqual((await places(page))[1], [50, 30]);
    // The new point has the focus: keys move it, and do not move the drive.
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+ArrowDown');
    assert.deepEqual((await places(page))[1], [49, 35]);
    assert.equal(await page.evaluate('roadgaze.lastPainted.frame'), 20);
    await page.keyboard.press('Insert');
    assert.equal(await points(page).count(), start.length + 2);
    await page.keyboard.press('Delete');
    await page.keyboard.press('Delete');
    assert.equal(await points(page).count(), start.length);
    await page.getByRole('button', { name: 'Reset' }).click();
    assert.deepEqual(await places(page), start);

    await drag(page, [(a?.[0] ?? 0) / 100, (a?.[1] ?? 0) / 100], [0.9, 0.2]);
    assert.equal(await page.getByText('The outline crosses itself:').count(), 1);
    await page.getByRole('button', { name: 'Save' }).click();
    await until(page, `document.querySelector('.road p')?.innerText === 'Road region: a polygon'`);
    assert.deepEqual(opened.complaints, []);
  });

  test('at three points none can be removed', async () => {
    await using opened = await openPage(`${server.url}#frame=20`);
    const { page } = opened;
    await waitForFrame(page, 20);
    await page.getByRole('button', { name: 'Draw your own' }).click();
    await points(page).first().focus();
    for (let press = 0; press < 6; press++) await page.keyboard.press('Delete');
    assert.equal(await points(page).count(), 3);
  });

  test('on a live feed it is drawn while the pictures go on, and kept with the feed', async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeNumberedClip(join(folder, 'source.ts'), {
      frames: 600,
      fps: 15,
      size: [320, 180],
      keyframes: 8,
    });
    const drive = await makeNumberedDrive(folder);
    const { url, feeds } = await serve(t, {
      recordings: drive.recordings,
      networks: [drive.network],
      road: null,
      clientFolder: join(repositoryRoot, 'dist/client'),
      feeds: { ring: null, clips: null, roads: join(folder, 'roads') },
    });
    const port = await freeUdpPort();
    const id = await feeds.add({ address: `udp://127.0.0.1:${port}`, name: 'front' });
    await sendFile(
      t,
      clip,
      '-muxdelay',
      '0',
      '-f',
      'mpegts',
      `udp://127.0.0.1:${port}?pkt_size=1316`,
    );
    await using opened = await openPage(url);
    const { page } = opened;
    const watchFeed = async () => {
      await page.getByRole('button', { name: 'Live feeds' }).click();
      await page.locator('#feeds .name', { hasText: 'front' }).click();
      await page.locator('.readout').waitFor();
    };
    await watchFeed();
    await page.getByRole('button', { name: 'Draw your own' }).click();
    await points(page).first().waitFor();
    assert.ok(feeds.get(id).explainer.road.kind === 'guess');
    const [first] = await places(page);
    await drag(page, [(first![0] ?? 0) / 100, (first![1] ?? 0) / 100], [0.2, 0.6]);
    await page.getByRole('button', { name: 'Save' }).click();
    await until(page, `document.querySelector('.road p')?.innerText === 'Road region: a polygon'`);
    await points(page).first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Edit' }).click();
    assert.deepEqual((await places(page))[0], [20, 60]);
    // As it was: answered all the same.
    await page.getByRole('button', { name: 'Save' }).click();
    await points(page).first().waitFor({ state: 'detached' });
    assert.equal((await readdir(join(folder, 'roads'))).length, 1);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('button', { name: 'Forget it' }).click();
    await until(page, `document.querySelector('.road p')?.innerText === 'Road region: a guess'`);
    assert.equal((await readdir(join(folder, 'roads'))).length, 0);
    assert.deepEqual(opened.complaints, []);
  });
});
