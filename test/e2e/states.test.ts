import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { readScreen, waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive, serve } from './support/serve.ts';
import { until } from './support/until.ts';

describe('states of the page', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);

  test('an empty folder says what to drop in, and what is put there is opened by itself', async (t) => {
    const folder = temporaryFolder(t);
    const drive = await makeNumberedDrive(folder);
    const recordings = join(folder, 'empty');
    await mkdir(recordings);
    const server = await serve(t, recordings, '--model', drive.network, '--road', 'none');
    await using opened = await openPage(server.url);
    const { page } = opened;
    await page.getByRole('heading', { name: 'There is no recording yet' }).waitFor();
    await makeNumberedClip(join(recordings, 'new.mp4'));
    await until(page, 'roadgaze.painted > 0');
    // The first picture comes before the word that it is open.
    await until(page, `document.title !== 'Roadgaze'`);
    assert.match(await page.title(), /^new/);
    assert.deepEqual(opened.complaints, []);
  });

  test('a recording that cannot be opened says why, and what was open stays', async (t) => {
    const drive = await makeNumberedDrive(temporaryFolder(t));
    await writeFile(join(drive.recordings, 'zz-broken.mp4'), 'this is text');
    const server = await serve(t, drive.recordings, '--model', drive.network, '--road', 'none');
    await using opened = await openPage(`${server.url}#frame=20`);
    const { page } = opened;
    await waitForFrame(page, 20);
    const picker = page.getByRole('combobox', { name: 'Recording' });
    const option = await picker.locator('option', { hasText: 'zz-broken' }).getAttribute('value');
    await picker.selectOption(option);
    const alert = page.getByRole('alert');
    await alert.getByText('VIDEO_UNREADABLE').waitFor();
    assert.match(await alert.innerText(), /zz-broken/);
    assert.equal((await readScreen(page)).pictureShows, 20);
    assert.doesNotMatch(await picker.inputValue(), /broken/);
    await page.keyboard.press('ArrowRight');
    await waitForFrame(page, 21);
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await alert.getByText('VIDEO_UNREADABLE').waitFor({ state: 'detached' });
    assert.deepEqual(opened.complaints, []);
  });

  test('a raw stream that tells no frame rate asks for it, and plays with what is typed', async (t) => {
    const folder = temporaryFolder(t);
    const drive = await makeNumberedDrive(folder);
    const recordings = join(folder, 'raw');
    await mkdir(recordings);
    await makeNumberedClip(join(recordings, 'raw.mjpeg'), {
      frames: 20,
      codec: ['mjpeg'],
      pixelFormat: 'yuvj420p',
      options: ['-f', 'mjpeg'],
    });
    const server = await serve(t, recordings, '--model', drive.network, '--road', 'none');
    await using opened = await openPage(server.url);
    const { page } = opened;
    const field = page.getByRole('textbox', { name: 'Frames a second' });
    const open = page.getByRole('button', { name: 'Open', exact: true });
    await field.fill('0');
    await page.getByText('It must be a number from 0.1 to 1000').waitFor();
    assert.equal(await open.isDisabled(), true);
    await field.fill('20');
    await field.press('Enter');
    await waitForFrame(page, 0);
    await field.waitFor({ state: 'detached' });
    await page.getByText('20 a second are taken, as kept in raw.log.json').waitFor();
    const picker = page.getByRole('combobox', { name: 'Recording' });
    assert.match(await picker.locator('option').innerText(), /^raw · 0:01$/);
    assert.deepEqual(opened.complaints, []);
  });

  test('a server that goes away leaves the last picture, and the page is back where it was when it returns', async (t) => {
    const drive = await makeNumberedDrive(temporaryFolder(t));
    const args = [drive.recordings, '--model', drive.network, '--road', 'none'];
    const first = await serve(t, ...args);
    await using opened = await openPage(`${first.url}#frame=33`);
    const { page } = opened;
    await waitForFrame(page, 33);
    await first.stop();
    const notice = page.getByText('The server is gone.');
    await notice.waitFor();
    await page.getByText(/Attempt [2-9] to connect again/).waitFor();
    assert.equal((await readScreen(page)).pictureShows, 33);
    const painted = await page.evaluate<number>('roadgaze.painted');
    // Keys do no harm meanwhile.
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowRight');
    await serve(t, ...args, '--port', String(first.port));
    await notice.waitFor({ state: 'detached' });
    await until(page, `roadgaze.painted > ${painted}`);
    assert.equal((await waitForFrame(page, 33)).pictureShows, 33);
    await page.keyboard.press('ArrowRight');
    await waitForFrame(page, 34);
  });

  test('the first picture comes before the analysis, which then fills the timeline', async (t) => {
    const drive = await makeNumberedDrive(temporaryFolder(t), { frames: 90 });
    const server = await serve(t, drive.recordings, '--model', drive.network, '--road', 'none');
    await using opened = await openPage(`${server.url}#frame=30`);
    const { page } = opened;
    await waitForFrame(page, 30);
    await page.waitForSelector('.analysis >> text=90 frames');
    // Steering is the frame's number to the left, driven one degree more.
    const area = page.getByRole('slider', { name: 'Playhead' });
    const box = await area.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + (60 / 89) * box.width, box.y + 30);
    await until(
      page,
      `document.querySelector('.values')?.innerText.replace(/\\s+/g, ' ').includes('driven 61.0° left wanted 60.0° left')`,
    );
    assert.deepEqual(opened.complaints, []);
  });
});
