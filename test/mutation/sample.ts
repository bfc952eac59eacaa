import { createHash } from 'node:crypto';
import type { Mutant } from './mutants.ts';

/** The part of the tree by which results are counted. */
export function folderOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return first === 'shared' ? first : `${first}/${second}`;
}

/** Of each folder that is counted, so that its share says something. */
const LEAST_OF_FOLDER = 8;

/**
 * How many of each folder are drawn: by its size, and no folder without any.
 */
export function sharesOf(counts: ReadonlyMap<string, number>, size: number): Map<string, number> {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return new Map(
    [...counts].map(([folder, count]) => [
      folder,
      Math.min(count, Math.max(LEAST_OF_FOLDER, Math.round((size * count) / total))),
    ]),
  );
}

/**
 * The order in which mutants of each folder are drawn. Each has its own lot, out of the seed and
 * what it is: a change elsewhere in the tree puts no other into the sample.
 */
export function drawOrder(mutants: readonly Mutant[], seed: number): Map<string, Mutant[]> {
  const lots = new Map(mutants.map((mutant) => [mutant, lotOf(mutant.key, seed)]));
  const folders = new Map<string, Mutant[]>();
  for (const mutant of mutants) {
    const folder = folderOf(mutant.file);
    folders.set(folder, [...(folders.get(folder) ?? []), mutant]);
  }
  for (const drawn of folders.values())
    drawn.sort((a, b) => (lots.get(a)! < lots.get(b)! ? -1 : 1));
  return folders;
}

function lotOf(key: string, seed: number): string {
  return createHash('sha256').update(`${seed} ${key}`).digest('hex');
}
