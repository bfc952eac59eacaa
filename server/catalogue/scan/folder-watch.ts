import { watch, type FSWatcher } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders that are watched; the kernel has room for 8,192 at least, of all programs together. */
const MOST_WATCHED = 4096;
/** So long nothing more happens in a folder before it is looked into, ms. */
const QUIET = 250;
/** What is written for long is looked into meanwhile all the same, ms. */
const AT_LATEST = 4000;
/** Kinds of file systems on which others may write without this machine being told. */
const REMOTE = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x65735546, // FUSE
  0x01021997, // 9P
  0x564c, // NCP
]);

/** Tells of changes in folders as the system does: no folder is looked at for it. */
export class FolderWatch {
  readonly #root: string;
  readonly #onChange: (folders: readonly string[]) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #since = 0;
  #timer: NodeJS.Timeout | null = null;
  #isShort = false;
  #isRemote = false;
  #closed = false;

  /** `onChange` gets paths below the root, some time after the last change. */
  constructor(root: string, onChange: (folders: readonly string[]) => void) {
    this.#root = root;
    this.#onChange = onChange;
    void statfs(root).then(
      ({ type }) => (this.#isRemote = REMOTE.has(Number(type) >>> 0)),
      () => {},
    );
  }

  /** Changes may go by unnoticed: there are too many folders, or the system does not tell. */
  get isShort(): boolean {
    return this.#isShort || this.#isRemote;
  }

  /** Watches these folders and no others: those at the front first, where not all can be. */
  set(folders: Iterable<string>): void {
    if (this.#closed) return;
    const wanted = new Set<string>();
    this.#isShort = false;
    for (const folder of folders) {
      if (wanted.size === MOST_WATCHED) {
        this.#isShort = true;
        break;
      }
      wanted.add(folder);
    }
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of wanted)
      if (!this.#watchers.has(folder) && !this.#add(folder)) {
        this.#isShort = true;
        break;
      }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** False where the system has no room for more watches. */
  #add(folder: string): boolean {
    try {
      const watcher = watch(join(this.#root, folder), () => this.#note(folder));
      watcher.on('error', () => {
        watcher.close();
        if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
        this.#note(folder);
      });
      this.#watchers.set(folder, watcher);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone meanwhile, or not to be read: the one above it tells.
      return code !== 'ENOSPC' && code !== 'EMFILE' && code !== 'ENFILE';
    }
  }

  #note(folder: string): void {
    if (this.#closed) return;
    this.#changed.add(folder);
    const now = Date.now();
    if (this.#timer) clearTimeout(this.#timer);
    else this.#since = now;
    const wait = Math.max(0, Math.min(QUIET, this.#since + AT_LATEST - now));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const folders = [...this.#changed];
      this.#changed.clear();
      this.#onChange(folders);
    }, wait);
  }
}
