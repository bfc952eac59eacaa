import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { COUNT, writeUdacityDrive } from '../api/support/udacity-drive.ts';
import { temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser, type OpenedPage } from './support/browser.ts';
import { writeStackNetwork, writeStateNetwork } from './support/fed-networks.ts';
import { Lifetime } from './support/lifetime.ts';
import { readScreen } from './support/paint-recorder.ts';
import { serve, type RunningServe } from './support/serve.ts';
import { until } from './support/until.ts';

/** What the networks answer, of the numbers that frames show. */
const stacked = (frame: number, trim = 4) => {
  const seen = (steps: number) => Math.max(0, frame - steps);
  return seen(0) + 20 * seen(1) + 400 * seen(2) + 8000 * (COUNT - 1 - frame) + trim / 2;
};
const remembered = (from: number, to: number, pace: (frame: number) => number) => {
  let state = 0;
  for (let frame = from; frame <= to; frame++) state = state / 2 + frame + pace(frame) / 10;
  return state;
};
/** 10 mph, as the drive has it, in m/s. */
const LOGGED = 4.4704;

const SHOWN = `Number(document.querySelector('.dial dd')?.innerText.replace('−', '-') ?? NaN)`;

/** Waits until the page shows this frame with this number. */
async function untilShown(page: Page, frame: number, number: number): Promise<void> {
  await until(
    page,
    `roadgaze.lastPainted?.frame === ${frame} && Math.abs(${SHOWN} - ${number}) < 2e-3`,
  );
}

