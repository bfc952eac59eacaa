import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/paths.ts';

const FOLDER = new URL('./targets/', import.meta.url);

/** Names of all targets: the files of `targets/`. */
export const targetNames: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -3))
  .sort();

/** URL of a target's module. */
export const targetModule = (name: string): string => new URL(`${name}.js`, FOLDER).href;

/** Inputs that once were finds. */
export function corpusOf(name: string): string[] {
  const folder = join(repositoryRoot, 'test', 'fuzz', 'corpus', name);
  try {
    return readdirSync(folder)
      .sort()
      .map((file) => join(folder, file));
  } catch {
    return [];
  }
}
