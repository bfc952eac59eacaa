import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/paths.ts';
import { firstDifference, type Compiler } from './compile.ts';
import { isMeaningless } from './meaningless.ts';
import { mutated, mutatedFiles, mutantsOf, type Mutant } from './mutants.ts';
import { keepResult, type Result } from './results.ts';
import { drawOrder, folderOf, sharesOf } from './sample.ts';
import { mutationFolder } from './sandbox.ts';

export interface Draw {
  readonly sample: number;
  readonly seed: number;
  /** None: all. */
  readonly folders: readonly string[];
  readonly sources: ReadonlyMap<string, string>;
  readonly compiler: Compiler;
  readonly known: Map<string, Result>;
}

/** Every source file that is changed, as it is now: it may be edited while changes are tried. */
export function readSources(): Map<string, string> {
  return new Map(
    mutatedFiles().map((file) => [file, readFileSync(join(repositoryRoot, file), 'utf8')]),
  );
}

/**
 * The sample, folder by folder: changes that the types allow, and that mean something. Folders that
 * are named come in the order in which they are named.
 */
export function drawMutants(
  all: readonly Mutant[],
  { sample, seed, folders, sources, compiler, known }: Draw,
): Mutant[] {
  const order = drawOrder(
    all.filter((mutant) => !isMeaningless(mutant)),
    seed,
  );
  const counts = new Map([...order].map(([name, mutants]) => [name, mutants.length]));
  const shares = sharesOf(counts, sample);
  const names = folders.length > 0 ? folders.filter((name) => order.has(name)) : [...order.keys()];
  for (;;) {
    const drawn = names.flatMap((name) =>
      order
        .get(name)!
        .filter(({ key }) => known.get(key)?.outcome !== 'invalid')
        .slice(0, shares.get(name)),
    );
    const open = drawn.filter(({ key }) => !known.has(key));
    if (open.length === 0) return drawn;
    judge(oneOfEachFile(open), { sources, compiler, known });
  }
}

function oneOfEachFile(mutants: readonly Mutant[]): Mutant[] {
  return [...new Map(mutants.map((mutant) => [mutant.file, mutant])).values()];
}

/** Whether the types allow each; together, because the compiler begins anew with each question. */
function judge(
  mutants: readonly Mutant[],
  { sources, compiler, known }: Pick<Draw, 'sources' | 'compiler' | 'known'>,
): void {
  const after = (mutant: Mutant): string => mutated(sources.get(mutant.file)!, mutant);
  const refused = new Set(
    compiler.refused(new Map(mutants.map((mutant) => [mutant.file, after(mutant)]))),
  );
  for (const mutant of mutants) {
    const { key, file, line, mutator } = mutant;
    const before = compiler.compiled(file, sources.get(file)!);
    const isSame = firstDifference(before, compiler.compiled(file, after(mutant))) === null;
    const outcome = isSame || refused.has(file) ? 'invalid' : 'drawn';
    const result = { key, file, line, mutator, outcome } as const;
    known.set(key, result);
    keepResult(result);
  }
}

type Cache = Record<string, { readonly digest: string; readonly mutants: Mutant[] }>;

/** Of all files; kept between runs, because to list them takes longer than to try a few. */
export async function allMutants(sources: ReadonlyMap<string, string>): Promise<Mutant[]> {
  const path = join(mutationFolder, 'mutants.json');
  const known = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Cache) : {};
  const current: Cache = {};
  for (const [file, content] of sources) {
    const digest = createHash('sha256').update(content).digest('hex');
    current[file] =
      known[file]?.digest === digest
        ? known[file]
        : { digest, mutants: await mutantsOf(file, content) };
  }
  mkdirSync(mutationFolder, { recursive: true });
  writeFileSync(path, JSON.stringify(current));
  return Object.values(current).flatMap(({ mutants }) => mutants);
}

/** The folders of the tree by which results are counted. */
export function foldersOf(sources: ReadonlyMap<string, string>): string[] {
  return [...new Set([...sources.keys()].map(folderOf))];
}
