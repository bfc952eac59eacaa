// @ts-check
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './project.mjs';
import { SetupError } from './report.mjs';
import { runLogged, shownLog } from './run-step.mjs';
import { buildStamped, digestOf, filesUnder, isStale } from './stale.mjs';

const SETTINGS = ['package-lock.json', 'tsconfig.json'];
/** Of the page, what its tests run in Node. */
const SOURCES = [
  'server',
  'shared',
  'client/data',
  'client/stream',
  'client/state',
  'test',
  'recordings',
];
const COMPILED = join('dist', 'node');

/**
 * One thing that is built: whether it must be, and how.
 * @typedef {{ isStale: () => boolean, build: () => Promise<void> }} Build
 */

/** tsc: server, shared, the page's state, test and recordings to dist/node. @type {Build} */
export const server = {
  isStale: () => isStale(serverStamp(), serverDigest(), compiledFiles()),
  build: () =>
    buildStamped(serverStamp(), serverDigest(), async () => {
      // tsc trusts its note of what it wrote; files that were deleted since would stay away.
      if (!compiledFiles().every((path) => existsSync(path)))
        rmSync(join(root, COMPILED, '.tsbuildinfo'), { force: true });
      await runTool(
        'typescript/bin/tsc',
        ['-p', 'tsconfig.json', '--pretty', 'false'],
        'The server could not be compiled',
      );
      removeOrphans(root);
    }),
};

/** Vite: client to dist/client. @type {Build} */
export const client = {
  isStale: () =>
    existsSync(join(root, 'client', 'vite.config.ts')) &&
    isStale(clientStamp(), clientDigest(), [join(root, 'dist/client/index.html')]),
  build: () =>
    buildStamped(clientStamp(), clientDigest(), () =>
      runTool(
        'vite/bin/vite.js',
        ['build', 'client', '--logLevel', 'warn'],
        'The page could not be built',
      ),
    ),
};

const serverStamp = () => join(root, 'dist', 'server.stamp');
const clientStamp = () => join(root, 'dist', 'client.stamp');

function serverSources() {
  /** @type {string[]} */
  const excluded = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).exclude ?? [];
  return filesUnder(
    root,
    SOURCES,
    (path) => path.endsWith('.ts') && !excluded.some((folder) => path.startsWith(folder + sep)),
  );
}

function serverDigest() {
  return digestOf(root, [...SETTINGS, ...serverSources()]);
}

function clientDigest() {
  return digestOf(root, [...SETTINGS, ...filesUnder(root, ['client', 'shared'])]);
}

function compiledFiles() {
  return serverSources()
    .filter((path) => !path.endsWith('.d.ts'))
    .map((path) => join(root, COMPILED, path.replace(/ts$/, 'js')));
}

/**
 * Deletes compiled files whose source is gone: a test that was removed must not run.
 * @param {string} folder
 */
export function removeOrphans(folder) {
  const compiled = join(folder, COMPILED);
  for (const path of filesUnder(compiled, SOURCES, (file) => /\.(js(\.map)?|d\.ts)$/.test(file))) {
    if (!existsSync(join(folder, path.replace(/\.(js(\.map)?|d\.ts)$/, '.ts'))))
      rmSync(join(compiled, path));
  }
}

/**
 * @param {string} script in node_modules
 * @param {readonly string[]} args
 * @param {string} failure
 */
async function runTool(script, args, failure) {
  const { ok, output } = await runLogged(
    process.execPath,
    [join(root, 'node_modules', script), ...args],
    { NODE_OPTIONS: '' },
  );
  if (ok) return;
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .filter((line) => line.trim());
  const first = lines.find((line) => /error/i.test(line)) ?? lines[0] ?? 'no reason given';
  throw new SetupError(
    'SETUP_FAILED',
    `${failure}: ${first.trim().slice(0, 300)}`,
    `Mend that, or restore the files; everything that was said is in ${shownLog}.`,
  );
}
