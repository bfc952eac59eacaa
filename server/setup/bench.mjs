// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit, tell } from './report.mjs';
import { filesUnder } from './stale.mjs';

// `npm run bench [-- arguments]`: every program in test/bench, one after the other, so that none disturbs another.
await prepare(['packages', 'ffmpeg', 'server', 'client']).catch(reportAndExit);
const programs = filesUnder(root, [join('dist', 'node', 'test', 'bench')], (path) =>
  path.endsWith('.bench.js'),
);
if (programs.length === 0) tell('There is nothing in test/bench to run.');
let failed = programs.length === 0;
for (const program of programs) {
  if (
    spawnSync(process.execPath, [join(root, program), ...process.argv.slice(2)], {
      stdio: 'inherit',
    }).status !== 0
  )
    failed = true;
}
process.exitCode = failed ? 1 : 0;
