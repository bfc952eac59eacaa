import { basename, dirname, join } from 'node:path';
import { isIn } from './covered-ranges.ts';
import type { TestCoverage } from './coverage.ts';

/** The tests that are run against one mutant, in this order, and how many reach it. */
export interface Plan {
  readonly tests: readonly TestCoverage[];
  readonly reaching: number;
}

export interface Limits {
  readonly tests: number;
  /** Of the processors, for tests as they were measured, together; the first is always run. */
  readonly seconds: number;
}

/** How far a test is from a file: it has its name or imports it, it is of its folder, or elsewhere. */
export const CIRCLES = [0, 1, 2] as const;

/** `imported`: by the test itself; all names relative to the compiled tree. */
export function circleOf(test: string, file: string, imported: readonly string[]): number {
  const name = basename(test).replace(/\.test\.js$/, '');
  if (name === basename(file).replace(/(\.svelte)?\.js$/, '') || imported.includes(file)) return 0;
  const folder = dirname(file).replace(/^server\//, '');
  const tested = dirname(test).replace(/^test\//, '');
  return folder === tested || folder.startsWith(`${tested}/`) ? 1 : 2;
}

/** What a compiled test names in its imports. */
export function importsIn(test: string, code: string): string[] {
  return [...code.matchAll(/\bfrom\s*['"](\.[^'"]+)['"]/g)].map(([, path]) =>
    join(dirname(test), path!),
  );
}

/**
 * The tests that reach a place in a compiled file, cheap ones first. Where a file has changed since
 * it was measured, all tests that load it count as reaching.
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
    .sort((a, b) => a.cpu - b.cpu);
  const tests: TestCoverage[] = [];
  let seconds = 0;
  for (const test of reaching) {
    const isWithin = tests.length < limits.tests && seconds + test.cpu <= limits.seconds;
    if (tests.length > 0 && !isWithin) continue;
    tests.push(test);
    seconds += test.cpu;
  }
  return { tests, reaching: reaching.length };
}
