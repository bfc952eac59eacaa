import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { digestOf, openCoverage, testFiles, type TestCoverage } from './coverage.ts';
import { firstDifference, openCompiler } from './compile.ts';
import { allMutants, drawMutants, foldersOf, readSources } from './draw.ts';
import { mutated, type Mutant } from './mutants.ts';
import { circlesAround, importsIn, planOf } from './plan.ts';
import { summary, unnoticed } from './report.ts';
import { keepResult, knownResults, withBefore, type Result } from './results.ts';
import { makeSandbox, mutationFolder } from './sandbox.ts';
import { tryMutant, type Verdict } from './try-mutant.ts';

/**
 * `npm run mutate [-- --sample 640 --seed 1 --folder server/explain --again --workers 2]`: small
 * changes of the code, each held against the tests that reach it. What was tried before is not
 * tried again, except with `--again` what no test noticed.
 */
const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '640' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string', default: '' },
    workers: { type: 'string', default: '2' },
    tests: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '30' },
    again: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});
const [sample, seed, workers, tests, seconds] = (
  ['sample', 'seed', 'workers', 'tests', 'seconds'] as const
).map((name) => Number(values[name])) as [number, number, number, number, number];
if (![sample, seed, workers, tests, seconds].every((value) => value >= 0)) {
  console.error('--sample, --seed, --workers, --tests and --seconds take numbers.');
  process.exit(2);
}

const compiler = openCompiler();
const known = knownResults();
const sources = readSources();
const folders = values.folder.split(',').filter((folder) => folder !== '');
if (!folders.every((folder) => foldersOf(sources).includes(folder))) {
  console.error(`--folder takes some of ${foldersOf(sources).join(', ')}.`);
  process.exit(2);
}
const drawn = drawMutants(await allMutants(sources), {
  sample,
  seed,
  folders,
  sources,
  compiler,
  known,
});
if (!values.report) await tryAll(drawn);

const judged = drawn.flatMap((mutant) => {
  const result = known.get(mutant.key);
  return result && result.outcome !== 'drawn' ? [[mutant, result] as const] : [];
});
const told = `${judged.length} of ${drawn.length} drawn changes were tried.`;
const report = `${unnoticed(judged)}\n\n${summary(judged)}\n\n${told}\n`;
writeFileSync(join(mutationFolder, 'report.txt'), report);
console.log(report);

/** Each in copies of the checkout, first by near tests, then what they did not notice by others. */
async function tryAll(mutants: readonly Mutant[]): Promise<void> {
  const sandboxes = Array.from({ length: workers }, (_, index) =>
    makeSandbox(`copy-${process.pid}-${index}`),
  );
  const all = testFiles(sandboxes[0]!).map((test) => {
    const code = readFileSync(join(sandboxes[0]!, 'dist', 'node', test), 'utf8');
    return { test, imported: importsIn(test, code) };
  });
  const coverage = openCoverage();
  if (values.again)
    for (const { key } of mutants) {
      const before = known.get(key);
      if (before && before.outcome !== 'noticed') known.set(key, { ...before, outcome: 'drawn' });
    }
  for (let circle = 0; circle < 3; circle++) {
    const open = mutants.filter((mutant) => isToTry(mutant, circle));
    console.log(`${open.length} of ${mutants.length} changes are open, circle ${circle}`);
    await Promise.all(
      sandboxes.map(async (sandbox) => {
        for (let mutant = open.shift(); mutant; mutant = open.shift()) {
          const file = compiledName(mutant);
          const covering: TestCoverage[] = [];
          for (const test of circlesAround(file, all)[circle]!)
            covering.push(await coverage(sandbox, test));
          const result = { ...(await judge(sandbox, mutant, covering)), circle };
          known.set(mutant.key, withBefore(known.get(mutant.key), result));
          keepResult(known.get(mutant.key)!);
          console.log(`${open.length} ${describe(mutant, known.get(mutant.key)!)}`);
        }
      }),
    );
  }
  for (const sandbox of sandboxes) rmSync(sandbox, { recursive: true });
}

function isToTry({ key }: Mutant, circle: number): boolean {
  const before = known.get(key);
  if (!before || before.outcome === 'drawn') return true;
  return 'circle' in before && before.outcome !== 'noticed' && before.circle < circle;
}

function compiledName({ file }: Mutant): string {
  return file.replace(/\.ts$/, '.js');
}

async function judge(
  sandbox: string,
  mutant: Mutant,
  coverage: readonly TestCoverage[],
): Promise<Pick<Mutant, 'key' | 'file' | 'line' | 'mutator'> & Verdict> {
  const { key, file, line, mutator } = mutant;
  const content = sources.get(file)!;
  const after = compiler.compiled(file, mutated(content, mutant));
  const offset = firstDifference(compiler.compiled(file, content), after) ?? 0;
  const compiled = compiledName(mutant);
  const digest = digestOf(sandbox, compiled);
  const plan = planOf(coverage, { file: compiled, digest, offset }, { tests, seconds });
  return { key, file, line, mutator, ...(await tryMutant(sandbox, compiled, after, plan)) };
}

function describe({ file, line, mutator }: Mutant, result: Result): string {
  const by = 'by' in result && result.by ? ` by ${result.by}` : '';
  return `${result.outcome}${by} ${file}:${line} ${mutator}`;
}
