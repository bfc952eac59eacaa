import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import ts from 'typescript';
import { repositoryRoot } from '../support/paths.ts';
import { filesIn } from './sandbox.ts';

/** One small change of one source file. */
export interface Mutant {
  /** Stays as long as the line and what surrounds it in the file stay; no line numbers in it. */
  readonly key: string;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** The source line in which it begins, without indentation. */
  readonly text: string;
  readonly mutator: string;
  readonly start: number;
  readonly end: number;
  readonly original: string;
  readonly replacement: string;
}

/** A source file with the mutant in place of what it replaces. */
export function mutated(content: string, { start, end, replacement }: Mutant): string {
  return content.slice(0, start) + replacement + content.slice(end);
}

/** Set-up runs before anything is compiled and has tests of its own; the page's panels need a browser. */
const MUTATED = ['server', 'shared', 'client/data', 'client/stream', 'client/state'];
/** Wording is no behaviour. */
const EXCLUDED = ['StringLiteral'];

/** Source files that are changed, relative to the repository. */
export function mutatedFiles(): string[] {
  return MUTATED.flatMap((folder) =>
    filesIn(join(repositoryRoot, folder), '.ts').map((path) => `${folder}/${path}`),
  ).filter((path) => !path.endsWith('.d.ts') && !path.startsWith('server/setup/'));
}

/** Stryker's changes of a file, and its numbers one by one, which Stryker leaves alone. */
export async function mutantsOf(file: string, content: string): Promise<Mutant[]> {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.ES2023, true);
  const changes = [...(await changesByStryker(file, content, source)), ...changesOfNumbers(source)];
  const lines = content.split('\n');
  const seen = new Map<string, number>();
  return changes
    .filter(({ start, end, replacement }) => content.slice(start, end) !== replacement)
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .map(({ start, end, mutator, replacement }) => {
      const original = content.slice(start, end);
      const at = source.getLineAndCharacterOfPosition(start).line;
      const text = lines[at]!.trim();
      const name = [file, text, mutator, digest(original), replacement].join(' | ');
      const nth = seen.get(name) ?? 0;
      seen.set(name, nth + 1);
      const key = digest(`${name} | ${nth}`);
      return { key, file, line: at + 1, text, mutator, start, end, original, replacement };
    });
}

type Change = Pick<Mutant, 'start' | 'end' | 'mutator' | 'replacement'>;

async function changesByStryker(
  name: string,
  content: string,
  source: ts.SourceFile,
): Promise<Change[]> {
  const { mutants } = await new Instrumenter(silent).instrument([{ name, mutate: true, content }], {
    excludedMutations: EXCLUDED,
    ignorers: [],
    plugins: null,
    noHeader: true,
  });
  return mutants
    .filter(({ status }) => status === undefined)
    .map(({ location: { start, end }, mutatorName, replacement }) => ({
      start: source.getPositionOfLineAndCharacter(start.line, start.column),
      end: source.getPositionOfLineAndCharacter(end.line, end.column),
      mutator: mutatorName,
      replacement,
    }));
}

const silent = Object.fromEntries([
  ...['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((name) => [name, () => {}]),
  ...['Trace', 'Debug', 'Info', 'Warn', 'Error', 'Fatal'].map((name) => [
    `is${name}Enabled`,
    () => false,
  ]),
]) as ConstructorParameters<typeof Instrumenter>[0];

function changesOfNumbers(source: ts.SourceFile): Change[] {
  const changes: Change[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    if (ts.isNumericLiteral(node))
      changes.push({
        start: node.getStart(source),
        end: node.getEnd(),
        mutator: 'Number',
        replacement: String(otherNumber(Number(node.text))),
      });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return changes;
}

/** The next one, or where that would hardly differ, the double; half of a fraction. */
function otherNumber(value: number): number {
  if (!Number.isInteger(value)) return value / 2;
  return value < 10 ? value + 1 : value * 2;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
