import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive, serve } from './support/serve.ts';
import { until } from './support/until.ts';

describe('the log against the network', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);

  test('a log without unit asks for it at its curve, is slid by keys and by hand, and what is kept counts everywhere', async (t) => {
    const drive = await makeNumberedDrive(temporaryFolder(t), { frames: 14, fps: 10 });
    // A degree more than the network says, or a frame too early.
    const log = join(drive.recordings, 'numbered.csv');
    await writeFile(log, (await readFile(log, 'utf8')).replace('steering [deg]', 'steering'));
    const server = await serve(t, drive.recordings, '--model', drive.network, '--road', 'none');
    await using opened = await openPage(`${server.url}#frame=5`);
    const { page } = opened;
    await waitForFrame(page, 5);
    const strip = page.getByRole('region', { name: 'Log against network' });
    await strip.getByText('In which unit is “steering”?').waitFor();
    const words = `document.querySelector('.timeline .log')?.innerText.replace(/\\s+/g, ' ')`;
    await until(page, `${words}.includes('mean error –')`);
    await strip.getByLabel('unit').selectOption('deg');
    await until(page, `${words}.includes('mean error 1.0°')`);
    const slider = strip.getByRole('slider', { name: 'Offset of the log' });
    await slider.focus();
    await page.keyboard.press('Shift+ArrowRight');
    await until(page, `${words}.includes('mean error 0.0°')`);
    assert.equal(await slider.getAttribute('aria-valuetext'), '0.10 s');
    // By hand, half of what is visible to the right, and back.
    const box = (await slider.boundingBox())!;
    const [x, y] = [box.x + box.width / 4, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + box.width / 2, y, { steps: 3 });
    await page.mouse.up();
    const offset = strip.getByLabel('offset', { exact: true });
    assert.ok(Math.abs(Number(await offset.inputValue()) - (0.1 + 1.3 / 2)) < 0.02);
    await offset.fill('0.1');
    await offset.press('Enter');
    await until(page, `${words}.includes('mean error 0.0°')`);

    await strip.getByRole('button', { name: 'Keep' }).click();
    await until(
      page,
      `document.querySelector('.stack')?.innerText.replace(/\\s+/g, ' ').includes('error 0.0°')`,
    );
    assert.deepEqual(
      JSON.parse(await readFile(join(drive.recordings, 'numbered.log.json'), 'utf8')),
      {
        roadgazeLog: 1,
        unit: 'deg',
        offset: 0.1,
      },
    );
    for (const control of await strip.locator('button, select, input, [role=slider]').all()) {
      const { width, height } = (await control.boundingBox())!;
      assert.ok(width >= 24 && height >= 24, `${await control.innerText()}: ${width}×${height}`);
    }
    await strip.getByRole('button', { name: 'Close the log' }).click();
    await strip.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Clock and unit' }).click();
    await strip.waitFor();
    assert.deepEqual(opened.complaints, []);
  });
});
