import type { Command } from 'commander';
import { createProgram, runProgram } from './command-line.ts';

/** Loaded only when asked for: what one command needs does not slow another down. */
const COMMANDS: Readonly<Record<string, () => Promise<{ register(program: Command): void }>>> = {
  serve: () => import('./serve.ts'),
  analyze: () => import('./analyze.ts'),
  explain: () => import('./explain.ts'),
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
for (const load of asked ? [asked] : Object.values(COMMANDS)) (await load()).register(program);
await runProgram(program, args);
