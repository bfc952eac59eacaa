import type { Mutant } from './mutants.ts';

/** A change that no test could notice, because nobody could: it is not drawn. */
export interface Meaningless {
  readonly file: string;
  /** The line in which the change begins, as it is written. */
  readonly line: string;
  /** What is replaced, where the line has more than one place for the replacement. */
  readonly original?: string;
  readonly replacement: string;
  readonly why: string;
}

export const MEANINGLESS: readonly Meaningless[] = [];

export function isMeaningless(mutant: Mutant): boolean {
  return MEANINGLESS.some(
    ({ file, line, original, replacement }) =>
      file === mutant.file &&
      line === mutant.text &&
      replacement === mutant.replacement &&
      (original === undefined || original === mutant.original),
  );
}
