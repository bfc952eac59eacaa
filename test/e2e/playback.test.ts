import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { readScreen, takePainted, waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive, serve, SEEN_ROWS, type RunningServe } from './support/serve.ts';
import { until } from './support/until.ts';

const FRAMES = 150;
const FPS = 30;
const ANALYSED = '.analysis >> text=analysed';

describe('playback in a browser', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);
  let server: RunningServe;

  before(async () => {
    const drive = await makeNumberedDrive(temporaryFolder(suite), { frames: FRAMES, fps: FPS });
    server = await serve(suite, drive.recordings, '--model', drive.network, '--road', 'none');
  });

  test('starts by itself, and every painted picture and mask shows the number of its own frame', async () => {
    await using opened = await openPage(server.url);
    const { page } = opened;
    const ended = 'document.querySelector(".play").ariaLabel === "Play"';
    for (;;) {
      await until(page, `roadgaze.painted > 60 || (roadgaze.painted > 1 && ${ended})`);
      if (await page.evaluate<boolean>('roadgaze.painted > 60')) break;
      // A busy machine paints fewer in one round.
      await page.keyboard.press('Space');
      await until(page, `!(${ended})`);
    }
    const painted = await takePainted(page);
    for (const { frame, pictureShows } of painted) assert.equal(pictureShows, frame);
    const masked = painted.filter(({ maskShows }) => maskShows !== null);
    assert.ok(masked.length > 40, `${masked.length} of ${painted.length} frames had a mask`);
    for (const { frame, maskShows } of masked) assert.equal(maskShows, frame);
    assert.deepEqual(opened.complaints, []);
  });

  test('the mask lies on the crop and nowhere else', async () => {
    await using opened = await openPage(`${server.url}#frame=77`);
    await waitForFrame(opened.page, 77);
    assert.equal((await readScreen(opened.page)).maskShows, 77);
    const above = await opened.page.evaluate<number[]>(
      `recorder.row = ${SEEN_ROWS.from / 2}, recorder.sample().mask`,
    );
    assert.deepEqual(
      above,
      Array.from({ length: 16 }, () => 0),
    );
  });

  test('plays in order and never ahead of time, and counts what it does not paint', async () => {
    await using opened = await openPage(`${server.url}#frame=0`);
    const { page } = opened;
    await waitForFrame(page, 0);
    await page.waitForSelector(ANALYSED);
    await takePainted(page);
    await page.keyboard.press('Space');
    const start = await page.evaluate<number>('performance.now()');
    await until(page, 'document.querySelector(".play").ariaLabel === "Pause"');
    await until(page, 'document.querySelector(".play").ariaLabel === "Play"');
    const seconds = ((await page.evaluate<number>('performance.now()')) - start) / 1000;
    assert.ok(seconds > (0.9 * FRAMES) / FPS, `played in ${seconds} s`);
    // All are told of, one way or the other; the last ones may be under way still.
    await until(
      page,
      `new Set(recorder.all.map(({ frame }) => frame)).size + parseInt(document.querySelector('.skipped').textContent) >= ${FRAMES}`,
    );
    const frames = (await takePainted(page)).map(({ frame }) => frame);
    assert.deepEqual(
      frames,
      [...frames].sort((one, other) => one - other),
    );
  });

  test('after many seeks at once the last one is shown, and no frame of an older one after it', async () => {
    await using opened = await openPage(`${server.url}#frame=0`);
    const { page } = opened;
    await waitForFrame(page, 0);
    await takePainted(page);
    const area = page.getByRole('slider', { name: 'Playhead' });
    const box = await area.boundingBox();
    assert.ok(box);
    for (const share of [0.9, 0.1, 0.7, 0.3, 0.8, 0.2, 0.6])
      await page.mouse.click(box.x + share * box.width, box.y + 20);
    const expected = Math.round(0.6 * (FRAMES - 1));
    await until(page, `Math.abs(roadgaze.lastPainted.frame - ${expected}) <= 2`);
    // Pictures come in order: of older seeks none is left once another one has come.
    await page.keyboard.press('ArrowRight');
    await until(page, `Math.abs(roadgaze.lastPainted.frame - ${expected + 1}) <= 2`);
    const painted = await takePainted(page);
    const generations = painted.map(({ generation }) => generation);
    assert.deepEqual(
      generations,
      [...generations].sort((a, b) => a - b),
    );
    for (const { frame, pictureShows } of painted) assert.equal(pictureShows, frame);
    assert.ok(Math.abs((painted.at(-1)?.frame ?? 0) - expected - 1) <= 2);
  });

  test('repeats the range that was marked', async () => {
    await using opened = await openPage(`${server.url}#frame=40`);
    const { page } = opened;
    await waitForFrame(page, 40);
    await page.keyboard.press('i');
    for (let frame = 41; frame <= 50; frame++) await page.keyboard.press('ArrowRight');
    await waitForFrame(page, 50);
    await page.keyboard.press('o');
    await takePainted(page);
    await page.keyboard.press('Space');
    await until(page, 'recorder.all.filter(({ frame }) => frame === 40).length >= 3');
    const frames = (await takePainted(page)).map(({ frame }) => frame);
    assert.ok(
      frames.every((frame) => frame >= 40 && frame <= 50),
      String(frames),
    );
  });
});
