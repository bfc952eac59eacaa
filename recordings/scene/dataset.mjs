import { compiled } from './compile.mjs';

await compiled('dataset-cli');
