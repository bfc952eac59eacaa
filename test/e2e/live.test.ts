import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import {
  freeTcpPort,
  freeUdpPort,
  kill,
  rtspServerIsMissing,
  sendFile,
  startClockServer,
  startRtspServer,
} from '../live/support/sources.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { readScreen, takePainted, type Painted } from './support/paint-recorder.ts';
import { serve, type RunningServe } from './support/serve.ts';
import { until } from './support/until.ts';

const FRAMES = 600;
const FPS = 12;
const [WIDTH, HEIGHT] = [320, 180];

describe('live feeds in a browser', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);
  let server: RunningServe;
  let clip: string;

  before(async () => {
    const folder = temporaryFolder(suite);
    clip = await makeNumberedClip(join(folder, 'source.ts'), {
      frames: FRAMES,
      fps: FPS,
      size: [WIDTH, HEIGHT],
      keyframes: 6,
    });
    const network = await writeReadingNetwork(folder, {
      output: { quantity: 'angle', unit: 'deg', positive: 'left' },
    });
    const sidecarPath = join(folder, 'reading.json');
    const sidecar = JSON.parse(await readFile(sidecarPath, 'utf8')) as { input: object };
    const crop = { x: 0, y: HEIGHT / 2, width: WIDTH, height: HEIGHT / 2, of: [WIDTH, HEIGHT] };
    await writeFile(sidecarPath, JSON.stringify({ ...sidecar, input: { ...sidecar.input, crop } }));
    const recordings = join(folder, 'drives');
    await mkdir(recordings);
    server = await serve(
      suite,
      recordings,
      '--model',
      network,
      '--road',
      'none',
      '--no-clips',
      '--stall-seconds',
      '1',
      '--dvr-minutes',
      '2',
    );
  });

  const sendUdp = (t: TestContext, port: number) =>
    sendFile(t, clip, '-muxdelay', '0', '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`);

  /** A page of its own with a feed that was added in it, and is removed when the test ends. */
  async function openFeed(t: TestContext, address: string, name: string) {
    const opened = await openPage(server.url);
    t.after(() => opened[Symbol.asyncDispose]());
    const { page } = opened;
    await page.getByRole('button', { name: 'Live feeds' }).click();
    await page.getByLabel('address').fill(address);
    await page.getByLabel('name', { exact: true }).fill(name);
    await page.getByRole('button', { name: 'Add and watch' }).click();
    await page.waitForSelector(`.readout`);
    return opened;
  }

  async function removeFeed(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name: 'Live feeds' }).click();
    await page.getByRole('button', { name: `Remove ${name}`, exact: true }).click();
    await page.getByRole('button', { name: `Remove ${name} for all` }).click();
    await page.locator('#feeds li').filter({ hasText: name }).waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
  }

  /** Picture and mask are of one frame, and the frames are in order, none shown twice. */
  function checkPainted(painted: readonly Painted[]): void {
    const masked = painted.filter(({ maskShows }) => maskShows !== null);
    assert.ok(masked.length >= 10, `${masked.length} of ${painted.length} frames had a mask`);
    for (const { pictureShows, maskShows } of masked) assert.equal(pictureShows, maskShows);
    for (const [index, { frame, maskShows }] of masked.slice(1).entries()) {
      const before = masked[index]!;
      assert.ok(frame > before.frame);
      assert.equal((maskShows! - before.maskShows! + FRAMES) % FRAMES, frame - before.frame);
    }
  }

  async function assertPaints(page: Page): Promise<void> {
    await until(
      page,
      'recorder.all.filter(({ mask }) => mask.some((alpha) => alpha > 0)).length >= 12',
    );
    checkPainted(await takePainted(page));
  }

  test('masks are painted from MPEG-TS over UDP, and the page says how late they are', async (t) => {
    const port = await freeUdpPort();
    await sendUdp(t, port);
    const { page, complaints } = await openFeed(t, `udp://127.0.0.1:${port}`, 'by udp');
    await assertPaints(page);
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    await page.locator('.readout', { hasText: /arrival delay \d+ ms · p95 \d+ ms/ }).waitFor();
    await page.getByRole('button', { name: 'How the feed runs' }).click();
    await page.locator('#live-report', { hasText: 'h264 320 × 180' }).waitFor();
    await page.locator('#live-report', { hasText: 'delay counts from their arrival' }).waitFor();
    await page.keyboard.press('Escape');
    assert.match(
      await page.getByLabel('Recording').locator('option:checked').innerText(),
      /^● by udp · live$/,
    );
    // The timeline grows.
    await until(page, "document.querySelectorAll('.track').length === 1");
    await page.locator('.analysis', { hasText: /last \d.* s\s*can be played again/ }).waitFor();
    assert.deepEqual(complaints, []);
    await removeFeed(page, 'by udp');
  });

  test('other methods leave the rows that were there on the timeline', async (t) => {
    const port = await freeUdpPort();
    await sendUdp(t, port);
    const { page, complaints } = await openFeed(t, `udp://127.0.0.1:${port}`, 'other methods');
    const rows = "Number(document.querySelector('.timeline [role=slider]')?.ariaValueMax)";
    await until(page, `${rows} > 24`);
    await page.evaluate(`(() => {
      window.seen = [];
      const look = () => {
        seen.push(${rows});
        requestAnimationFrame(look);
      };
      look();
    })()`);
    const painted = await page.evaluate<number>('roadgaze.painted');
    await page.getByRole('combobox', { name: 'Method', exact: true }).selectOption('gradient');
    await page.getByRole('region', { name: 'Gradient' }).waitFor();
    await until(page, `${rows} > seen[0] + 36 && roadgaze.painted > ${painted + 36}`);
    const seen = await page.evaluate<number[]>('seen');
    for (const [index, count] of seen.slice(1).entries())
      assert.ok(count >= seen[index]!, `${seen[index]} rows, then ${count}`);
    assert.deepEqual(complaints, []);
    await removeFeed(page, 'other methods');
  });

  test('masks are painted from RTMP', async (t) => {
    const port = await freeTcpPort();
    await sendFile(t, clip, '-f', 'flv', '-listen', '1', `rtmp://127.0.0.1:${port}/live/road`);
    const { page } = await openFeed(t, `rtmp://127.0.0.1:${port}/live/road`, 'by rtmp');
    await assertPaints(page);
    await removeFeed(page, 'by rtmp');
  });

  test('masks are painted from SRT', async (t) => {
    const port = await freeUdpPort();
    const { page } = await openFeed(t, `srt://127.0.0.1:${port}?mode=listener`, 'by srt');
    await page.getByText('Waiting for the first picture').waitFor();
    await sendFile(t, clip, '-f', 'mpegts', `srt://127.0.0.1:${port}?pkt_size=1316`);
    await assertPaints(page);
    await removeFeed(page, 'by srt');
  });

  test('masks are painted from RTSP', { skip: rtspServerIsMissing() }, async (t) => {
    const { port } = await startRtspServer(t);
    const { page } = await openFeed(t, `rtsp://127.0.0.1:${port}/road`, 'by rtsp');
    await until(
      page,
      'recorder.all.filter(({ mask }) => mask.some((alpha) => alpha > 0)).length >= 12',
    );
    await page.locator('.readout', { hasText: /source delay \d+ ms · p95 \d+ ms/ }).waitFor();
    await page.getByRole('button', { name: 'How the feed runs' }).click();
    await page
      .locator('#live-report tr', { hasText: /source to painted mask\s*\d+ ms\s*\d+ ms/ })
      .waitFor();
    await page.keyboard.press('Escape');
    await removeFeed(page, 'by rtsp');
  });

  test(
    "the page says so where the source's clock cannot be right, and counts from arrival",
    { skip: rtspServerIsMissing() },
    async (t) => {
      const { address } = await startClockServer(
        t,
        'x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=8',
        'rtph264pay config-interval=1',
        'running-time',
      );
      const { page } = await openFeed(t, address, 'lost in time');
      await page
        .locator('.readout', { hasText: /arrival delay \d+ ms · p95 \d+ ms\s*clocks differ/ })
        .waitFor();
      await page.getByRole('button', { name: 'How the feed runs' }).click();
      await page
        .locator('#live-report', {
          hasText: /The source's clock is \d+ years behind the server's: set both by NTP or PTP/,
        })
        .waitFor();
      await page.keyboard.press('Escape');
      await removeFeed(page, 'lost in time');
    },
  );

  test('a source that is gone leaves its last picture with since when, and is shown again when it is back', async (t) => {
    const port = await freeUdpPort();
    const sender = await sendUdp(t, port);
    const { page } = await openFeed(t, `udp://127.0.0.1:${port}`, 'unplugged');
    await assertPaints(page);
    await kill(sender);
    const notice = page.locator('.notice', { hasText: /No signal since \d\d:\d\d:\d\d/ });
    await notice.waitFor();
    assert.match(await notice.innerText(), /Attempt \d+ to connect again/);
    assert.ok((await page.locator('.frame.gone').count()) > 0);
    assert.notEqual((await readScreen(page)).pictureShows, null);
    await page.getByRole('button', { name: 'Live, no signal' }).waitFor();
    await takePainted(page);
    await sendUdp(t, port);
    await assertPaints(page);
    await notice.waitFor({ state: 'detached' });
    assert.equal(await page.locator('.frame.gone').count(), 0);
    await removeFeed(page, 'unplugged');
  });

  test('what was is paused, stepped, sought and played with its masks, and then it is live again', async (t) => {
    const port = await freeUdpPort();
    await sendUdp(t, port);
    const { page } = await openFeed(t, `udp://127.0.0.1:${port}`, 'recorder');
    await until(page, 'recorder.all.length >= 40');
    const live = await takePainted(page);
    const { generation: lively } = await readScreen(page);
    await page.keyboard.press('Space');
    // The picture on the screen comes once more, out of the recording.
    await until(page, `roadgaze.lastPainted.generation > ${lively}`);
    const paused = await rests(page);
    assert.equal(paused.maskShows, paused.pictureShows);
    assert.ok(paused.frame >= live.at(-1)!.frame);
    await page.getByRole('button', { name: 'Back to live' }).waitFor();

    for (const [key, by] of [
      ['ArrowLeft', -1],
      ['ArrowLeft', -2],
      ['ArrowRight', -1],
    ] as const) {
      const { generation } = await readScreen(page);
      await page.keyboard.press(key);
      await until(page, `roadgaze.lastPainted.generation > ${generation}`);
      const shown = await rests(page);
      assert.equal(shown.maskShows, shown.pictureShows);
      assert.equal(
        (shown.pictureShows! - paused.pictureShows! + FRAMES) % FRAMES,
        (by + FRAMES) % FRAMES,
      );
    }

    // The timeline shows the last minute: its rows begin at the left edge.
    const area = page.getByRole('slider', { name: 'Playhead' });
    const box = (await area.boundingBox())!;
    for (const share of [0.03, 0.01, 0.02]) {
      const { generation } = await readScreen(page);
      await page.mouse.click(box.x + share * box.width, box.y + 20);
      await until(page, `roadgaze.lastPainted.generation > ${generation}`);
      const shown = await rests(page);
      assert.equal(shown.maskShows, shown.pictureShows);
      const same = live.find(({ frame }) => frame === shown.frame);
      if (same)
        assert.equal(
          shown.pictureShows,
          same.pictureShows,
          'the picture that was shown live under this number',
        );
      assert.ok(
        Math.abs(shown.frame - live[0]!.frame - share * 60 * FPS) < FPS,
        `frame ${shown.frame}`,
      );
    }

    await takePainted(page);
    await page.keyboard.press('Space');
    await until(page, 'recorder.all.length >= 14');
    const played = (await takePainted(page)).filter(
      ({ generation }, _, all) => generation === all.at(-1)!.generation,
    );
    checkPainted(played);
    assert.ok(played.at(-1)!.frame < live.at(-1)!.frame + 10, 'not live yet');

    await page.keyboard.press('g');
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    await takePainted(page);
    await until(page, 'recorder.all.length >= 14');
    const back = await takePainted(page);
    checkPainted(back.slice(1));
    assert.ok(back.at(-1)!.frame > paused.frame + 20);
    await removeFeed(page, 'recorder');
  });

  test('every pane has its mask, and another page follows what is chosen', async (t) => {
    const port = await freeUdpPort();
    await sendUdp(t, port);
    const { page } = await openFeed(t, `udp://127.0.0.1:${port}`, 'two panes');
    await assertPaints(page);
    const other = await openPage(server.url);
    t.after(() => other[Symbol.asyncDispose]());
    await until(other.page, 'roadgaze.painted > 3');
    await page.keyboard.press('v');
    for (const each of [page, other.page]) {
      await until(each, "document.querySelectorAll('.pane canvas.overlay').length === 2");
      await until(
        each,
        'recorder.sample().panes.length === 2 && recorder.sample().panes.every(({ mask }) => mask.some((alpha) => alpha > 0))',
      );
    }
    await removeFeed(page, 'two panes');
    await other.page.getByText('This feed was removed.').waitFor();
  });

  test('feeds are renamed in the page, and what cannot be added is told in the form', async (t) => {
    const { page } = await openFeed(t, `udp://127.0.0.1:${await freeUdpPort()}`, 'first name');
    await page.getByRole('button', { name: 'Live feeds' }).click();
    await page.getByRole('button', { name: 'Rename first name' }).click();
    await page.getByLabel('New name').fill('second name');
    await page.keyboard.press('Enter');
    await page.locator('#feeds .name', { hasText: 'second name' }).waitFor();
    await page.getByLabel('address').fill('file:///etc/passwd');
    await page.getByRole('button', { name: 'Add and watch' }).click();
    const refusal = page.locator('#feeds .add [role=alert]');
    await refusal.waitFor();
    assert.match(await refusal.innerText(), /file:/);
    assert.equal(await page.locator('.errors article').count(), 0);
    await page.keyboard.press('Escape');
    await removeFeed(page, 'second name');
  });

  /** What is on the screen once nothing new has been painted for a while. */
  async function rests(page: Page): Promise<Painted> {
    for (;;) {
      const before = await readScreen(page);
      await page.waitForTimeout(400);
      const now = await readScreen(page);
      if (now.sequence === before.sequence && now.maskShows !== null) return now;
    }
  }
});
