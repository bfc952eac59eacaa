// @ts-check
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit } from './report.mjs';

/** What a command cannot do without, besides the npm packages and the compiled server. */
const NEEDS = /** @type {Record<string, ('ffmpeg' | 'client')[]>} */ ({ serve: ['ffmpeg', 'client'], analyze: ['ffmpeg'] });

/**
 * @param {readonly string[]} args
 * @returns {readonly ('ffmpeg' | 'client')[]}
 */
export function needsOf(args) {
  if (args.some((arg) => arg === '-h' || arg === '--help')) return [];
  const command = args.find((arg) => !arg.startsWith('-'));
  return (command && Object.hasOwn(NEEDS, command) && NEEDS[command]) || [];
}

/**
 * Sets up what is missing or stale, then becomes the command line in this same process.
 * @param {readonly string[]} args
 */
export async function start(args) {
  try {
    await prepare(['packages', 'server', ...needsOf(args)]);
  } catch (error) {
    return reportAndExit(error);
  }
  await import(pathToFileURL(join(root, 'dist/node/server/cli/main.js')).href);
}
