import { opendir, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { readFileHead } from '../files/file-head.ts';
import { pathInside } from '../files/path-inside.ts';
import { notFound } from './not-found.ts';

/** Names of a folder that are looked at; no more are kept in memory. */
const MOST_NAMES = 100_000;
/** Heads that a place remembers: several readers look at the same ones. */
const MOST_HEADS = 32;
const NOTHING = Buffer.alloc(0);

/** A file or folder in which a drive may lie. What is read of it is bounded. */
export interface Place {
  /** Absolute. */
  readonly path: string;
  /** Last part of the path. */
  readonly name: string;
  readonly isFolder: boolean;
  /**
   * Of a folder: what lies in it, at most 100,000 of them, without those whose names are not UTF-8.
   * Empty for a file.
   */
  readonly names: ReadonlySet<string>;
  /** The first 64 KiB of a file; empty for a folder, and where it cannot be read. */
  head(): Promise<Buffer>;
  /**
   * The first 64 KiB of a file below a folder, by its relative name. Empty where there is none that
   * can be read, and where the name or a link leads out of the folder.
   */
  headOf(name: string): Promise<Buffer>;
  /** As `names`, of a folder below this one. Empty as `headOf`. */
  namesOf(name: string): Promise<ReadonlySet<string>>;
}

/** Throws INPUT_NOT_FOUND. */
export async function placeAt(path: string): Promise<Place> {
  const absolute = resolve(path);
  try {
    const isFolder = (await stat(absolute)).isDirectory();
    return new PlaceOnDisk(absolute, isFolder, isFolder ? await namesOf(absolute) : new Set());
  } catch (error) {
    throw notFound(path, error);
  }
}

class PlaceOnDisk implements Place {
  readonly path: string;
  readonly name: string;
  readonly isFolder: boolean;
  readonly names: ReadonlySet<string>;
  /** By relative name; '' is the place itself. */
  readonly #heads = new Map<string, Promise<Buffer>>();

  constructor(path: string, isFolder: boolean, names: ReadonlySet<string>) {
    this.path = path;
    this.name = basename(path);
    this.isFolder = isFolder;
    this.names = names;
  }

  head(): Promise<Buffer> {
    return this.#once('', async () => (this.isFolder ? null : readFileHead(this.path)));
  }

  headOf(name: string): Promise<Buffer> {
    if (!this.isFolder) return Promise.resolve(NOTHING);
    return this.#once(name, async () => {
      const path = await pathInside(this.path, name);
      return path === null ? null : readFileHead(path);
    });
  }

  async namesOf(name: string): Promise<ReadonlySet<string>> {
    const path = this.isFolder ? await pathInside(this.path, name) : null;
    return path === null ? new Set() : namesOf(path).catch(() => new Set<string>());
  }

  #once(name: string, read: () => Promise<Buffer | null>): Promise<Buffer> {
    const known = this.#heads.get(name);
    if (known) return known;
    const head = read().then((bytes) => bytes ?? NOTHING);
    if (this.#heads.size < MOST_HEADS) this.#heads.set(name, head);
    return head;
  }
}

/** Names that are not UTF-8 come with a replacement character, and would not be found again. */
async function namesOf(folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const { name } of await opendir(folder, { bufferSize: 512 })) {
    if (!name.includes('\ufffd')) names.add(name);
    if (names.size === MOST_NAMES) break;
  }
  return names;
}
