import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where what can be made again is kept between two runs: `ROADGAZE_CACHE`, else the user's folder
 * for such things.
 */
export function cacheFolder(): string {
  const { ROADGAZE_CACHE: own, XDG_CACHE_HOME: shared, LOCALAPPDATA: local } = process.env;
  if (own) return own;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'roadgaze');
  if (process.platform === 'win32' && local) return join(local, 'roadgaze', 'cache');
  return join(shared || join(homedir(), '.cache'), 'roadgaze');
}
