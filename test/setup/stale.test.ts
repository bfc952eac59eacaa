import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { setupModule, writeFiles } from './support.ts';

const { buildStamped, digestOf, filesUnder, isStale } = await setupModule<{
  filesUnder(root: string, paths: readonly string[], wanted?: (path: string) => boolean): string[];
  digestOf(root: string, files: readonly string[]): string;
  isStale(stamp: string, digest: string, outputs: readonly string[]): boolean;
  buildStamped(stamp: string, digest: string, build: () => Promise<void>): Promise<void>;
}>('stale.mjs');

test('files are listed sorted, through folders and by name; what is absent is passed over, links are not followed', (t) => {
  const root = temporaryFolder(t);
  writeFiles(root, { 'b/2.ts': '', 'b/1.ts': '', 'b/c/3.ts': '', 'b/4.md': '', 'a.json': '' });
  symlinkSync(root, join(root, 'b/loop'));
  assert.deepEqual(
    filesUnder(root, ['b', 'a.json', 'nowhere'], (path) => !path.endsWith('.md')),
    ['a.json', 'b/1.ts', 'b/2.ts', 'b/c/3.ts'],
  );
});

test('a digest changes with a name, with a content, and with where one file ends and the next begins', (t) => {
  const root = temporaryFolder(t);
  const digest = (files: Readonly<Record<string, string>>): string => {
    writeFiles(root, files);
    return digestOf(root, Object.keys(files));
  };
  const digests = [
    { a: '1' },
    { a: '2' },
    { b: '1' },
    { a: '1', b: '' },
    { a: '', b: '1' },
    { a: '1b\u00000\u0000' },
  ].map(digest);
  assert.equal(new Set(digests).size, digests.length);
  assert.equal(digest({ a: '1' }), digests[0]);
});

test('a build is stale without a stamp, with another digest, when an output is gone, and after one that failed', async (t) => {
  const root = temporaryFolder(t);
  const stamp = join(root, 'dist/server.stamp');
  const output = join(root, 'main.js');
  assert.ok(isStale(stamp, 'd', []));
  await buildStamped(stamp, 'd', async () => {});
  assert.ok(existsSync(stamp));
  assert.ok(!isStale(stamp, 'd', []));
  assert.ok(isStale(stamp, 'e', []));
  assert.ok(isStale(stamp, 'd', [output]));
  writeFiles(root, { 'main.js': '' });
  assert.ok(!isStale(stamp, 'd', [output]));
  await assert.rejects(
    buildStamped(stamp, 'e', () => Promise.reject(new Error('half written'))),
    /half written/,
  );
  assert.ok(isStale(stamp, 'd', [output]));
  assert.ok(isStale(stamp, 'e', [output]));
});
