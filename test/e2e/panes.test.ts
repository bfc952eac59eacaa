import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { Viewer } from '../api/support/viewer.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { readScreen, takePainted, waitForFrame } from './support/paint-recorder.ts';
import { makeNumberedDrive, serve, type RunningServe } from './support/serve.ts';
import { writeSquaringNetwork } from './support/squaring-network.ts';
import { until } from './support/until.ts';

const FRAMES = 120;
const TWO = 'panes=two&methods=visualbackprop+gradient+saliency+inputxgradient';

/** RGBA of the first overlay at 16 places across the row on which the bars are read. */
const COLORS = `(() => {
  const canvas = document.querySelector('canvas.overlay');
  const { data } = canvas.getContext('2d').getImageData(0, Math.floor(0.75 * canvas.height), canvas.width, 1);
  return Array.from({ length: 16 }, (_, bar) => [...data.slice(Math.floor(((bar + 0.5) / 16) * canvas.width) * 4).slice(0, 4)].join());
})()`;

const hasMask = (pane: number) =>
  `recorder.sample().panes[${pane}]?.mask.some((alpha) => alpha > 0)`;
const colors = (page: Page) => page.evaluate<string[]>(COLORS);

/**
 * Another part of the same address would load nothing, and a reload after it finds what the page
 * has written meanwhile.
 */
async function openAnew(page: Page, url: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(url);
}

