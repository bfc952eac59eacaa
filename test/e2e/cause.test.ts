import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { CAUSE_DEGREES } from '../../shared/flags.ts';
import { repositoryRoot } from '../support/paths.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from './support/browser.ts';
import { Lifetime } from './support/lifetime.ts';
import { serve } from './support/serve.ts';
import { until } from './support/until.ts';

const DRIVE = join(repositoryRoot, 'recordings/drives/misleading-signs.mp4');
const FRAME = 120;

/**
 * Share of the band's lower lane that is filled: with the text's colour, which is opaque and no
 * grey of the ground.
 */
const FILLED = `(() => {
  const canvas = document.querySelector('.cause canvas');
  const { data } = canvas.getContext('2d').getImageData(0, Math.floor(canvas.height * 0.75), canvas.width, 1);
  let filled = 0;
  for (let x = 0; x < canvas.width; x += 1) if (data[x * 4] > 180) filled += 1;
  return filled / canvas.width;
})()`;

describe('causal truth', { skip: withoutBrowser }, () => {
  const suite = new Lifetime();
  closeBrowserAfter(suite);

  test('a band shows where the sign steered the shortcut network, with the value at the playhead; for the honest network it is nearly empty', async (t) => {
    const networks = join(repositoryRoot, 'recordings/networks');
    const server = await serve(
      t,
      DRIVE,
      '--model',
      join(networks, 'pilotnet-shortcut.onnx'),
      '--model',
      join(networks, 'pilotnet.onnx'),
    );
    await using opened = await openPage(`${server.url}#frame=${FRAME}`);
    const { page } = opened;
    await until(page, `roadgaze.lastPainted?.frame === ${FRAME}`);
    const [honest, shortcut] = await causes();
    await until(
      page,
      `document.querySelector('.cause dd')?.innerText === '${told(shortcut[FRAME] ?? 0)}'`,
    );
    const expected = shareAbove(shortcut);
    assert.ok(expected > 0.4);
    await until(page, `Math.abs(${FILLED} - ${expected}) < 0.04`);

    await choose(page, 'PilotNet');
    await until(
      page,
      `document.querySelector('.cause dd')?.innerText === '${told(honest[FRAME] ?? 0)}'`,
    );
    await until(page, `${FILLED} < 0.03`);
    assert.deepEqual(opened.complaints, []);
  });

  async function causes(): Promise<readonly [honest: number[], shortcut: number[]]> {
    const rows = (await readFile(DRIVE.replace('.mp4', '.causal.csv'), 'utf8'))
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split(',').map(Number));
    const degrees = (column: number) => rows.map((row) => ((row[column] ?? 0) * 180) / Math.PI);
    return [degrees(1), degrees(2)];
  }

  function shareAbove(change: readonly number[]): number {
    return change.filter((degrees) => Math.abs(degrees) > CAUSE_DEGREES).length / change.length;
  }

  function told(degrees: number): string {
    const size = Math.abs(degrees).toFixed(1);
    return size === '0.0' ? '0.0°' : `${size}° ${degrees > 0 ? 'left' : 'right'}`;
  }

  async function choose(page: Page, name: string): Promise<void> {
    await page.getByRole('combobox', { name: 'Network' }).selectOption({ label: name });
  }
});
