// @ts-check
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit, tell } from './report.mjs';

/** What holds for the whole tree, and the program that checks it. */
const CHECKS = /** @type {const} */ ({
  'imports: floors, no circles': [join(root, 'server/setup/imports.mjs')],
  'types of server and tests': [tool('typescript/bin/tsc'), '--noEmit'],
  'types of the set-up': [tool('typescript/bin/tsc'), '-p', 'server/setup'],
  'types of the page': [
    tool('svelte-check/bin/svelte-check'),
    ...['--tsconfig', 'client/tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  ],
  'types of the scene': [tool('typescript/bin/tsc'), '-p', 'recordings/scene/page', '--noEmit'],
  lint: [tool('eslint/bin/eslint.js'), '.'],
  formatting: [tool('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
});

/** @param {string} script */
function tool(script) {
  return join(root, 'node_modules', script);
}

/** @param {readonly string[]} args */
function succeeds(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

// `npm run check`: all of it, also after something has failed.
await prepare(['packages']).catch(reportAndExit);
for (const [name, args] of Object.entries(CHECKS)) {
  tell(`Checking ${name} …`);
  if (await succeeds(args)) continue;
  tell(`✖ ${name}`);
  process.exitCode = 1;
}
