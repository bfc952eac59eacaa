import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RoadgazeError } from '../../../shared/errors.ts';
import { notWritable } from '../../files/not-writable.ts';
import { fewAtOnce } from '../../resources/few-at-once.ts';
import { pathParts } from './upload-names.ts';

/** A file that is to be sent. */
export interface SentFile {
  /** Below what is dropped, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970; tells it from another of the same name and size. */
  readonly modified: number;
}

const MOST_SETTLED = 200;

/** What drafts are called in the folder of uploads; it is hidden from the catalogue. */
export const DRAFT = '.roadgaze-upload-';

/**
 * Files that belong together on their way to the server. They lie in a folder of their own until all
 * of them are whole; who breaks off goes on where he was, even after the server was started again.
 */
export class Upload {
  readonly id: string;
  readonly files: readonly SentFile[];
  readonly #folder: string;
  readonly #writing = new Set<number>();

  private constructor(id: string, folder: string, files: readonly SentFile[]) {
    this.id = id;
    this.files = files;
    this.#folder = folder;
  }

  /** The same for the same files. Throws USAGE for names that are refused, OUTPUT_NOT_WRITABLE. */
  static async begin(uploads: string, files: readonly SentFile[]): Promise<Upload> {
    const paths = new Set<string>();
    for (const { path } of files) {
      const folded = pathParts(path).join('/').normalize('NFC').toLowerCase();
      if (paths.has(folded))
        throw new RoadgazeError(
          'USAGE',
          `${JSON.stringify(path.slice(0, 200))} is sent twice.`,
          'Send each file once; names that differ in case only count as one.',
        );
      paths.add(folded);
    }
    const id = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 32);
    const folder = join(uploads, `${DRAFT}${id}`);
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw notWritable(`Nothing can be written to ${uploads}`, cause);
    });
    return new Upload(id, folder, files);
  }

  get bytes(): number {
    return this.files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Bytes of each file that are there. */
  async received(): Promise<number[]> {
    return fewAtOnce(this.files, 8, (_, index) => this.#sizeOf(index));
  }

  /**
   * Adds to a file what comes from `offset` on, which must be where it ends. What came before a
   * connection broke off stays. Gives the bytes that are there then. Throws USAGE where it does not
   * fit, OUTPUT_NOT_WRITABLE.
   */
  async write(index: number, offset: number, bytes: Readable): Promise<number> {
    // It may break off before anybody reads it; whoever reads it then meets that.
    bytes.on('error', () => {});
    const file = this.files[index];
    if (!file) throw misfit('There is no such file in what is sent.');
    if (this.#writing.has(index)) throw misfit(`${file.path} is being sent already.`);
    this.#writing.add(index);
    try {
      const before = await this.#sizeOf(index);
      if (offset !== before)
        throw misfit(`${file.path} goes on at byte ${before}, not at ${offset}.`);
      const path = this.#draftOf(index);
      await mkdir(dirname(path), { recursive: true });
      let left = file.bytes - before;
      const within = async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          left -= chunk.length;
          if (left < 0) throw misfit(`${file.path} is longer than was said.`);
          yield chunk;
        }
      };
      await pipeline(bytes, within, createWriteStream(path, { flags: 'a' }));
      return await this.#sizeOf(index);
    } catch (error) {
      if (error instanceof RoadgazeError) throw error;
      throw notWritable(`${file.path} cannot be written`, error);
    } finally {
      this.#writing.delete(index);
    }
  }

  /**
   * Puts all files in their places at once: a folder that was dropped under its own name, or that
   * with a number where there is one already; single files beside one another. Gives the path below
   * `uploads`. Throws USAGE while something is missing, OUTPUT_NOT_WRITABLE.
   */
  async finish(uploads: string): Promise<string> {
    for (const [index, { path, bytes }] of this.files.entries()) {
      const there = await this.#sizeOf(index);
      if (bytes === 0 && there === 0) await this.#makeEmpty(index);
      else if (there !== bytes)
        throw misfit(`${path} is not whole yet: ${there} of ${bytes} bytes.`);
    }
    try {
      // The disk may say only then that it is full; for very many files that would take too long.
      if (this.files.length <= MOST_SETTLED)
        await fewAtOnce(this.files, 4, (_, index) => this.#settle(index));
      const tops = [...new Set(this.files.map(({ path }) => path.split('/')[0]!))];
      const [top] = tops;
      const isFolder = tops.length === 1 && this.files.some(({ path }) => path.includes('/'));
      const source = join(this.#folder, 'files');
      if (isFolder) {
        const name = await freeName(uploads, top!);
        await rename(join(source, top!), join(uploads, name));
        await this.abandon();
        return name;
      }
      const areFree = await Promise.all(tops.map((name) => isFree(join(uploads, name))));
      if (tops.length === 1 && areFree[0]) {
        await rename(join(source, top!), join(uploads, top!));
        await this.abandon();
        return top!;
      }
      const name = await freeName(uploads, top!.replace(/\.[^.]*$/, ''));
      await rename(source, join(uploads, name));
      await this.abandon();
      return name;
    } catch (error) {
      throw notWritable(`What was sent cannot be put into ${uploads}`, error);
    }
  }

  /** Removes what is there of it. */
  async abandon(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Writes a file as far as the disk. */
  async #settle(index: number): Promise<void> {
    const file = await open(this.#draftOf(index), 'r+');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  async #makeEmpty(index: number): Promise<void> {
    const path = this.#draftOf(index);
    await mkdir(dirname(path), { recursive: true });
    await (await open(path, 'a')).close();
  }

  #draftOf(index: number): string {
    return join(this.#folder, 'files', ...pathParts(this.files[index]!.path));
  }

  async #sizeOf(index: number): Promise<number> {
    const info = await stat(this.#draftOf(index)).catch(() => null);
    return info?.size ?? 0;
  }
}

async function freeName(folder: string, wanted: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted} (${count})`;
    if (await isFree(join(folder, name))) return name;
  }
}

async function isFree(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) === null;
}

function misfit(message: string): RoadgazeError {
  return new RoadgazeError('USAGE', message, 'Send it again; what is there already is kept.');
}