describe('panes', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);
  let server: RunningServe;

  before(async () => {
    const drive = await makeNumberedDrive(
      temporaryFolder(suite),
      { frames: FRAMES },
      writeSquaringNetwork,
    );
    server = await serve(suite, drive.recordings, '--model', drive.network, '--road', 'none');
  });

  test('two panes stream in step: pictures and masks of both show the number of the same frame', async () => {
    await using opened = await openPage(`${server.url}#${TWO}`);
    const { page } = opened;
    await until(page, 'roadgaze.painted > 60');
    const painted = await takePainted(page);
    let masks = 0;
    for (const { frame, panes } of painted) {
      assert.deepEqual(
        panes.map(({ pictureShows }) => pictureShows),
        [frame, frame],
      );
      const shown = panes.map(({ maskShows }) => maskShows).filter((number) => number !== null);
      for (const number of shown) assert.equal(number, frame);
      if (shown.length === 2) masks++;
    }
    assert.ok(masks > 40, `${masks} of ${painted.length} frames had both masks`);
    assert.deepEqual(opened.complaints, []);
  });

  test('the way of steering is chosen beside the method, for methods that stream and for slow ones, where it shows something else', async () => {
    await using opened = await openPage(
      `${server.url}#frame=60&panes=two&methods=guidedbackprop+occlusion`,
    );
    const { page } = opened;
    await waitForFrame(page, 60);
    const overlay = (pane: number) => `(() => {
      const canvas = document.querySelectorAll('canvas.overlay')[${pane}];
      return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join();
    })()`;
    const anything = (pane: number) => `/[1-9]/.test(${overlay(pane)})`;
    await until(page, `${anything(0)} && ${anything(1)}`);
    const before = await page.evaluate<string>(overlay(1));
    await page.getByRole('combobox', { name: 'Way of steering of B' }).selectOption('-');
    await page.getByRole('region', { name: 'B: Occlusion −' }).waitFor();
    await until(page, `${anything(1)} && ${overlay(1)} !== ${JSON.stringify(before)}`);
    // Nothing in the picture pushes this network's output down.
    await page.getByRole('combobox', { name: 'Way of steering of A' }).selectOption('-');
    await page
      .getByRole('region', { name: 'A: Guided backpropagation −' })
      .getByText('Guided backpropagation − is zero everywhere')
      .waitFor();
    assert.equal(await page.evaluate(anything(0)), false);
    await until(page, `location.hash.includes('methods=guidedbackprop%3A-+occlusion%3A-')`);
    assert.equal((await readScreen(page)).panes[1]?.pictureShows, 60);
    await page.getByRole('combobox', { name: 'Method of A' }).selectOption('visualbackprop');
    await page
      .getByRole('combobox', { name: 'Way of steering of A' })
      .waitFor({ state: 'detached' });
    // Where panes are narrow there is room for both choices.
    await page.setViewportSize({ width: 1000, height: 640 });
    await openAnew(
      page,
      `${server.url}#frame=60&panes=four&methods=guidedbackprop+occlusion:-+guided-gradcam:abs+integratedgradients`,
    );
    await waitForFrame(page, 60);
    const overflow = await page.evaluate<number[]>(
      `[...document.querySelectorAll('.pane .head')].map((head) => head.scrollWidth - head.clientWidth)`,
    );
    assert.deepEqual(overflow, [0, 0, 0, 0]);
    assert.deepEqual(opened.complaints, []);
  });

  test('four panes show four methods of one frame, and V goes from one to two to four', async () => {
    await using opened = await openPage(`${server.url}#frame=21&panes=one`);
    const { page } = opened;
    await waitForFrame(page, 21);
    for (const count of [2, 4, 1]) {
      await page.keyboard.press('v');
      await until(page, `document.querySelectorAll('canvas.overlay').length === ${count}`);
    }
    await openAnew(page, `${server.url}#frame=21&${TWO.replace('two', 'four')}`);
    await waitForFrame(page, 21);
    await until(page, hasMask(3));
    assert.deepEqual(
      (await readScreen(page)).panes,
      Array.from({ length: 4 }, () => ({ pictureShows: 21, maskShows: 21 })),
    );
  });

  test('a change of methods stays on the frame and keeps the picture, and the page remembers it', async () => {
    await using opened = await openPage(`${server.url}#frame=33`);
    const { page } = opened;
    await waitForFrame(page, 33);
    await takePainted(page);
    await page.keyboard.press('v');
    await until(page, hasMask(1));
    await page.getByRole('combobox', { name: 'Method of B' }).selectOption('saliency');
    await until(page, `location.hash.includes('saliency') && ${hasMask(1)}`);
    for (const { frame, panes } of await takePainted(page)) {
      assert.equal(frame, 33);
      for (const { pictureShows, maskShows } of panes) {
        assert.equal(pictureShows, 33);
        assert.ok(maskShows === 33 || maskShows === null);
      }
    }
    await openAnew(page, `${server.url}#frame=34`);
    await waitForFrame(page, 34);
    assert.equal(
      await page.getByRole('combobox', { name: 'Method of B' }).inputValue(),
      'saliency',
    );
  });

  test('keys choose the method of the pane that was clicked last, while it goes on playing', async () => {
    await using opened = await openPage(`${server.url}#${TWO}`);
    const { page } = opened;
    await until(page, 'roadgaze.lastPainted?.frame > 5');
    await page.getByRole('button', { name: 'Pane B' }).click();
    await page.keyboard.press('4');
    assert.equal(
      await page.getByRole('combobox', { name: 'Method of B' }).inputValue(),
      'inputxgradient',
    );
    const before = await page.evaluate<number>('roadgaze.lastPainted.frame');
    await until(page, `roadgaze.lastPainted.frame > ${before + 5}`);
    assert.equal(
      await page.getByRole('combobox', { name: 'Method of A' }).inputValue(),
      'visualbackprop',
    );
    assert.deepEqual(opened.complaints, []);
  });

  test('the wipe shows A to the left of its border and B to the right; the border is dragged or moved by keys', async () => {
    await using opened = await openPage(`${server.url}#frame=85&${TWO}`);
    const { page } = opened;
    await waitForFrame(page, 85);
    await page.keyboard.press('s');
    const border = page.getByRole('slider', { name: 'Border between A and B' });
    await border.focus();
    await page.keyboard.press('End');
    await until(page, hasMask(0));
    const onlyA = await colors(page);
    await page.keyboard.press('Home');
    const onlyB = await colors(page);
    assert.notDeepEqual(onlyA, onlyB);
    assert.equal(await page.evaluate('roadgaze.lastPainted.frame'), 85);
    const picture = await page.locator('canvas.picture').boundingBox();
    assert.ok(picture);
    await page.mouse.move(picture.x + 1, picture.y + picture.height / 2);
    await page.mouse.down();
    await page.mouse.move(picture.x + picture.width / 2, picture.y + picture.height / 2, {
      steps: 4,
    });
    await page.mouse.up();
    assert.equal(await border.getAttribute('aria-valuenow'), '50');
    assert.deepEqual(await colors(page), [...onlyA.slice(0, 8), ...onlyB.slice(8)]);
    await border.focus();
    await page.keyboard.press('Shift+ArrowLeft');
    assert.equal(await border.getAttribute('aria-valuenow'), '40');
  });

  test('the difference of a method to itself is nothing, to another one something', async () => {
    await using opened = await openPage(`${server.url}#frame=85&${TWO}`);
    const { page } = opened;
    await waitForFrame(page, 85);
    await page.keyboard.press('d');
    await page.getByRole('region', { name: 'A less B' }).waitFor();
    await until(page, hasMask(0));
    await page.getByRole('combobox', { name: 'Method of B' }).selectOption('visualbackprop');
    await until(page, `!${hasMask(0)} && !document.querySelector('.note')`);
    assert.equal((await readScreen(page)).pictureShows, 85);
    await page.keyboard.press('d');
    await until(page, `document.querySelectorAll('canvas.overlay').length === 2`);
  });

  test('A goes to the frame with the least agreement, which stands at the right of its series', async () => {
    await using opened = await openPage(`${server.url}#frame=77&${TWO}`);
    const { page } = opened;
    await waitForFrame(page, 77);
    await page.waitForSelector('.analysis >> text=/^analysed$/');
    const viewer = await Viewer.connect(server);
    suite.after(() => viewer.socket.close());
    const hello = await viewer.message('hello');
    viewer.send({
      type: 'open',
      recording: hello.recordings[0]?.id ?? '',
      network: hello.networks[0]?.id ?? '',
      methods: ['visualbackprop', 'gradient'],
    });
    await viewer.message('analysis', ({ complete }) => complete);
    const spearman = viewer.messages.flatMap((message) =>
      message.type === 'analysis' ? (message.columns.agreement?.spearman ?? []) : [],
    );
    assert.equal(spearman.length, FRAMES);
    const lowest = Math.min(...spearman.map((value) => value ?? Infinity));
    const least = spearman.indexOf(lowest);
    assert.ok(lowest < Math.max(...spearman.map((value) => value ?? -Infinity)) - 0.01);
    await page.getByRole('combobox', { name: 'Measure of agreement' }).selectOption('top 5 %');
    await page.getByRole('combobox', { name: 'Measure of agreement' }).selectOption('Spearman');
    await page.keyboard.press('a');
    await waitForFrame(page, least);
    await page.locator('.values', { hasText: 'A · B' }).getByText(lowest.toFixed(2)).waitFor();
    await page.keyboard.press('End');
    await waitForFrame(page, FRAMES - 1);
    await page.getByRole('button', { name: 'worst agreement' }).click();
    await waitForFrame(page, least);
  });

  test('a method that does not exist for the network says why, and the pane goes back', async () => {
    await using opened = await openPage(`${server.url}#frame=40&panes=one&methods=visualbackprop`);
    const { page } = opened;
    await waitForFrame(page, 40);
    const chooser = page.getByRole('combobox', { name: 'Method', exact: true });
    await chooser.selectOption('cam');
    await page.getByRole('alert').getByText('METHOD_UNSUITED').waitFor();
    await until(page, hasMask(0));
    assert.equal(await chooser.inputValue(), 'visualbackprop');
    await page.keyboard.press('ArrowRight');
    await waitForFrame(page, 41);
  });

  test('a page that remembers a method which this network cannot have still opens', async () => {
    await using opened = await openPage(`${server.url}#frame=40&panes=one&methods=cam`);
    const { page } = opened;
    await page.getByRole('alert').getByText('METHOD_UNSUITED').waitFor();
    await waitForFrame(page, 40);
  });
});

