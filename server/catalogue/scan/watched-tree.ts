import { Bell } from '../../pipeline/player-bell.ts';
import type { DriveReader } from '../../drive/source.ts';
import { DriveIndex } from './drive-index.ts';
import type { FolderRecord } from './folder-record.ts';
import { FolderWatch } from './folder-watch.ts';

/** A tree of so many folders is gone through anew for each who asks: that takes no time. */
const FEW_FOLDERS = 200;
/** Who asks while a large tree is gone through for the first time gets what was found by then. */
const ENOUGH = { folders: 2000, drives: 500 };
/**
 * Where changes may go by unnoticed, a tree is gone through again after so long, ms, and no more
 * than a twentieth of the time.
 */
const AGAIN_AFTER = 30_000;
const SHARE = 20;

/** The drives of a tree, kept up with what changes in it. */
export class WatchedTree {
  readonly index: DriveIndex;
  /** Rings when the list is another, and when it was gone through. */
  readonly changed = new Bell();
  readonly #watch: FolderWatch;
  /** Whether somebody wants to know of changes. */
  readonly #isWatched: () => boolean;
  #again: NodeJS.Timeout | null = null;
  #rescanning: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    root: string,
    {
      readers,
      isWatched,
    }: { readonly readers?: readonly DriveReader[]; readonly isWatched: () => boolean },
  ) {
    this.index = new DriveIndex(root, readers ? { readers } : {});
    this.#isWatched = isWatched;
    this.#watch = new FolderWatch(root, (folders) => {
      this.#rescanning = this.#rescanning
        .then(() => this.index.rescan(folders))
        .then(() => this.#settle());
    });
    this.index.changed.listen(() => this.changed.ring());
  }

  /** It is not gone through anew for each who asks. */
  get isLarge(): boolean {
    return this.index.records.size > FEW_FOLDERS;
  }

  /**
   * Resolves when the list is fit to be shown: of a small tree as it is now, of a large one as far as
   * it is known. Throws INPUT_NOT_FOUND.
   */
  async ready(): Promise<void> {
    const { index } = this;
    if (index.isScanned && this.isLarge) return;
    const scanning = this.scan();
    // What an earlier run knew is shown at once; what has changed since comes by itself.
    if (this.isLarge) return void scanning.catch(() => {});
    await new Promise<void>((resolve, reject) => {
      const stop = index.changed.listen(() => {
        const { size } = index.records;
        if (size >= ENOUGH.folders || (this.isLarge && index.found >= ENOUGH.drives)) finish();
      });
      const finish = (): void => {
        stop();
        resolve();
      };
      scanning.then(finish, (error: unknown) => {
        stop();
        reject(error);
      });
    });
  }

  /** Goes through all of it, as far as it has changed. Throws INPUT_NOT_FOUND. */
  async scan(): Promise<void> {
    const began = performance.now();
    await this.index.scan();
    this.#settle(performance.now() - began);
  }

  /** As `scan` where the tree is small, or was not gone through yet. */
  async refresh(): Promise<void> {
    if (!this.index.isScanned || !this.isLarge) await this.scan();
  }

  /** Looks into folders in which something was changed by the server itself. */
  async lookAgain(folders: readonly string[]): Promise<void> {
    if (!this.index.isScanned) return this.scan();
    await this.index.rescan(folders);
    this.#settle();
  }

  close(): void {
    this.#closed = true;
    this.index.stop();
    this.#watch.close();
    if (this.#again) clearTimeout(this.#again);
  }

  #settle(took = 0): void {
    if (this.#closed) return;
    this.#watch.set(watchedFolders(this.index.records.values()));
    if (this.#watch.isShort && !this.#again) this.#scanAgain(Math.max(AGAIN_AFTER, SHARE * took));
  }

  #scanAgain(after: number): void {
    this.#again = setTimeout(() => {
      this.#again = null;
      if (this.#isWatched()) void this.scan().catch(() => {});
      else this.#scanAgain(after);
    }, after).unref();
  }
}

/** Those in which a drive may come or go; of those that are a drive, the folder above tells. */
function watchedFolders(records: Iterable<FolderRecord>): string[] {
  const depthOf = (path: string) => path.split('/').length;
  return [...records]
    .filter(
      ({ path, folders, isAlone, drives, results }) =>
        path === '' ||
        folders.length > 0 ||
        isAlone ||
        results !== null ||
        drives.some(({ isFolder }) => !isFolder),
    )
    .map(({ path }) => path)
    .sort((a, b) => depthOf(a) - depthOf(b));
}
