// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit } from './report.mjs';

// `npm run mutate [-- --folder server/results --again]`: small changes of the code, each held against the tests that reach it.
await prepare(['packages', 'ffmpeg', 'rtspServer', 'server', 'client']).catch(reportAndExit);
process.exitCode =
  spawnSync(
    process.execPath,
    [
      '--enable-source-maps',
      join(root, 'dist', 'node', 'test', 'mutation', 'mutate.js'),
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit' },
  ).status ?? 1;
