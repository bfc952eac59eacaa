import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { COUNT, writeUdacityDrive } from '../api/support/udacity-drive.ts';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { waitForFrame } from './support/paint-recorder.ts';
import { serve } from './support/serve.ts';
import { until } from './support/until.ts';

describe('cameras of a drive', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);

  test('a menu shows another camera at the same time, and the address opens it again', async (t) => {
    const folder = temporaryFolder(t);
    const recordings = join(folder, 'drives');
    await mkdir(recordings);
    await writeUdacityDrive(join(recordings, 'sim'));
    const network = await writeReadingNetwork(folder);
    const server = await serve(t, recordings, '--model', network, '--road', 'none');
    await using opened = await openPage(`${server.url}#frame=5`);
    const { page } = opened;
    assert.equal((await waitForFrame(page, 5)).pictureShows, 5);
    const menu = page.getByRole('combobox', { name: 'Camera' });
    assert.deepEqual(await menu.locator('option').allInnerTexts(), ['center', 'left', 'right']);

    await menu.selectOption('left');
    await until(page, `location.hash.includes('camera=left')`);
    const shown = await waitForFrame(page, 5);
    assert.deepEqual([shown.pictureShows, shown.maskShows], [COUNT - 1 - 5, COUNT - 1 - 5]);
    // Methods change, the camera stays. The second one's mask lies in the middle.
    await page.evaluate('recorder.row = 0.5');
    await page.keyboard.press('v');
    await until(page, `recorder.sample().panes[1]?.mask.some((alpha) => alpha > 0)`);
    await page.keyboard.press('ArrowRight');
    assert.equal((await waitForFrame(page, 6)).pictureShows, COUNT - 1 - 6);
    assert.equal(await menu.inputValue(), 'left');

    await page.reload();
    assert.equal((await waitForFrame(page, 6)).pictureShows, COUNT - 1 - 6);
    assert.equal(await menu.inputValue(), 'left');
    // The right one's pictures are not there: it says so, and the left one stays.
    await menu.selectOption('right');
    await page.getByRole('alert').waitFor();
    await until(page, `document.querySelector('select.camera').value === 'left'`);
    await page.getByText('The recording is a drive of the Udacity simulator.').waitFor();
    await page.getByText('How the log was read').click();
    await page.getByText('positive to the right').waitFor();
    assert.deepEqual(opened.complaints, []);
  });
});
