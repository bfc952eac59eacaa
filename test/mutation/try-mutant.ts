import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestCoverage } from './coverage.ts';
import type { Plan } from './plan.ts';
import { runTest } from './run-test.ts';

/** `undecided`: a test failed, and does so without the change, or was too slow to tell. */
export type Outcome = 'noticed' | 'survived' | 'unreached' | 'undecided';

export interface Verdict {
  readonly outcome: Outcome;
  /** The test that failed. */
  readonly by?: string;
  readonly isLate?: boolean;
  readonly tests: number;
  readonly reaching: number;
  readonly seconds: number;
}

/** A test that costs more, or took longer than this, may fail because the machine is busy. */
const DOUBTFUL_CPU = 5;
const DOUBTFUL_SECONDS = 30;

/** How long a test may take that was measured to take so many seconds: the machine may be busy. */
const patienceFor = ({ seconds, cpu }: TestCoverage): { seconds: number; cpu: number } => ({
  seconds: 60 + 10 * seconds,
  cpu: 10 + 5 * cpu,
});

/** Puts changed code into a copy of the checkout, runs the tests until one fails, and puts it back. */
export async function tryMutant(
  sandbox: string,
  file: string,
  code: string,
  { tests, reaching }: Plan,
): Promise<Verdict> {
  const started = performance.now();
  const path = join(sandbox, 'dist', 'node', file);
  const original = readFileSync(path, 'utf8');
  let run = 0;
  let isDoubtful = false;
  const verdict = (outcome: Outcome, rest: { by?: string; isLate?: boolean } = {}): Verdict => ({
    outcome,
    ...rest,
    tests: run,
    reaching,
    seconds: (performance.now() - started) / 1000,
  });
  try {
    for (const covering of tests) {
      const { test } = covering;
      writeFileSync(path, code);
      run++;
      const limit = patienceFor(covering);
      const { end, seconds } = await runTest(sandbox, test, limit);
      if (end === 'passed') continue;
      if (end === 'late' || covering.cpu >= DOUBTFUL_CPU || seconds >= DOUBTFUL_SECONDS) {
        writeFileSync(path, original);
        if ((await runTest(sandbox, test, limit)).end !== 'passed') {
          isDoubtful = true;
          continue;
        }
      }
      return verdict('noticed', { by: test, ...(end === 'late' ? { isLate: true } : {}) });
    }
  } finally {
    writeFileSync(path, original);
  }
  return verdict(isDoubtful ? 'undecided' : run > 0 ? 'survived' : 'unreached');
}
