import type { Command } from 'commander';
import { createProgram } from './command-line.ts';

interface CommandModule {
  /** `asksForHelp`: what only the help shows is wanted. */
  register(program: Command, asksForHelp: boolean): void | Promise<void>;
}

/** Loaded only when asked for: what one command needs does not slow another down. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  serve: () => import('./serve.ts'),
  analyze: () => import('./analyze.ts'),
  explain: () => import('./explain.ts'),
  evaluate: () => import('./evaluate.ts'),
  compile: () => import('./compile.ts'),
  sidecar: () => import('./sidecar.ts'),
  networks: () => import('./networks.ts'),
  convert: () => import('./convert.ts'),
  clean: () => import('./clean.ts'),
  doctor: () => import('./doctor.ts'),
};

/** The program with the command that is asked for, or with all where none is. */
export async function programFor(args: readonly string[]): Promise<Command> {
  const program = createProgram();
  const asked = COMMANDS[args[0] ?? ''];
  const asksForHelp = !asked || args.some((arg) => arg === '--help' || arg.startsWith('-h'));
  for (const load of asked ? [asked] : Object.values(COMMANDS))
    await (await load()).register(program, asksForHelp);
  return program;
}
