import { join } from 'node:path';
import { READERS } from '../../drive/readers/index.ts';
import type { DriveReader } from '../../drive/source.ts';
import { Bell } from '../../pipeline/player-bell.ts';
import { runTogether } from '../../resources/run-together.ts';
import { identityOf, isLink, isStill, lookInto, type FolderRecord } from './folder-record.ts';
import { listOf, type DriveList } from './drive-list.ts';

/** What is looked at of a tree. What is beyond is left out, and that is told. */
export interface ScanLimits {
  /** Folders below one another. */
  readonly depth: number;
  readonly folders: number;
  readonly drives: number;
}

export const SCAN_LIMITS: ScanLimits = { depth: 16, folders: 200_000, drives: 100_000 };

const AT_ONCE = 8;

interface Walk {
  /** Not the whole tree is gone through. */
  readonly isPart: boolean;
  readonly reached: Set<string>;
  readonly seen: Set<string>;
}

interface Waiting {
  readonly path: string;
  readonly depth: number;
  readonly isForced: boolean;
}

/**
 * The drives of a tree of folders. Each folder is looked into once, and again when something in it
 * has changed. A folder that can be reached on several ways counts once, on a way without links
 * where there is one.
 */
export class DriveIndex {
  readonly root: string;
  /** Rings when the list is another. */
  readonly changed = new Bell();
  readonly #readers: readonly DriveReader[];
  readonly #limits: ScanLimits;
  readonly #records = new Map<string, FolderRecord>();
  /** Which path stands for a folder that can be reached on several, and back. */
  readonly #pathOf = new Map<string, string>();
  readonly #identityOf = new Map<string, string>();
  readonly #sortKeys = new Map<string, string>();
  #list: DriveList | null = null;
  #drives = 0;
  #revision = 0;
  #isScanned = false;
  #isDeep = false;
  #isFull = false;
  #stopped = false;

  constructor(
    root: string,
    {
      readers = READERS,
      limits = SCAN_LIMITS,
    }: { readonly readers?: readonly DriveReader[]; readonly limits?: ScanLimits } = {},
  ) {
    this.root = root;
    this.#readers = readers;
    this.#limits = limits;
  }

  /** All drives that are known, in order. */
  get list(): DriveList {
    this.#list ??= listOf(this.#records, this.#sortKeys);
    return this.#list;
  }

  /** Counts up with each change. */
  get revision(): number {
    return this.#revision;
  }

  /** Drives that were found so far. */
  get found(): number {
    return this.#drives;
  }

  /** The whole tree was gone through once. */
  get isScanned(): boolean {
    return this.#isScanned;
  }

  get records(): ReadonlyMap<string, FolderRecord> {
    return this.#records;
  }

