import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/paths.ts';

/** Where changes are tried, what was measured, and what the last run found; ignored by git. */
export const mutationFolder = join(repositoryRoot, '.roadgaze', 'mutation');

/** Packages are linked. Without settings of the compiler, nothing in the copy is built anew. */
const LEFT_OUT = ['.git', '.roadgaze', 'node_modules', 'tsconfig.json'];
const SOURCE_MAP = /\n\/\/# sourceMappingURL=\S+\s*$/;

/**
 * A copy of the checkout, in which one compiled file at a time is changed. Compiled files lose the
 * address of their source map: what they cover is then written without the maps.
 */
export function makeSandbox(name: string): string {
  const folder = join(mutationFolder, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(repositoryRoot))
    if (!LEFT_OUT.includes(entry))
      cpSync(join(repositoryRoot, entry), join(folder, entry), { recursive: true });
  symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
  for (const path of filesIn(join(folder, 'dist', 'node'), '.js')) {
    const compiled = join(folder, 'dist', 'node', path);
    writeFileSync(compiled, withoutSourceMap(readFileSync(compiled, 'utf8')));
  }
  return folder;
}

export function withoutSourceMap(code: string): string {
  return code.replace(SOURCE_MAP, '\n');
}

/** Files below a folder, relative to it, sorted; none where it is absent. */
export function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .sort();
}
