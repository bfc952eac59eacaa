import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { makeNumberedDrive, serve } from './support/serve.ts';
import { until } from './support/until.ts';

/** Notes what the page tells and passes it on to the browser. */
const LISTEN = `
  window.told = { notifications: [], tones: 0 };
  const Original = window.Notification;
  window.Notification = class extends Original {
    constructor(title, options) {
      super(title, options);
      window.told.notifications.push({ title, body: options.body });
    }
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) {
    window.told.tones += 1;
    return start.apply(this, when);
  };
`;

describe('alerts', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);

  test('flags that the analysis finds are told on the desktop and by a sound once that is switched on, and the switches are remembered', async (t) => {
    const drive = await makeNumberedDrive(temporaryFolder(t));
    await makeNumberedClip(join(drive.recordings, 'long.mp4'), { frames: 3000, fps: 30 });
    const flags = [
      '--flag-by',
      'share',
      '--flag-below',
      '0.4',
      '--flag-until',
      '0.41',
      '--flag-seconds',
      '0',
      '--flag-merge',
      '0',
    ];
    const server = await serve(
      t,
      drive.recordings,
      '--model',
      drive.network,
      '--road',
      'polygon:0,0.5 0.5,0.5 0.5,1 0,1',
      ...flags,
    );
    const start = `${server.url}#recording=numbered`;
    await using opened = await openPage(start, { permissions: ['notifications'] });
    const { page } = opened;
    await page.context().addInitScript(LISTEN);
    await page.reload();
    const picker = page.getByRole('combobox', { name: 'Recording' });
    await picker.selectOption({ label: await labelOf(/numbered/) });
    await page.waitForSelector('.analysis >> text=/^analysed$/');
    await page.getByRole('button', { name: 'Alerts: off' }).click();
    await page.getByRole('switch', { name: 'on the desktop' }).click();
    await page.getByRole('switch', { name: 'by a sound' }).click();
    await page.getByRole('button', { name: 'Alerts: on' }).waitFor();
    // Switching the sound on lets it be heard.
    assert.equal(await page.evaluate('told.tones'), 1);
    assert.deepEqual(await page.evaluate('told.notifications'), []);
    await page.keyboard.press('Escape');
    await picker.selectOption({ label: await labelOf(/long/) });
    await until(page, 'told.notifications.length === 1 && told.tones === 2');
    const [{ title, body }] =
      await page.evaluate<[{ title: string; body: string }]>('told.notifications');
    assert.equal(title, 'Roadgaze: off road');
    assert.match(body, /^long, \d:\d\d\.\d: down to \d+ %$/);
    await page.reload();
    await page.getByRole('button', { name: 'Alerts: on' }).waitFor();
    assert.deepEqual(opened.complaints, []);

    async function labelOf(name: RegExp): Promise<string> {
      return (await picker.locator('option', { hasText: name }).innerText()).trim();
    }
  });

  test('where the browser refuses, the switch stays off and the page says why', async (t) => {
    const drive = await makeNumberedDrive(temporaryFolder(t));
    const server = await serve(t, drive.recordings, '--model', drive.network, '--road', 'none');
    // Without the permission a headless browser denies.
    await using opened = await openPage(server.url);
    const { page } = opened;
    await page.getByRole('button', { name: 'Alerts: off' }).click();
    const notification = page.getByRole('switch', { name: 'on the desktop' });
    await notification.click();
    await page.getByText('This browser does not allow notifications from here.').waitFor();
    assert.equal(await notification.isChecked(), false);
    await page.getByRole('button', { name: 'Alerts: off' }).waitFor();
  });
});
