// @ts-check
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { isCheckout, root } from './project.mjs';
import { reportAndExit } from './report.mjs';

/** @typedef {'runtime' | 'ffmpeg' | 'client'} Need */

/** What a command cannot do without, besides the npm packages and the compiled server. */
const NEEDS = /** @type {Record<string, Need[]>} */ ({
  serve: ['runtime', 'ffmpeg', 'client'],
  analyze: ['runtime', 'ffmpeg'],
  explain: ['runtime'],
  convert: ['ffmpeg'],
  clean: ['ffmpeg'],
});

/**
 * @param {readonly string[]} args
 * @returns {readonly Need[]}
 */
export function needsOf(args) {
  if (args.some((arg) => arg === '-h' || arg === '--help')) return [];
  const command = args.length === 0 ? 'serve' : args.find((arg) => !arg.startsWith('-'));
  return (command && Object.hasOwn(NEEDS, command) && NEEDS[command]) || [];
}

/**
 * Sets up what is missing or stale, then becomes the command line in this same process.
 * @param {readonly string[]} args
 */
export async function start(args) {
  try {
    const needs = needsOf(args);
    await prepare(
      isCheckout ? ['packages', 'server', ...needs] : needs.filter((need) => need !== 'client'),
    );
  } catch (error) {
    return reportAndExit(error);
  }
  await import(pathToFileURL(join(root, 'dist/node/server/cli/main.js')).href);
}
