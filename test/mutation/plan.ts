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

/** Files that many tests import are no subject of theirs. */
const MOST_IMPORTING = 4;

/**
 * Tests by how far they are from a file: those of its name (without one, the few that import it),
 * those of its folder and others that import it, and all others. All names relative to the compiled
 * tree.
 */
export function circlesAround(
  file: string,
  tests: readonly { readonly test: string; readonly imported: readonly string[] }[],
): readonly [string[], string[], string[]] {
  const name = basename(file).replace(/(\.svelte)?\.js$/, '');
  const named = tests.filter(({ test }) => basename(test) === `${name}.test.js`);
  const importing = tests.filter(({ imported }) => imported.includes(file));
  const few = importing.length <= MOST_IMPORTING ? importing : [];
  const first = named.length > 0 ? named : few;
  const folder = dirname(file).replace(/^server\//, '');
  const second = tests.filter((each) => {
    const tested = dirname(each.test).replace(/^test\//, '');
    const isNear = folder === tested || folder.startsWith(`${tested}/`);
    return !first.includes(each) && (isNear || importing.includes(each));
  });
  const third = tests.filter((each) => !first.includes(each) && !second.includes(each));
  const names = (of: typeof tests) => of.map(({ test }) => test);
  return [names(first), names(second), names(third)];
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
