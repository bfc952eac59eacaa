// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onPath, root } from './project.mjs';
import { SetupError } from './report.mjs';
import { runLogged, shownLog } from './run-step.mjs';

const NO_NPM = 'npm is not on the PATH';

/** @typedef {{ version?: string, optional?: boolean, devOptional?: boolean }} LockedPackage */

/**
 * Whether node_modules holds what package-lock.json asks for: every package there, in that version. Packages that are
 * optional may be absent, since they differ from platform to platform.
 * @param {string} folder
 */
export function packagesAreCurrent(folder = root) {
  const locked = readLock(join(folder, 'package-lock.json'));
  const installed = readLock(join(folder, 'node_modules', '.package-lock.json'));
  if (!locked) return true;
  if (!installed) return false;
  return Object.entries(locked).every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true;
    const there = installed[path];
    if (!there) return Boolean(optional || devOptional);
    return there.version === version && existsSync(join(folder, path));
  });
}

/**
 * @param {string} path
 * @returns {Record<string, LockedPackage> | null}
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}

export async function installPackages() {
  const { ok, output } = await runNpm(['ci', '--include=dev', '--ignore-scripts']);
  if (ok) return;
  if (output === NO_NPM)
    throw new SetupError(
      'SETUP_FAILED',
      `${NO_NPM}, so the npm packages cannot be installed.`,
      'Install npm, which comes with Node (Debian, Ubuntu: apt install npm).',
    );
  if (/EACCES|EPERM|EROFS/.test(output)) {
    throw new SetupError(
      'SETUP_FAILED',
      `npm may not write to ${join(root, 'node_modules')}.`,
      `Run this once as the owner of that folder; what npm said is in ${shownLog}.`,
    );
  }
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|network/i.test(output)) {
    throw new SetupError(
      'SETUP_FAILED',
      'The npm registry cannot be reached, so the npm packages could not be installed.',
      `Check the connection or npm's proxy settings and start again; what npm said is in ${shownLog}.`,
    );
  }
  throw new SetupError(
    'SETUP_FAILED',
    `npm could not install the packages: ${lastError(output)}`,
    `What npm said is in ${shownLog}.`,
  );
}

/**
 * npm with the Node that runs this: the npm that started us, the one beside this Node, or the one on the PATH.
 * @param {readonly string[]} args
 * @returns {ReturnType<typeof runLogged>}
 */
export async function runNpm(args) {
  const own = process.env['npm_execpath'] ?? '';
  const beside = join(
    dirname(process.execPath),
    '..',
    'lib',
    'node_modules',
    'npm',
    'bin',
    'npm-cli.js',
  );
  const script = [own, beside].find((path) => /npm-cli\.js$/.test(path) && existsSync(path));
  const program = script ? process.execPath : onPath('npm');
  if (!program) return { ok: false, output: NO_NPM };
  const options = [
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--no-update-notifier',
    '--fetch-retries=1',
  ];
  return runLogged(program, [...(script ? [script] : []), ...args, ...options]);
}

/** @param {string} output */
export function lastError(output) {
  const lines = output
    .split('\n')
    .map((line) => /^npm (?:error|ERR!) (.+)$/.exec(line)?.[1])
    .filter((line) => line && !/^(code|errno|A complete log|path|\/)/.test(line));
  return `${(lines[0] ?? 'no reason given').trim().replace(/\.$/, '')}.`;
}
