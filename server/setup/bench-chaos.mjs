// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installDebianPackage } from './debian.mjs';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit } from './report.mjs';

// `npm run bench:chaos [-- --minutes M]`: everything that goes wrong at once, for ten minutes.
await prepare(['packages', 'ffmpeg', 'server']).catch(reportAndExit);
// Gives free memory back, so that what the server holds can be told from what its allocator keeps.
await installDebianPackage('libjemalloc2');
process.exitCode =
  spawnSync(
    process.execPath,
    [join(root, 'dist', 'node', 'test', 'bench', 'chaos.js'), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  ).status ?? 1;
