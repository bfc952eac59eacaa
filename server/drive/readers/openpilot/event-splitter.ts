/** Larger events are taken for damage. */
const MOST_BYTES = 16 << 20;
const MOST_SEGMENTS = 64;
const WORD = 8;
/** Behind the head of an event of one segment: two words of data and one pointer, right behind it. */
const ROOT = Buffer.from([0, 0, 0, 0, 2, 0, 1, 0]);
/** Places of damage that are named; more are counted. */
const MOST_NAMED = 3;

/**
 * Cuts a log into its events, messages of Cap'n Proto that stand one behind the other. Behind bytes
 * that are no event, it goes on where the next one is found.
 */
export class EventSplitter {
  readonly #take: (event: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** Of the rest, in the unpacked log. */
  #offset = 0;
  #isLost = false;
  readonly #damage: number[] = [];

  constructor(take: (event: Uint8Array) => void) {
    this.#take = take;
  }

  push(bytes: Uint8Array): void {
    const added = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, added]) : added;
    const done = this.#cut(all);
    this.#offset += done;
    this.#rest = all.subarray(done);
  }

  /** Bytes are missing here. */
  gap(): void {
    this.#offset += this.#rest.length;
    this.#rest = Buffer.alloc(0);
    this.#isLost = true;
  }

  /** What was wrong, a clause each that goes on from the file's name. */
  end(): string[] {
    const named = this.#damage.slice(0, MOST_NAMED).join(', ');
    const more = this.#damage.length - MOST_NAMED;
    const damage =
      this.#damage.length > 0
        ? [
            `has damaged events at byte ${named}${more > 0 ? ` and ${more} more places` : ''}, and goes on with the next whole one`,
          ]
        : [];
    const cut =
      this.#rest.length > 0 && !this.#isLost
        ? [`breaks off inside an event at byte ${this.#offset}; all before it is read`]
        : [];
    return [...damage, ...cut];
  }

  /** How many bytes are done with. */
  #cut(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      if (this.#isLost) {
        const next = nextEvent(bytes, at);
        if (next === null) return Math.max(at, bytes.length - 2 * WORD);
        at = next;
        this.#isLost = false;
      }
      const size = sizeOf(bytes, at);
      if (size === 'damaged') {
        this.#damage.push(this.#offset + at);
        this.#isLost = true;
        at += WORD;
      } else if (size === null || at + size > bytes.length) return at;
      else {
        this.#take(bytes.subarray(at, at + size));
        at += size;
      }
    }
  }
}

/** Bytes of the event that begins there; null: its head is not whole yet. */
function sizeOf(bytes: Buffer, at: number): number | null | 'damaged' {
  if (at + WORD > bytes.length) return null;
  const segments = bytes.readUInt32LE(at) + 1;
  if (segments > MOST_SEGMENTS) return 'damaged';
  const head = WORD * Math.ceil((4 + 4 * segments) / WORD);
  if (at + head > bytes.length) return null;
  let words = 0;
  for (let i = 0; i < segments; i++) words += bytes.readUInt32LE(at + 4 + 4 * i);
  if (bytes.readUInt32LE(at + 4) === 0 || words * WORD > MOST_BYTES) return 'damaged';
  return head + words * WORD;
}

function nextEvent(bytes: Buffer, from: number): number | null {
  for (
    let root = bytes.indexOf(ROOT, from + WORD);
    root >= 0;
    root = bytes.indexOf(ROOT, root + 1)
  ) {
    const at = root - WORD;
    const words = bytes.readUInt32LE(at + 4);
    if (bytes.readUInt32LE(at) === 0 && words > 3 && words * WORD <= MOST_BYTES) return at;
  }
  return null;
}
