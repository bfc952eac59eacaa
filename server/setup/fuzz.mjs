// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit } from './report.mjs';

// `npm run fuzz [-- --target onnx --seconds 60 --seed 7]`: damaged inputs for every part that reads what comes from outside.
await prepare(['packages', 'ffmpeg', 'server']).catch(reportAndExit);
process.exitCode =
  spawnSync(
    process.execPath,
    [
      '--enable-source-maps',
      join(root, 'dist', 'node', 'test', 'fuzz', 'fuzz.js'),
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit' },
  ).status ?? 1;