describe('methods in panes', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);

  test('where the network gives nothing the pane says so', async (t) => {
    // Its output is a step: the gradient is zero everywhere.
    const drive = await makeNumberedDrive(temporaryFolder(t));
    const server = await serve(t, drive.recordings, '--model', drive.network, '--road', 'none');
    await using opened = await openPage(
      `${server.url}#frame=20&panes=two&methods=visualbackprop+gradient`,
    );
    const { page } = opened;
    await waitForFrame(page, 20);
    await page
      .getByRole('region', { name: 'B: Gradient' })
      .getByText('The network gives nothing here: on this frame Gradient is zero everywhere.')
      .waitFor();
    assert.equal((await readScreen(page)).panes[1]?.pictureShows, 20);
    assert.equal(
      await page
        .getByRole('region', { name: 'A: VisualBackProp' })
        .getByText('gives nothing')
        .count(),
      0,
    );
  });

  test('another method leaves the steering on the timeline, and what depends on the method looks not analysed until it is', async (t) => {
    const recordings = join(repositoryRoot, 'recordings');
    const server = await serve(
      t,
      join(recordings, 'drives/country-road.mp4'),
      '--model',
      join(recordings, 'networks/pilotnet.onnx'),
    );
    await using opened = await openPage(`${server.url}#frame=0&panes=one&methods=visualbackprop`);
    const { page } = opened;
    page.setDefaultTimeout(60_000);
    await page
      .getByRole('region', { name: 'Timeline' })
      .getByText('analysed', { exact: true })
      .waitFor();
    // The last frame is analysed last.
    const plots = page.locator('.timeline .area');
    const box = (await plots.boundingBox())!;
    await page.mouse.move(box.x + box.width - 3, box.y + box.height / 2);
    await page.getByText(/^at cursor/).waitFor();
    await page.evaluate(`(() => {
      const valueOf = (name) => [...document.querySelectorAll('.timeline dt')].find((term) => term.textContent.trim() === name)?.nextElementSibling?.textContent.trim() ?? 'none';
      window.seen = [];
      const look = () => {
        seen.push(['wanted', 'error', 'share'].map(valueOf));
        requestAnimationFrame(look);
      };
      look();
    })()`);
    await page.getByRole('combobox', { name: 'Method', exact: true }).selectOption('gradcam');
    await until(page, `seen.some(([, , share]) => share === '–')`);
    await until(page, `seen.at(-1)[2] !== '–'`);
    const seen = await page.evaluate<string[][]>('seen');
    const [wanted, error, share] = seen[0] ?? [];
    assert.ok(wanted !== '–' && error !== '–' && share !== '–', String(seen[0]));
    for (const values of seen) assert.deepEqual(values.slice(0, 2), [wanted, error]);
    assert.notEqual(seen.at(-1)?.[2], share);
    assert.deepEqual(opened.complaints, []);
  });

  test('a slow method waits while it plays, runs on the paused frame with progress, can be cancelled, and its result stays until the frame changes', async (t) => {
    const recordings = join(repositoryRoot, 'recordings');
    const server = await serve(
      t,
      join(recordings, 'drives/country-road.mp4'),
      '--model',
      join(recordings, 'networks/pilotnet.onnx'),
      '--road',
      'none',
    );
    await using opened = await openPage(`${server.url}#panes=two&methods=visualbackprop+lime`);
    const { page } = opened;
    // 500 passes, twice, beside the analysis of the drive.
    page.setDefaultTimeout(60_000);
    const pane = page.getByRole('region', { name: 'B: LIME' });
    const anything = `(() => {
      const canvas = document.querySelectorAll('canvas.overlay')[1];
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.some((byte, index) => index % 4 === 3 && byte > 0);
    })()`;
    await until(page, 'roadgaze.lastPainted?.frame > 2');
    await pane.getByText('LIME takes many passes: it runs on a paused frame.').waitFor();
    await page.keyboard.press('Space');
    await pane.getByRole('progressbar', { name: 'LIME' }).waitFor();
    await pane.getByRole('button', { name: 'Cancel' }).click();
    await pane.getByText('LIME was cancelled.').waitFor();
    assert.equal(await page.evaluate(anything), false);
    await pane.getByRole('button', { name: 'Run it' }).click();
    await pane.getByText(/of \d+ passes/).waitFor();
    await until(page, anything);
    await pane.getByRole('progressbar').waitFor({ state: 'detached' });
    const frame = await page.evaluate<number>('roadgaze.lastPainted.frame');
    await page.getByRole('combobox', { name: 'Method of A' }).selectOption('saliency');
    await until(page, hasMask(0));
    assert.equal(await page.evaluate(anything), true);
    await page.keyboard.press('ArrowRight');
    await until(page, `roadgaze.lastPainted.frame === ${frame + 1} && !${anything}`);
    assert.deepEqual(opened.complaints, []);
  });
});
