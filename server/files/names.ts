import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { RoadgazeError } from '../../shared/errors.ts';

/**
 * What lies in a folder. Names that are not UTF-8 cannot be told to ffmpeg, nor kept in a text:
 * `unnameable` has them with their other bytes spelt out, as `\\xe9`.
 */
export async function namesIn(
  folder: string,
): Promise<{ readonly names: string[]; readonly unnameable: string[] }> {
  const names: string[] = [];
  const unnameable: string[] = [];
  for (const bytes of await readdir(folder, { encoding: 'buffer' })) {
    const name = bytes.toString('utf8');
    if (Buffer.from(name).equals(bytes)) names.push(name);
    else
      unnameable.push(
        bytes
          .toString('latin1')
          .replaceAll(/[\u0080-\u00ff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`),
      );
  }
  return { names, unnameable };
}

/** Why a file of such a name is not opened. */
export function nameFault(shown: string): RoadgazeError {
  return new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${shown} has a name that is not UTF-8.`,
    'Rename the file; `convmv` or a file manager turns such names into UTF-8.',
  );
}

/**
 * The same for the same file name, with nothing in it that an address cannot hold; a digest tells
 * apart what had to be changed.
 */
export function urlSafe(file: string): string {
  const slug = file
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '');
  if (slug === file) return slug;
  return `${slug || 'recording'}~${createHash('sha256').update(file).digest('hex').slice(0, 8)}`;
}
