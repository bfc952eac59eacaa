/** Bytes of blocks that are kept, of one file. */
const MOST_BYTES = 64 << 20;

interface Loaded<Block> {
  readonly value: Block;
  readonly bytes: number;
}

/** The blocks that were read last; the newest one is kept however large it is. */
export class BlockCache<Block> {
  readonly #load: (block: number) => Promise<Loaded<Block>>;
  readonly #kept = new Map<number, Promise<Loaded<Block>>>();
  /** Of the kept ones that have come. */
  readonly #sizes = new Map<number, number>();

  constructor(load: (block: number) => Promise<Loaded<Block>>) {
    this.#load = load;
  }

  /** Rejects as the block's loading does. */
  async get(block: number): Promise<Block> {
    const loading = this.#kept.get(block) ?? this.#load(block);
    this.#kept.delete(block);
    this.#kept.set(block, loading);
    try {
      const { value, bytes } = await loading;
      this.#sizes.set(block, bytes);
      this.#makeRoom(block);
      return value;
    } catch (error) {
      this.#kept.delete(block);
      throw error;
    }
  }

  /** For those who go through all of them: what is not kept is not kept afterwards either. */
  async peek(block: number): Promise<Block> {
    return (await (this.#kept.get(block) ?? this.#load(block))).value;
  }

  #makeRoom(newest: number): void {
    let total = 0;
    for (const bytes of this.#sizes.values()) total += bytes;
    for (const block of this.#kept.keys()) {
      if (total <= MOST_BYTES) return;
      const bytes = this.#sizes.get(block);
      if (block === newest || bytes === undefined) continue;
      total -= bytes;
      this.#kept.delete(block);
      this.#sizes.delete(block);
    }
  }
}
