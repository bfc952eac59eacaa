// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit } from './report.mjs';

// `npm run bench:flags [-- --json FILE]`: how well flags tell what moves the wheel. Apart from the other measurements, for it draws drives first.
await prepare(['packages', 'ffmpeg', 'chromium', 'server']).catch(reportAndExit);
const chromium = findChromium();
const env = chromium ? { ...process.env, ROADGAZE_CHROMIUM: chromium } : process.env;
process.exitCode =
  spawnSync(
    process.execPath,
    [join(root, 'dist', 'node', 'test', 'bench', 'flags.js'), ...process.argv.slice(2)],
    { stdio: 'inherit', env },
  ).status ?? 1;