  /** What was left out of the tree, a sentence each. */
  get notes(): string[] {
    const { depth, drives, folders } = this.#limits;
    const notes: string[] = [];
    if (this.#isDeep) notes.push(`Folders more than ${depth} deep are not looked into.`);
    if (this.#isFull)
      notes.push(
        `Only the first ${drives.toLocaleString('en')} drives in ${folders.toLocaleString('en')} folders are listed.`,
      );
    for (const { path, isCut } of this.#records.values())
      if (isCut && notes.length < 5)
        notes.push(`${path || 'The folder'} holds more than is looked at.`);
    return notes;
  }

  /** Takes over what an earlier process knew; it holds as far as nothing has changed. */
  restore(records: Iterable<FolderRecord>): void {
    for (const record of records) {
      this.#records.set(record.path, record);
      this.#drives += countOf(record);
    }
    this.#change();
  }

  /**
   * Goes through the whole tree, as far as it has changed. However many ask, it is gone through once
   * at a time. Throws INPUT_NOT_FOUND where the root is not there.
   */
  readonly scan = runTogether(() => this.#scan());

  /** Looks anew into some folders, and into what is new below them. Never throws. */
  async rescan(paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      if (this.#stopped || !this.#records.has(path)) continue;
      const depth = path === '' ? 0 : path.split('/').length;
      const walk = { isPart: true, reached: new Set<string>(), seen: new Set<string>() };
      await this.#walk([{ path, depth, isForced: true }], walk).catch(() => {});
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #scan(): Promise<void> {
    const wasScanned = this.#isScanned;
    try {
      const reached = new Set<string>();
      this.#isDeep = this.#isFull = false;
      const walk = { isPart: false, reached, seen: new Set<string>() };
      await this.#walk([{ path: '', depth: 0, isForced: false }], walk);
      if (this.#stopped) return;
      for (const path of this.#records.keys()) if (!reached.has(path)) this.#drop(path);
      this.#isScanned = true;
    } finally {
      if (!wasScanned) this.changed.ring();
    }
  }

  async #walk(queue: Waiting[], walk: Walk): Promise<void> {
    const links: Waiting[] = [];
    let failure: Error | null = null;
    for (let level = queue; level.length > 0 && !failure;) {
      const below: Waiting[] = [];
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < level.length && !this.#stopped && !failure) {
          const waiting = level[next++]!;
          try {
            below.push(...(await this.#visit(waiting, { ...walk, links })));
          } catch (error) {
            // A folder that may not be read, or has gone meanwhile.
            if (waiting.path === '') failure = error as Error;
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, level.length) }, worker));
      level = below.length > 0 ? below : links.splice(0);
    }
    if (failure) throw failure as Error;
  }

  async #visit(
    { path, depth, isForced }: Waiting,
    { isPart, reached, seen, links }: Walk & { links: Waiting[] },
  ): Promise<Waiting[]> {
    const absolute = join(this.root, path);
    const identity = await identityOf(absolute);
    if (identity === null) {
      this.#drop(path);
      if (path !== '') return [];
    } else {
      const owner = this.#pathOf.get(identity) ?? path;
      const isElsewhere = owner !== path && isPart && this.#records.has(owner);
      if (isElsewhere || seen.has(identity)) return [];
      seen.add(identity);
    }
    if (this.#isBeyond(path)) return [];
    const known = this.#records.get(path);
    const isKept = known !== undefined && !isForced && (await isStill(this.root, known));
    const record = isKept ? known : await lookInto(this.root, path, this.#readers);
    if (this.#stopped) return [];
    reached.add(path);
    if (!isKept) this.#put(record);
    if (identity !== null) {
      this.#pathOf.set(identity, path);
      this.#identityOf.set(path, identity);
    }
    for (const gone of known?.folders ?? [])
      if (!record.folders.includes(gone)) this.#drop(below(path, gone));
    if (depth >= this.#limits.depth) {
      this.#isDeep ||= record.folders.length > 0;
      return [];
    }
    const next: Waiting[] = [];
    for (const name of record.folders) {
      const child = { path: below(path, name), depth: depth + 1, isForced: false };
      // After a look into one folder, those in it that are known have not changed by that.
      if (isForced && this.#records.has(child.path)) continue;
      ((await isLink(join(this.root, child.path))) ? links : next).push(child);
    }
    return next;
  }

  #isBeyond(path: string): boolean {
    if (this.#records.has(path)) return false;
    const { folders, drives } = this.#limits;
    const isFull = this.#records.size >= folders || this.#drives >= drives;
    this.#isFull ||= isFull;
    return isFull;
  }

  #put(record: FolderRecord): void {
    const before = this.#records.get(record.path);
    this.#records.set(record.path, record);
    this.#drives += countOf(record) - (before ? countOf(before) : 0);
    if (!before || JSON.stringify(drivesOf(before)) !== JSON.stringify(drivesOf(record)))
      this.#change();
  }

  /** With all below it. */
  #drop(path: string): void {
    const record = this.#records.get(path);
    if (!record) return;
    this.#records.delete(path);
    this.#sortKeys.delete(path);
    const identity = this.#identityOf.get(path);
    this.#identityOf.delete(path);
    if (identity !== undefined && this.#pathOf.get(identity) === path)
      this.#pathOf.delete(identity);
    this.#drives -= countOf(record);
    for (const name of record.folders) this.#drop(below(path, name));
    this.#change();
  }

  #change(): void {
    this.#revision++;
    this.#list = null;
    this.changed.ring();
  }
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

function countOf({ drives, ifAlone }: FolderRecord): number {
  return drives.length + ifAlone.length;
}

function drivesOf({ drives, ifAlone, isAlone, results }: FolderRecord): unknown {
  return [drives, ifAlone, isAlone, results];
}
