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
 * The sample, folder by folder: changes that the types allow, and that mean something. They are
 * judged as they are asked for.
 */
export function* drawMutants(
  all: readonly Mutant[],
  { sample, seed, folders, sources, compiler, known }: Draw,
): Generator<Mutant> {
  const order = drawOrder(all, seed);
  const counts = new Map([...order].map(([name, mutants]) => [name, mutants.length]));
  for (const [name, share] of sharesOf(counts, sample)) {
    if (folders.length > 0 && !folders.includes(name)) continue;
    let taken = 0;
    for (const mutant of order.get(name)!) {
      if (taken === share) break;
      if (isMeaningless(mutant) || !isValid(mutant)) continue;
      yield mutant;
      taken++;
    }
  }

  function isValid(mutant: Mutant): boolean {
    const { key, file, line, mutator } = mutant;
    const before = known.get(key);
    if (before) return before.outcome !== 'invalid';
    const content = sources.get(file)!;
    const after = mutated(content, mutant);
    const isSame =
      firstDifference(compiler.compiled(file, content), compiler.compiled(file, after)) === null;
    const outcome = isSame || compiler.errorIn(file, after) !== null ? 'invalid' : 'drawn';
    const result = { key, file, line, mutator, outcome } as const;
    known.set(key, result);
    keepResult(result);
    return outcome !== 'invalid';
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
