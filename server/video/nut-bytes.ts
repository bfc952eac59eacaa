/** What stands before frames is no larger. */
export const LARGEST_HEADER = 0x100000;
/** Thrown so often that one will do. */
const MORE = new Error('more bytes are needed');
const NOTHING = new Uint8Array(0);

/** The bytes of a NUT stream, which come in chunks, and the numbers that are coded in them. */
export class NutBytes {
  /** Bytes of an item whose end has not come yet; `#chunk` goes on where it ends. */
  #carry: Uint8Array = NOTHING;
  #chunk: Uint8Array = NOTHING;
  #at = 0;

  /** All of the chunk before has been taken, or is carried. */
  add(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  get available(): number {
    return this.#carry.length + this.#chunk.length - this.#at;
  }

  /** The next byte, which stays; undefined where it has not come yet. */
  get next(): number | undefined {
    const { length } = this.#carry;
    return this.#at < length ? this.#carry[this.#at] : this.#chunk[this.#at - length];
  }

  /**
   * Reads an item. false where its end has not come yet: then it is kept, and read anew from its
   * beginning when there is more.
   */
  whole(read: () => void): boolean {
    const start = this.#at;
    try {
      read();
    } catch (reason) {
      if (reason !== MORE) throw reason;
      this.#at = start;
      this.#keepRest();
      return false;
    }
    this.#rebase();
    return true;
  }

  /** Reads what is of this size, and goes on behind it. Throws Error where more is read. */
  within(size: number, read: () => void): void {
    if (this.available < size) throw MORE;
    const end = this.#at + size;
    read();
    if (this.#at > end) throw new Error('NUT: header longer than it says');
    this.#at = end;
  }

  /** Leaves out so many, or what there is; gives how many. */
  skip(count: number): number {
    const step = Math.min(count, this.available);
    this.#at += step;
    this.#rebase();
    return step;
  }

  /**
   * Copies as many as there are, or fit; gives how many. Only behind a whole item, when nothing is
   * carried.
   */
  fill(target: Uint8Array): number {
    const end = Math.min(this.#chunk.length, this.#at + target.length);
    const count = end - this.#at;
    target.set(this.#chunk.subarray(this.#at, end));
    this.#at = end;
    return count;
  }

  byte(): number {
    const byte = this.next;
    this.#at++;
    if (byte === undefined) throw MORE;
    return byte;
  }

  /** `v` in the specification. */
  unsigned(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) throw new Error('NUT: number too large');
      if (byte < 128) return value;
    }
  }

  atMost(most: number, what: string): number {
    const value = this.unsigned();
    if (value > most) throw new Error(`NUT: ${what} of ${value}`);
    return value;
  }

  /** `s` in the specification. */
  signed(): number {
    const value = this.unsigned() + 1;
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  }

  take(count: number): Uint8Array<ArrayBuffer> {
    if (count > this.available) throw MORE;
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.byte();
    return bytes;
  }

  /** Goes on in the chunk alone once the carried bytes are behind. */
  #rebase(): void {
    if (this.#carry.length === 0 || this.#at < this.#carry.length) return;
    this.#at -= this.#carry.length;
    this.#carry = NOTHING;
  }

  #keepRest(): void {
    const rest = new Uint8Array(this.available);
    if (rest.length > LARGEST_HEADER) throw new Error('NUT: header too large');
    const carried = this.#carry.subarray(this.#at);
    rest.set(carried);
    rest.set(this.#chunk.subarray(Math.max(0, this.#at - this.#carry.length)), carried.length);
    this.#carry = rest;
    this.#chunk = NOTHING;
    this.#at = 0;
  }
}
