import { runProgram } from './command-line.ts';
import { programFor } from './commands.ts';

const given = process.argv.slice(2);
/** Who only types the name wants to see something. */
const args = given.length === 0 ? ['serve'] : given;
await runProgram(await programFor(args), args);
