import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { runNode, smallCheckout, writeFiles } from './support.ts';

const NAMES = ['ffmpeg', 'ffprobe'] as const;

function programs(t: TestContext): Record<(typeof NAMES)[number], string> & { folder: string } {
  const folder = temporaryFolder(t);
  for (const name of NAMES) {
    writeFiles(folder, { [name]: '#!/bin/sh\n' });
    chmodSync(join(folder, name), 0o755);
  }
  return { folder, ffmpeg: join(folder, 'ffmpeg'), ffprobe: join(folder, 'ffprobe') };
}

async function find(root: string, env: Readonly<Record<string, string>>): Promise<unknown> {
  const script = `import { findFfmpeg } from ${JSON.stringify(join(root, 'server/setup/ffmpeg.mjs'))}; console.log(JSON.stringify(findFfmpeg()));`;
  return JSON.parse(
    (
      await runNode(['--input-type=module', '--eval', script], {
        env: { ROADGAZE_FFMPEG: '', ROADGAZE_FFPROBE: '', PATH: '', ...env },
      })
    ).stdout,
  );
}

test('ffmpeg named in the environment goes before the PATH, and the PATH before what the set-up installed', async (t) => {
  const root = smallCheckout(t);
  const [named, onPath, installed] = [programs(t), programs(t), programs(t)];
  const both = ({ ffmpeg, ffprobe }: { ffmpeg: string; ffprobe: string }): object => ({
    ffmpeg,
    ffprobe,
  });
  assert.equal(await find(root, {}), null);
  writeFiles(root, { '.roadgaze/ffmpeg/tools.json': JSON.stringify(both(installed)) });
  assert.deepEqual(await find(root, {}), both(installed));
  assert.deepEqual(await find(root, { PATH: onPath.folder }), both(onPath));
  assert.deepEqual(
    await find(root, {
      PATH: onPath.folder,
      ROADGAZE_FFMPEG: named.ffmpeg,
      ROADGAZE_FFPROBE: named.ffprobe,
    }),
    both(named),
  );
});

test('ffmpeg without ffprobe, or one that was deleted since, is no ffmpeg', async (t) => {
  const root = smallCheckout(t);
  const { ffmpeg } = programs(t);
  writeFiles(root, { '.roadgaze/ffmpeg/tools.json': JSON.stringify({ ffmpeg }) });
  assert.equal(await find(root, {}), null);
  writeFiles(root, {
    '.roadgaze/ffmpeg/tools.json': JSON.stringify({
      ffmpeg: join(root, 'gone'),
      ffprobe: join(root, 'gone'),
    }),
  });
  assert.equal(await find(root, {}), null);
  writeFiles(root, { '.roadgaze/ffmpeg/tools.json': '{"ffm' });
  assert.equal(await find(root, {}), null);
});