describe('networks that see more than one picture', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);
  let server: RunningServe;
  let opened: OpenedPage;
  let page: Page;

  before(async () => {
    const folder = temporaryFolder(suite);
    const recordings = join(folder, 'drives');
    await mkdir(recordings);
    await writeUdacityDrive(join(recordings, 'sim'));
    const networks = [await writeStackNetwork(folder), await writeStateNetwork(folder)];
    server = await serve(
      suite,
      recordings,
      ...networks.flatMap((path) => ['--model', path]),
      '--road',
      'none',
    );
    opened = await openPage(`${server.url}#frame=0`);
    ({ page } = opened);
  });
  after(() => opened[Symbol.asyncDispose]());

  test('a stack and a second camera: a sought frame has the number of the played one', async () => {
    await untilShown(page, 0, stacked(0));
    for (const frame of [1, 2, 3]) {
      await page.keyboard.press('ArrowRight');
      await untilShown(page, frame, stacked(frame));
    }
    await page.keyboard.press('End');
    await untilShown(page, COUNT - 1, stacked(COUNT - 1));
    await page.keyboard.press('ArrowLeft');
    await untilShown(page, COUNT - 2, stacked(COUNT - 2));
    await page.keyboard.press('Home');
    await page.keyboard.press(' ');
    await untilShown(page, COUNT - 1, stacked(COUNT - 1));
  });

  test('inputs and outputs are listed with what they are fed with, and pictures as they are seen', async () => {
    await page.keyboard.press('u');
    const panel = page.getByRole('dialog', { name: 'Inputs and outputs of the network' });
    const text = (await panel.innerText()).replace(/\s+/g, ' ');
    for (const line of [
      'image [N, 3, 8, 160] 3 pictures of camera center',
      'left [N, 1, 8, 160] picture of camera left',
      'trim [1] held constant',
      'both [N, 2]',
    ])
      assert.ok(text.includes(line), `${line}: ${text}`);
    // Three frames of one camera, one of the other; each of the size that the network gets.
    await panel.locator('img').nth(3).waitFor();
    assert.deepEqual(
      await panel.locator('img').evaluateAll((pictures) =>
        pictures.map((picture) => {
          const { alt, naturalWidth, naturalHeight } = picture as unknown as Record<
            string,
            unknown
          >;
          return [alt, naturalWidth, naturalHeight];
        }),
      ),
      [
        ['image as the network gets it, 2 steps back', 160, 8],
        ['image as the network gets it, 1 steps back', 160, 8],
        ['image as the network gets it', 160, 8],
        ['left as the network gets it', 160, 8],
      ],
    );
  });

  test('an older frame of the stack is shown in its own picture, and said to be that', async () => {
    const panel = page.locator('#network-panel');
    const shows = async () => (await readScreen(page)).pictureShows;
    const before = await page.evaluate<number>('roadgaze.lastPainted.generation');
    await panel.getByRole('button', { name: '2 back' }).click();
    await until(page, `roadgaze.lastPainted.generation > ${before}`);
    const notice = page.getByRole('status', { name: 'Set by hand' });
    await notice.getByText('Timeline and flags are without').waitFor();
    await untilShown(page, COUNT - 1, stacked(COUNT - 1));
    assert.match(await notice.innerText(), /shows the frame 2 steps back/);
    assert.equal(await shows(), COUNT - 3);
    await page.keyboard.press('ArrowLeft');
    await untilShown(page, COUNT - 2, stacked(COUNT - 2));
    assert.equal(await shows(), COUNT - 4);
    await panel.getByRole('button', { name: 'newest' }).click();
    await notice.waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowRight');
    await untilShown(page, COUNT - 1, stacked(COUNT - 1));
    assert.equal(await shows(), COUNT - 1);
  });

  test('a constant set by hand changes the shown frame, is named, and goes with one click', async () => {
    const trim = page.getByRole('spinbutton', { name: 'trim' });
    await trim.fill('7');
    await trim.blur();
    // Another frame is asked for while the network is made ready.
    await page.keyboard.press('ArrowLeft');
    await untilShown(page, COUNT - 2, stacked(COUNT - 2, 7));
    await page.keyboard.press('ArrowRight');
    await untilShown(page, COUNT - 1, stacked(COUNT - 1, 7));
    const notice = page.getByRole('status', { name: 'Set by hand' });
    assert.match(
      await notice.innerText(),
      /Set by hand trim 7[\s\S]*Timeline and flags are without/,
    );
    await page.keyboard.press('ArrowLeft');
    await untilShown(page, COUNT - 2, stacked(COUNT - 2, 7));
    await notice.getByRole('button', { name: 'Reset' }).click();
    await untilShown(page, COUNT - 2, stacked(COUNT - 2));
    await notice.waitFor({ state: 'detached' });
  });

  test('another output can be explained, and is called what it is', async () => {
    const panel = page.locator('#network-panel');
    await panel.getByRole('combobox').selectOption('both');
    await untilShown(page, COUNT - 2, COUNT - 2);
    await panel.getByRole('spinbutton', { name: 'element' }).fill('1');
    await panel.getByRole('spinbutton', { name: 'element' }).press('Enter');
    await untilShown(page, COUNT - 2, 1);
    assert.match(
      await page.getByRole('status', { name: 'Set by hand' }).innerText(),
      /explains element 2 of 2 of output "both"/,
    );
    await panel.getByRole('button', { name: 'Reset' }).click();
    await untilShown(page, COUNT - 2, stacked(COUNT - 2));
  });

  test('state goes on while playing, and begins anew two frames before a sought one', async () => {
    await page.getByRole('combobox', { name: 'Network' }).selectOption('state');
    assert.equal(await page.getByRole('alert').innerText(), '');
    const logged = () => LOGGED;
    await untilShown(page, COUNT - 2, remembered(COUNT - 4, COUNT - 2, logged));
    await page.keyboard.press('Home');
    await untilShown(page, 0, remembered(0, 0, logged));
    await page.keyboard.press(' ');
    await untilShown(page, COUNT - 1, remembered(0, COUNT - 1, logged));
    await page.keyboard.press('Home');
    // A signal that is set by hand is also of the frames before.
    await page.getByRole('spinbutton', { name: 'pace' }).fill('30');
    await untilShown(
      page,
      0,
      remembered(0, 0, () => 30),
    );
    await page.getByRole('spinbutton', { name: 'pace' }).blur();
    await page.keyboard.press('ArrowRight');
    await untilShown(
      page,
      1,
      remembered(0, 1, () => 30),
    );
    assert.deepEqual(opened.complaints, []);
  });
});
