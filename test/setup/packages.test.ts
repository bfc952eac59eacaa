import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { setupModule, writeFiles } from './support.ts';

const { packagesAreCurrent } = await setupModule<{ packagesAreCurrent(folder: string): boolean }>(
  'packages.mjs',
);

const LOCKED = {
  '': { name: 'x' },
  'node_modules/a': { version: '1.0.0' },
  'node_modules/a/node_modules/b': { version: '2.0.0' },
  'node_modules/for-another-platform': { version: '3.0.0', optional: true },
};
const { '': _, 'node_modules/for-another-platform': __, ...INSTALLED } = LOCKED;

function folderWith(t: TestContext, locked: object | null, installed: object | null): string {
  const folder = temporaryFolder(t);
  writeFiles(folder, {
    'node_modules/a/package.json': '{}',
    'node_modules/a/node_modules/b/package.json': '{}',
  });
  if (locked) writeFiles(folder, { 'package-lock.json': JSON.stringify({ packages: locked }) });
  if (installed)
    writeFiles(folder, {
      'node_modules/.package-lock.json': JSON.stringify({ packages: installed }),
    });
  return folder;
}

test("packages are current when each locked one is there in its version, whatever the files' times", (t) =>
  assert.ok(packagesAreCurrent(folderWith(t, LOCKED, INSTALLED))));

test('without node_modules they are not', (t) =>
  assert.ok(!packagesAreCurrent(folderWith(t, LOCKED, null))));

test('a package in another version makes them stale', (t) => {
  assert.ok(
    !packagesAreCurrent(
      folderWith(t, LOCKED, {
        ...INSTALLED,
        'node_modules/a/node_modules/b': { version: '2.0.1' },
      }),
    ),
  );
});

test('an optional package in another version makes them stale too', (t) => {
  assert.ok(
    !packagesAreCurrent(
      folderWith(t, LOCKED, {
        ...INSTALLED,
        'node_modules/for-another-platform': { version: '2.9.0' },
      }),
    ),
  );
});

test('a package that the lock gained makes them stale', (t) => {
  assert.ok(
    !packagesAreCurrent(
      folderWith(t, { ...LOCKED, 'node_modules/new': { version: '1.0.0' } }, INSTALLED),
    ),
  );
});

test('a package whose folder was deleted makes them stale', (t) => {
  const folder = folderWith(t, LOCKED, INSTALLED);
  rmSync(join(folder, 'node_modules/a/node_modules'), { recursive: true });
  assert.ok(!packagesAreCurrent(folder));
});

test('the packages that these tests run with are current', () =>
  assert.ok(packagesAreCurrent(repositoryRoot)));
