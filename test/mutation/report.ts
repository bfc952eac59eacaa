import { table } from '../bench/measure.ts';
import type { Mutant } from './mutants.ts';
import { folderOf } from './sample.ts';
import type { Result } from './results.ts';

/** How many of each folder were noticed. */
export function summary(drawn: readonly (readonly [Mutant, Result])[]): string {
  const folders = [...new Set(drawn.map(([{ file }]) => folderOf(file)))].sort();
  const rows = folders.map((folder) =>
    rowOf(
      folder,
      drawn.filter(([{ file }]) => folderOf(file) === folder),
    ),
  );
  return table([
    ['folder', 'drawn', 'noticed', 'survived', 'unreached', 'undecided', 'share'],
    ...rows,
    rowOf('all', drawn),
  ]);
}

function rowOf(name: string, drawn: readonly (readonly [Mutant, Result])[]): string[] {
  const count = (outcome: Result['outcome']): number =>
    drawn.filter(([, result]) => result.outcome === outcome).length;
  const share = drawn.length > 0 ? (100 * count('noticed')) / drawn.length : 0;
  return [
    name,
    ...[
      drawn.length,
      count('noticed'),
      count('survived'),
      count('unreached'),
      count('undecided'),
    ].map(String),
    `${share.toFixed(0)} %`,
  ];
}

/** Each mutant that no test noticed: where it is, and what was changed to what. */
export function unnoticed(drawn: readonly (readonly [Mutant, Result])[]): string {
  return drawn
    .filter(([, { outcome }]) => outcome !== 'noticed')
    .sort(([a], [b]) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
    .map(([mutant, result]) => {
      const ran =
        'tests' in result && result.tests > 0
          ? `${result.tests} of ${result.reaching} tests that reach it`
          : 'no test reaches it';
      return `${mutant.file}:${mutant.line} ${mutant.mutator}, ${ran}\n  ${shown(mutant.original)}\n  → ${shown(mutant.replacement)}`;
    })
    .join('\n');
}

const LONGEST = 110;

function shown(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)} …` : line;
}
