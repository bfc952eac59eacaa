import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'node:test';

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export const repositoryRoot = findRoot();

const beside = resolve(repositoryRoot, '..', 'shared');
/**
 * Real networks, footage and reference maps, where they lie beside the checkout; else null, and
 * tests skip by name.
 */
export const sharedFolder: string | null = existsSync(join(beside, 'real')) ? beside : null;

/** An empty folder that is removed when the test ends. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'roadgaze-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
