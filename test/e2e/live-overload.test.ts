import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { freeUdpPort, sendFile } from '../live/support/sources.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { takePainted } from './support/paint-recorder.ts';
import { serve } from './support/serve.ts';
import { until } from './support/until.ts';

describe('a live feed that is too fast for its network', { skip: withoutBrowser }, () => {
  closeBrowserAfter(new Lifetime());

  test('the page says that the network is slower, counts what is dropped, and goes on painting frames with their own masks', async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeNumberedClip(join(folder, 'source.ts'), {
      frames: 600,
      fps: 30,
      size: [320, 180],
      keyframes: 15,
    });
    const network = await writeReadingNetwork(folder, { passes: 8 });
    const address = `udp://127.0.0.1:${await freeUdpPort()}`;
    await sendFile(t, clip, '-muxdelay', '0', '-f', 'mpegts', `${address}?pkt_size=1316`);
    const server = await serve(t, address, '--model', network, '--road', 'none', '--no-clips');
    const opened = await openPage(server.url);
    t.after(() => opened[Symbol.asyncDispose]());
    const { page, complaints } = opened;

    const notice = page
      .getByRole('status')
      .filter({ hasText: /The network is slower than the feed: \d+ of \d+ frames are shown\./ });
    await notice.waitFor();
    const [shown, of] = (await notice.innerText()).match(/\d+/g)!.map(Number) as [number, number];
    assert.ok(shown > 0 && shown < of);

    await takePainted(page);
    const dropped = Number(await page.locator('.drops b').innerText());
    assert.ok(dropped > 0);
    await until(page, `Number(document.querySelector('.drops b').textContent) > ${dropped + 20}`);
    await until(page, 'recorder.all.length >= 6');
    const painted = await takePainted(page);
    for (const { pictureShows, maskShows } of painted) {
      assert.notEqual(pictureShows, null);
      assert.equal(maskShows, pictureShows);
    }
    const skipped = painted.slice(1).map(({ frame }, index) => frame - painted[index]!.frame - 1);
    assert.ok(
      skipped.every((frames) => frames >= 0) && skipped.some((frames) => frames > 0),
      `skipped: ${skipped}`,
    );

    await page.getByRole('button', { name: 'How the feed runs' }).click();
    const late = page
      .locator('#live-report dt', { hasText: 'late in the network' })
      .locator('xpath=following-sibling::dd[1]');
    assert.ok(Number(await late.innerText()) > dropped / 2, 'the network is who was late');
    assert.deepEqual(complaints, []);
  });
});
