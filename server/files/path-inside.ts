import { realpath } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';

/**
 * Where a file of a folder really is, by the name that another file of the folder has for it. null
 * where the name or a link leads out of the folder, and where nothing is there. Never throws.
 */
export async function pathInside(folder: string, name: string): Promise<string | null> {
  const parts = name.split(/[\\/]/);
  if (name === '' || name.includes('\0') || isAbsolute(name) || parts.includes('..')) return null;
  try {
    const [real, within] = await Promise.all([realpath(join(folder, ...parts)), realpath(folder)]);
    return real.startsWith(within.endsWith(sep) ? within : within + sep) ? real : null;
  } catch {
    return null;
  }
}
