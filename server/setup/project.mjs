// @ts-check
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this file lies in, whatever folder the command was started in. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Whether this is a checkout, which is built where it lies; an installed package comes built, without its sources. */
export const isCheckout = existsSync(join(root, 'tsconfig.json'));

/** Where set-up keeps what it needs between starts; ignored by git. */
export const stateFolder = join(root, '.roadgaze');

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * First program of one of these names on the PATH.
 * @param {...string} names
 * @returns {string | null}
 */
export function onPath(...names) {
  for (const name of names) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const candidate = join(folder, name);
      if (folder && isExecutable(candidate)) return candidate;
    }
  }
  return null;
}
