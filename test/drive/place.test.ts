import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { placeAt } from '../../server/drive/place.ts';
import { temporaryFolder } from '../support/paths.ts';

test('a place tells the names of a folder, and heads of at most 64 KiB of the files in it', async (t) => {
  const folder = join(temporaryFolder(t), 'drive');
  mkdirSync(join(folder, 'meta', 'episodes'), { recursive: true });
  writeFileSync(join(folder, 'manifest.json'), '{}');
  writeFileSync(join(folder, 'meta', 'info.json'), 'x'.repeat(100_000));
  const place = await placeAt(folder);
  assert.equal(place.name, 'drive');
  assert.equal(place.isFolder, true);
  assert.deepEqual([...place.names].sort(), ['manifest.json', 'meta']);
  assert.equal((await place.headOf('manifest.json')).toString(), '{}');
  assert.equal((await place.headOf('meta/info.json')).length, 65_536);
  assert.deepEqual([...(await place.namesOf('meta'))].sort(), ['episodes', 'info.json']);
  assert.equal((await place.head()).length, 0);
  assert.equal((await place.headOf('meta')).length, 0);
});

test('nothing outside a place is read: by "..", an absolute name, or a link that leads out', async (t) => {
  const base = temporaryFolder(t);
  const folder = join(base, 'drive');
  mkdirSync(folder);
  mkdirSync(join(base, 'secrets'));
  writeFileSync(join(base, 'secret'), 'secret');
  writeFileSync(join(folder, 'own'), 'own');
  symlinkSync('../secret', join(folder, 'out'));
  symlinkSync('../secrets', join(folder, 'outside'));
  symlinkSync('own', join(folder, 'in'));
  const place = await placeAt(folder);
  for (const name of ['../secret', '..\\secret', join(base, 'secret'), 'out', '', 'own\0', '.'])
    assert.equal((await place.headOf(name)).length, 0, JSON.stringify(name));
  assert.deepEqual(await place.namesOf('outside'), new Set());
  assert.deepEqual(await place.namesOf('..'), new Set());
  assert.equal((await place.headOf('in')).toString(), 'own');
});

test(
  'a pipe has an empty head and holds nobody up',
  { skip: process.platform === 'win32' },
  async (t) => {
    const folder = temporaryFolder(t);
    execFileSync('mkfifo', [join(folder, 'pipe.mp4')]);
    assert.equal((await (await placeAt(join(folder, 'pipe.mp4'))).head()).length, 0);
    assert.equal((await (await placeAt(folder)).headOf('pipe.mp4')).length, 0);
  },
);

test('a place that is not there is named', async (t) => {
  const path = join(temporaryFolder(t), 'nowhere');
  await assert.rejects(placeAt(path), {
    code: 'INPUT_NOT_FOUND',
    message: `There is no file or folder ${path}.`,
  });
});
