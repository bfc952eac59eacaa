// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit } from './report.mjs';

// `npm run bench:soak [-- --minutes M --json FILE]`: live feeds under bad conditions for half an hour. Apart from the other measurements, for it takes so long.
await prepare(['packages', 'ffmpeg', 'rtspServer', 'server']).catch(reportAndExit);
process.exitCode =
  spawnSync(
    process.execPath,
    [join(root, 'dist', 'node', 'test', 'bench', 'soak.js'), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  ).status ?? 1;
