// @ts-check
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDebianPackage } from './debian.mjs';
import { runNpm } from './packages.mjs';
import { isExecutable, onPath, stateFolder } from './project.mjs';
import { SetupError } from './report.mjs';

/** @typedef {{ ffmpeg: string, ffprobe: string }} Tools */

const folder = join(stateFolder, 'ffmpeg');
const toolsFile = join(folder, 'tools.json');

/** Where the set-up puts `ffmpeg` and `ffprobe` when they come out of npm packages. */
export const npmToolsFolder = join(folder, 'bin');

/**
 * Static builds that lie in the packages themselves, so that no script has to fetch them. Not in package.json: they
 * are 40 MB to download, GPL, and seldom needed.
 * @type {Record<string, { ffmpeg: string, ffprobe: string }>}
 */
const NPM_BUILDS = {
  'linux-x64': {
    ffmpeg: '@ffmpeg-installer/linux-x64@4.1.0',
    ffprobe: '@ffprobe-installer/linux-x64@5.2.0',
  },
  'linux-arm64': {
    ffmpeg: '@ffmpeg-installer/linux-arm64@4.1.4',
    ffprobe: '@ffprobe-installer/linux-arm64@5.2.0',
  },
};

/**
 * In the order that server/video uses: named in the environment, on the PATH, installed by the set-up.
 * @returns {Tools | null}
 */
export function findFfmpeg() {
  const ffmpeg = find('ffmpeg');
  const ffprobe = find('ffprobe');
  return ffmpeg && ffprobe ? { ffmpeg, ffprobe } : null;
}

/** @param {'ffmpeg' | 'ffprobe'} name */
function find(name) {
  return process.env[`ROADGAZE_${name.toUpperCase()}`] || onPath(name) || noted(name);
}

/** @param {'ffmpeg' | 'ffprobe'} name */
function noted(name) {
  try {
    const path = JSON.parse(readFileSync(toolsFile, 'utf8'))[name];
    return typeof path === 'string' && isExecutable(path) ? path : null;
  } catch {
    return null;
  }
}

/** Debian's package where that can be installed, else a build from the npm registry. Throws FFMPEG_MISSING. */
export async function installFfmpeg() {
  if ((await installDebianPackage('ffmpeg')) && findFfmpeg()) return;
  await installFromNpm();
  if (findFfmpeg()) return;
  throw new SetupError(
    'FFMPEG_MISSING',
    'ffmpeg and ffprobe are not on the PATH and could not be installed.',
    'Install ffmpeg (Debian, Ubuntu: sudo apt install ffmpeg), or name both in ROADGAZE_FFMPEG and ROADGAZE_FFPROBE.',
  );
}

async function installFromNpm() {
  const build = NPM_BUILDS[`${process.platform}-${process.arch}`];
  if (!build) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const { ok } = await runNpm([
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    build.ffmpeg,
    build.ffprobe,
  ]);
  if (!ok) return;
  rmSync(npmToolsFolder, { recursive: true, force: true });
  mkdirSync(npmToolsFolder);
  /** @type {Record<string, string>} */
  const tools = {};
  for (const name of /** @type {const} */ (['ffmpeg', 'ffprobe'])) {
    const program = join(folder, 'node_modules', build[name].replace(/@[^@]*$/, ''), name);
    chmodSync(program, 0o755);
    if (spawnSync(program, ['-version'], { stdio: 'ignore' }).status !== 0) return;
    tools[name] = join(npmToolsFolder, name);
    // The system's character set converters are not made for a static program: it crashes on MPEG-TS if it finds them.
    writeFileSync(
      tools[name],
      `#!/bin/sh\nGCONV_PATH=/nonexistent exec '${program.replaceAll("'", "'\\''")}' "$@"\n`,
      { mode: 0o755 },
    );
  }
  writeFileSync(toolsFile, `${JSON.stringify(tools, null, 2)}\n`);
}
