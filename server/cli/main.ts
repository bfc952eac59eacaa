import type { Command } from 'commander';
import { createProgram, runProgram } from './command-line.ts';

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

const given = process.argv.slice(2);
/** Who only types the name wants to see something. */
const args = given.length === 0 ? ['serve'] : given;
const program = createProgram();
const asked = COMMANDS[args[0] ?? ''];
const asksForHelp = !asked || args.some((arg) => arg === '--help' || arg.startsWith('-h'));
for (const load of asked ? [asked] : Object.values(COMMANDS))
  await (await load()).register(program, asksForHelp);
await runProgram(program, args);
