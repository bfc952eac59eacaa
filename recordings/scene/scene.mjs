import { compiled } from './compile.mjs';

await compiled('cli');
