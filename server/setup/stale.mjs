// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Every file under the given files and folders, as paths relative to `root`, sorted.
 * @param {string} root
 * @param {readonly string[]} paths may be absent
 * @param {(path: string) => boolean} [wanted]
 * @returns {string[]}
 */
export function filesUnder(root, paths, wanted = () => true) {
  /** @type {string[]} */
  const files = [];
  /** @param {string} path */
  const visit = (path) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) visit(inside);
      else if (entry.isFile() && wanted(inside)) files.push(inside);
    }
  };
  for (const path of paths) {
    try {
      visit(path);
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'ENOTDIR') files.push(path);
      else if (code !== 'ENOENT') throw error;
    }
  }
  return files.sort();
}

/**
 * Digest of names and contents: neither a checkout nor a copy, which change only times, makes a build stale.
 * @param {string} root
 * @param {readonly string[]} files
 */
export function digestOf(root, files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * @param {string} stamp file that the last build left
 * @param {string} digest of what a build would read now
 * @param {readonly string[]} outputs what must be there after a build
 */
export function isStale(stamp, digest, outputs) {
  try {
    return readFileSync(stamp, 'utf8') !== digest || !outputs.every((path) => existsSync(path));
  } catch {
    return true;
  }
}

/**
 * Builds, and notes what from. A build that fails leaves no note: it may have written part of what it was to write.
 * @param {string} stamp
 * @param {string} digest
 * @param {() => Promise<void>} build
 */
export async function buildStamped(stamp, digest, build) {
  rmSync(stamp, { force: true });
  await build();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}
