import { open, type FileHandle } from 'node:fs/promises';
import { LARGEST_BLOCK } from './message-store.ts';

/** A file that is read here and there, whole pieces or nothing. */
export class RandomAccess {
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  static async open(path: string): Promise<RandomAccess> {
    const handle = await open(path);
    return new RandomAccess(handle, (await handle.stat()).size);
  }

  /** Throws where the piece does not lie inside the file, or is larger than a block may be. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!(length >= 0 && length <= LARGEST_BLOCK))
      throw new Error(`a part at byte ${offset} is said to have ${length} bytes`);
    if (!(offset >= 0 && offset + length <= this.size))
      throw new Error(`it ends before byte ${offset + length}`);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new Error(`it ends before byte ${offset + length}`);
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
