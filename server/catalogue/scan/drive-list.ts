import type { FolderRecord, FoundDrive } from './folder-record.ts';
import type { KeptResults } from './results-folder.ts';

/** The drives of a tree at one moment. */
export interface DriveList {
  /** Those of the root first, then folder by folder, in natural order. */
  readonly drives: readonly FoundDrive[];
  readonly byId: ReadonlyMap<string, FoundDrive>;
  /** What `analyze` has written in the tree. */
  readonly results: readonly KeptResults[];
}

/**
 * Drives in order. Folders of pictures are among them where they are meant as drives. `keys` are
 * what paths are sorted by, as far as they were made before.
 */
export function listOf(
  all: ReadonlyMap<string, FolderRecord>,
  keys: Map<string, string>,
): DriveList {
  for (const path of all.keys()) if (!keys.has(path)) keys.set(path, naturalKey(path));
  const ordered = [...all.values()].sort((a, b) =>
    keys.get(a.path)! < keys.get(b.path)! ? -1 : 1,
  );
  const holding = new Set<string>();
  for (const { path, drives } of ordered) {
    if (drives.length === 0) continue;
    for (let at = path; !holding.has(at); at = parentOf(at)) {
      holding.add(at);
      if (at === '') break;
    }
  }
  const drives: FoundDrive[] = [];
  const byId = new Map<string, FoundDrive>();
  const results: KeptResults[] = [];
  for (const { path, drives: own, ifAlone, results: kept } of ordered) {
    if (kept) results.push(kept);
    const isMeant =
      !holding.has(path) && (path === '' || all.get(parentOf(path))?.isAlone !== false);
    for (const drive of isMeant ? [...own, ...ifAlone] : own) {
      let { id } = drive;
      for (let count = 2; byId.has(id); count++) id = `${drive.id}~${count}`;
      const listed = id === drive.id ? drive : { ...drive, id };
      byId.set(id, listed);
      drives.push(listed);
    }
  }
  return { drives, byId, results };
}

function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at);
}

/** Sorts as people do: case does not count, and numbers count as such. */
export function naturalKey(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('/', '\u0001')
    .replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(12, '0'));
}
