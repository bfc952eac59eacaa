import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { markRan, rangesOf, type Ranges, type ScriptCoverage } from './covered-ranges.ts';
import { runTest, type TestEnd } from './run-test.ts';
import { filesIn, mutationFolder } from './sandbox.ts';

/** What one test file runs, with what it costs. */
export interface TestCoverage {
  readonly test: string;
  readonly end: TestEnd;
  readonly seconds: number;
  /** What it costs the processors, in seconds. */
  readonly cpu: number;
  readonly digest: string;
  /** What ran, by compiled file, as the file was then. */
  readonly ran: Readonly<Record<string, { readonly digest: string; readonly ranges: Ranges }>>;
}

const LONGEST_SECONDS = 1200;
/** Tests of the browser and of set-up reach no line alone that others do not; measurements judge nothing. */
const LEFT_OUT = ['bench', 'e2e', 'setup', 'fuzz', 'mutation'];

/** Compiled test files, relative to the compiled tree. */
export function testFiles(sandbox: string): string[] {
  return filesIn(join(sandbox, 'dist', 'node', 'test'), '.test.js')
    .filter((path) => !LEFT_OUT.includes(path.split(sep)[0]!))
    .map((path) => join('test', path));
}

/** Measures each test file once, when it is asked for the first time. */
export function openCoverage(): (sandbox: string, test: string) => Promise<TestCoverage> {
  const known = new Map<string, Promise<TestCoverage>>();
  return (sandbox, test) => {
    let coverage = known.get(test);
    if (!coverage) known.set(test, (coverage = coverageOf(sandbox, test)));
    return coverage;
  };
}

/** What was measured before, if the test has not changed; else anew. */
async function coverageOf(sandbox: string, test: string): Promise<TestCoverage> {
  const path = join(mutationFolder, 'coverage', `${test.replaceAll(sep, '~')}.json`);
  const digest = digestOf(sandbox, test);
  if (existsSync(path)) {
    const known = JSON.parse(readFileSync(path, 'utf8')) as TestCoverage;
    if (known.digest === digest) return known;
  }
  const measured = { test, digest, ...(await measure(sandbox, test)) };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(measured));
  if (measured.end !== 'passed') console.log(`${test} ${measured.end} without any change.`);
  return measured;
}

async function measure(
  sandbox: string,
  test: string,
): Promise<Pick<TestCoverage, 'end' | 'seconds' | 'cpu' | 'ran'>> {
  const raw = join(mutationFolder, `raw-${process.pid}-${test.replaceAll(sep, '~')}`);
  mkdirSync(raw, { recursive: true });
  const hook = pathToFileURL(join(sandbox, 'dist/node/test/mutation/coverage-hook.js')).href;
  const { end, seconds, cpu } = await runTest(sandbox, test, {
    seconds: LONGEST_SECONDS,
    env: { NODE_V8_COVERAGE: raw, NODE_OPTIONS: `--import ${hook}` },
  });
  const ran = new Map<string, Uint8Array>();
  for (const name of readdirSync(raw)) addReport(sandbox, join(raw, name), ran);
  rmSync(raw, { recursive: true, force: true });
  const files = [...ran]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, marks]) => [file, { digest: digestOf(sandbox, file), ranges: rangesOf(marks) }]);
  return { end, seconds, cpu, ran: Object.fromEntries(files) as TestCoverage['ran'] };
}

function addReport(sandbox: string, path: string, ran: Map<string, Uint8Array>): void {
  const tree = join(sandbox, 'dist', 'node');
  let scripts: ScriptCoverage[];
  try {
    scripts = (JSON.parse(readFileSync(path, 'utf8')) as { result: ScriptCoverage[] }).result;
  } catch {
    // The process was killed while it wrote.
    return;
  }
  for (const script of scripts) {
    if (!script.url.startsWith('file:')) continue;
    const file = relative(tree, fileURLToPath(script.url));
    if (!/^(server|shared|client)/.test(file)) continue;
    let marks = ran.get(file);
    if (!marks) ran.set(file, (marks = new Uint8Array(lengthOf(join(tree, file)))));
    // What has runes is compiled again as it is loaded; its offsets say nothing.
    if (file.endsWith('.svelte.js')) marks.fill(1);
    else markRan(marks, script);
  }
}

function lengthOf(path: string): number {
  return readFileSync(path, 'utf8').length;
}

/** Of a compiled file, named relative to the compiled tree. */
export function digestOf(sandbox: string, file: string): string {
  const code = readFileSync(join(sandbox, 'dist', 'node', file));
  return createHash('sha256').update(code).digest('hex').slice(0, 16);
}
