import type { Command } from 'commander';
import { addExamples } from './command-line.ts';
import type { Check } from './doctor-checks.ts';
import { widthOf, wrap } from './terminal.ts';

export function register(program: Command): void {
  const command = program
    .command('doctor')
    .description('tell what this machine has of what Roadgaze uses, and how to get the rest')
    .option('--json', 'write the answer as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { runChecks } = await import('./doctor-checks.ts');
      const checks = await runChecks();
      const complete = checks.every(({ state }) => state !== 'missing');
      process.stdout.write(
        `${json ? JSON.stringify({ complete, checks }, null, 2) : describe(checks, complete)}\n`,
      );
      if (!complete) process.exitCode = 1;
    });
  addExamples(command, ['roadgaze doctor', 'roadgaze doctor --json > machine.json']);
}

const MARKS: Readonly<Record<Check['state'], { mark: string; color: number }>> = {
  present: { mark: '✓', color: 32 },
  absent: { mark: '–', color: 33 },
  missing: { mark: '✗', color: 31 },
};

/** Marks, names and details in columns; hints under what is not there. */
function describe(checks: readonly Check[], complete: boolean): string {
  const width = Math.min(100, widthOf(process.stdout));
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = ' '.repeat(nameWidth + 6);
  const lines = checks.flatMap(({ name, state, detail, hint }) => {
    const { mark, color } = MARKS[state];
    const rows = wrap(`  ${mark} ${name.padEnd(nameWidth)}  ${detail}`, width, indent);
    if (hint) rows.push(...wrap(`${indent}→ ${hint}`, width, `${indent}  `));
    return [rows[0]!.replace(mark, colored(mark, color)), ...rows.slice(1)];
  });
  return [
    ...lines,
    '',
    complete
      ? '  Everything that Roadgaze needs is here.'
      : '  Roadgaze cannot work before what is marked ✗ is there.',
  ].join('\n');
}

function colored(text: string, color: number): string {
  return process.stdout.isTTY && process.stdout.hasColors()
    ? `\u001b[${color}m${text}\u001b[39m`
    : text;
}
