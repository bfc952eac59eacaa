import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { lockFolder } from './folder-lock.ts';
import { notWritable } from './not-writable.ts';
import { writeThrough } from './write-whole.ts';

const DRAFTS = '.roadgaze-draft-';

/**
 * Files of one run in one folder, which appear together: until `publish` they are drafts in a
 * folder of their own, and what an older run has left is untouched. While it is open no other
 * process writes results there.
 */
export class FileSet {
  readonly folder: string;
  readonly #drafts: string;
  readonly #names: readonly string[];
  readonly #unlock: () => Promise<void>;
  #isOpen = true;

  private constructor(
    folder: string,
    drafts: string,
    names: readonly string[],
    unlock: () => Promise<void>,
  ) {
    this.folder = folder;
    this.#drafts = drafts;
    this.#names = names;
    this.#unlock = unlock;
  }

  /**
   * Makes the folder. `names` are all that a run may write, the last one the file by which a reader
   * knows that a run is complete. Throws OUTPUT_NOT_WRITABLE.
   */
  static async open(folder: string, names: readonly string[]): Promise<FileSet> {
    let unlock: (() => Promise<void>) | null = null;
    try {
      await mkdir(folder, { recursive: true });
      unlock = await lockFolder(folder);
      // Of runs that were killed.
      for (const name of await readdir(folder))
        if (name.startsWith(DRAFTS)) await rm(join(folder, name), { recursive: true, force: true });
      const drafts = join(folder, `${DRAFTS}${randomUUID()}`);
      await mkdir(drafts);
      return new FileSet(folder, drafts, names, unlock);
    } catch (cause) {
      await unlock?.().catch(() => {});
      throw failed(folder, cause);
    }
  }

  /** Where a file is written until `publish`. */
  draft(name: string): string {
    return join(this.#drafts, name);
  }

  /** Throws OUTPUT_NOT_WRITABLE. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeThrough(this.draft(name), content).catch((cause: unknown) => {
      throw failed(this.folder, cause);
    });
  }

  /**
   * Puts all drafts in the place of what an older run has left; what this one has not written is
   * gone then. Throws OUTPUT_NOT_WRITABLE.
   */
  async publish(): Promise<void> {
    const published: string[] = [];
    try {
      const written = new Set(await readdir(this.#drafts));
      for (const name of this.#names.toReversed())
        await rm(join(this.folder, name), { force: true });
      for (const name of this.#names) {
        if (!written.has(name)) continue;
        await rename(this.draft(name), join(this.folder, name));
        published.push(name);
      }
    } catch (cause) {
      for (const name of published)
        await rm(join(this.folder, name), { force: true }).catch(() => {});
      throw failed(this.folder, cause);
    }
    await this.#leave();
  }

  /** Removes the drafts. Does nothing after `publish`. */
  async abandon(): Promise<void> {
    if (this.#isOpen) await this.#leave();
  }

  async #leave(): Promise<void> {
    this.#isOpen = false;
    await rm(this.#drafts, { recursive: true, force: true }).catch(() => {});
    await this.#unlock().catch(() => {});
  }
}

function failed(folder: string, cause: unknown): unknown {
  return cause instanceof RoadgazeError
    ? cause
    : notWritable(`Results cannot be written to ${folder}`, cause);
}
