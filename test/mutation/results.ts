import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutationFolder } from './sandbox.ts';
import type { Mutant } from './mutants.ts';
import type { Verdict } from './try-mutant.ts';

/** What became of a mutant; `invalid` where the types do not allow it, `drawn` where they do. */
export type Result = Pick<Mutant, 'key' | 'file' | 'line' | 'mutator'> &
  ((Verdict & { readonly circle: number }) | { readonly outcome: 'invalid' | 'drawn' });

const path = join(mutationFolder, 'results.jsonl');

/** The last result of each mutant that was ever tried here. */
export function knownResults(): Map<string, Result> {
  if (!existsSync(path)) return new Map();
  const results = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Result);
  return new Map(results.map((result) => [result.key, result]));
}

/** With what nearer tests said: one that did not notice the change, or could not tell. */
export function withBefore(
  before: Result | undefined,
  result: Result & Verdict & { readonly circle: number },
): Result {
  if (!before || !('circle' in before) || result.circle === 0) return result;
  const outcome =
    result.outcome === 'noticed' || before.outcome === 'unreached'
      ? result.outcome
      : before.outcome === 'undecided' || result.outcome === 'unreached'
        ? before.outcome
        : result.outcome;
  return {
    ...result,
    outcome,
    tests: before.tests + result.tests,
    reaching: before.reaching + result.reaching,
    seconds: before.seconds + result.seconds,
  };
}

/** One line at a time, so that a run that is ended loses nothing. */
export function keepResult(result: Result): void {
  mkdirSync(mutationFolder, { recursive: true });
  appendFileSync(path, `${JSON.stringify(result)}\n`);
}
