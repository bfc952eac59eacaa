import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Compiles what is stale of this folder, and gives the compiled module of that name. */
export function compiled(module) {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const root = fileURLToPath(new URL('../..', import.meta.url));
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', here], {
    stdio: 'inherit',
  });
  return import(`${root}dist/node/recordings/scene/${module}.js`);
}
