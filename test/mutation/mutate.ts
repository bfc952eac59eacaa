import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coverageOf, digestOf, testFiles, type TestCoverage } from './coverage.ts';
import { firstDifference, openCompiler } from './compile.ts';
import { allMutants, drawMutants, foldersOf, readSources } from './draw.ts';
import { mutated, type Mutant } from './mutants.ts';
import { planOf } from './plan.ts';
import { summary, unnoticed } from './report.ts';
import { keepResult, knownResults, type Result } from './results.ts';
import { makeSandbox, mutationFolder } from './sandbox.ts';
import { tryMutant } from './try-mutant.ts';

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
const draw = drawMutants(await allMutants(sources), {
  sample,
  seed,
  folders,
  sources,
  compiler,
  known,
});
const drawn: Mutant[] = [];
if (values.report) drawn.push(...draw);
else await tryAll(draw);

const judged = drawn.flatMap((mutant) => {
  const result = known.get(mutant.key);
  return result && result.outcome !== 'drawn' ? [[mutant, result] as const] : [];
});
const told = `${judged.length} of ${drawn.length} drawn changes were tried.`;
const report = `${unnoticed(judged)}\n\n${summary(judged)}\n\n${told}\n`;
writeFileSync(join(mutationFolder, 'report.txt'), report);
console.log(report);

/** Tries what was not tried yet, and with `--again` what was not noticed. */
function isToTry({ key }: Mutant): boolean {
  const outcome = known.get(key)?.outcome;
  return outcome === 'drawn' || outcome === 'undecided' || (values.again && outcome !== 'noticed');
}

async function tryAll(mutants: Iterator<Mutant>): Promise<void> {
  const sandboxes = Array.from({ length: workers }, (_, index) =>
    makeSandbox(`copy-${process.pid}-${index}`),
  );
  const measured: TestCoverage[] = [];
  const unmeasured = testFiles(sandboxes[0]!);
  await Promise.all(
    sandboxes.map(async (sandbox) => {
      for (let test = unmeasured.shift(); test; test = unmeasured.shift()) {
        const coverage = await coverageOf(sandbox, test);
        measured.push(coverage);
        if (coverage.end !== 'passed') console.log(`${test} ${coverage.end} without any change.`);
      }
    }),
  );
  await Promise.all(
    sandboxes.map(async (sandbox) => {
      for (let next = mutants.next(); !next.done; next = mutants.next()) {
        const mutant = next.value;
        drawn.push(mutant);
        if (!isToTry(mutant)) continue;
        const result = await judge(sandbox, mutant, measured);
        known.set(mutant.key, result);
        keepResult(result);
        console.log(`${drawn.length} ${describe(mutant, result)}`);
      }
    }),
  );
  for (const sandbox of sandboxes) rmSync(sandbox, { recursive: true });
}

async function judge(
  sandbox: string,
  mutant: Mutant,
  coverage: readonly TestCoverage[],
): Promise<Result> {
  const { key, file, line, mutator } = mutant;
  const content = sources.get(file)!;
  const after = compiler.compiled(file, mutated(content, mutant));
  const offset = firstDifference(compiler.compiled(file, content), after) ?? 0;
  const compiled = file.replace(/\.ts$/, '.js');
  const digest = digestOf(sandbox, compiled);
  const plan = planOf(coverage, { file: compiled, digest, offset }, { tests, seconds });
  return { key, file, line, mutator, ...(await tryMutant(sandbox, compiled, after, plan)) };
}

function describe({ file, line, mutator }: Mutant, result: Result): string {
  const by = 'by' in result ? ` by ${result.by}` : '';
  return `${result.outcome}${by} ${file}:${line} ${mutator}`;
}
