import { basename, dirname } from 'node:path';
import { isIn } from './covered-ranges.ts';
import type { TestCoverage } from './coverage.ts';

/** The tests that are run against one mutant, in this order, and how many reach it. */
export interface Plan {
  readonly tests: readonly TestCoverage[];
  readonly reaching: number;
}

export interface Limits {
  readonly tests: number;
  /** Of tests as they were measured, together; the first is always run. */
  readonly seconds: number;
}

/**
 * The tests that reach a place in a compiled file: the one of the same name, those of the same
 * folder, then the others, cheap ones first. Where a file has changed since it was measured, all
 * tests that load it count as reaching.
 */
export function planOf(
  coverage: readonly TestCoverage[],
  { file, digest, offset }: { file: string; digest: string; offset: number },
  limits: Limits,
): Plan {
  const reaching = coverage
    .filter(({ end, ran }) => {
      const here = ran[file];
      if (end !== 'passed' || here === undefined || here.ranges.length === 0) return false;
      return here.digest !== digest || isIn(here.ranges, offset);
    })
    .map((test) => ({ test, distance: distanceBetween(test.test, file) }))
    .sort((a, b) => a.distance - b.distance || a.test.seconds - b.test.seconds)
    .map(({ test }) => test);
  const tests: TestCoverage[] = [];
  let seconds = 0;
  for (const test of reaching) {
    const isWithin = tests.length < limits.tests && seconds + test.seconds <= limits.seconds;
    if (tests.length > 0 && !isWithin) continue;
    tests.push(test);
    seconds += test.seconds;
  }
  return { tests, reaching: reaching.length };
}

function distanceBetween(test: string, file: string): number {
  const name = basename(test).replace(/\.test\.js$/, '');
  if (name === basename(file).replace(/(\.svelte)?\.js$/, '')) return 0;
  const folder = dirname(file).replace(/^server\//, '');
  const tested = dirname(test).replace(/^test\//, '');
  return folder === tested || folder.startsWith(`${tested}/`) ? 1 : 2;
}
