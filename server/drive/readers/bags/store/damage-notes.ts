/** Places that are named; more are counted. */
const MOST_NAMED = 3;

/** What is wrong with a file: a sentence each, however often the same thing is met. */
export class DamageNotes {
  readonly #name: string;
  readonly #said: string[] = [];
  readonly #places = new Map<
    string,
    { readonly named: Set<string>; readonly why: string; readonly all: Set<string> }
  >();

  /** `name` begins each sentence. */
  constructor(name: string) {
    this.#name = name;
  }

  get notes(): readonly string[] {
    const left = [...this.#places].map(([what, { named, why, all }]) => {
      const more = all.size - named.size;
      return `${this.#name}: ${all.size} ${what}${all.size === 1 ? ' is' : 's are'} left out, ${[...named].join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${why}.`;
    });
    return [...this.#said, ...left];
  }

  say(rest: string): void {
    this.#said.push(`${this.#name} ${rest}`);
  }

  /** A thing at a place that cannot be read; the same place counts once. */
  leftOut(what: string, place: string, why: unknown): void {
    let entry = this.#places.get(what);
    if (!entry)
      this.#places.set(what, (entry = { named: new Set(), why: inWords(why), all: new Set() }));
    entry.all.add(place);
    if (entry.named.size < MOST_NAMED) entry.named.add(place);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'it may not be read',
  EISDIR: 'it is a folder',
  EIO: 'its disk cannot be read',
  ENOSPC: 'the disk of temporary files has no room for what is in it',
};

/**
 * What a library says is wrong, without its own name and version, as a clause. What trips over
 * values that are not there has read something else than what was written.
 */
export function inWords(error: unknown): string {
  if (
    error instanceof TypeError ||
    (error instanceof RangeError &&
      /DataView|typed array|array length|start offset|buffer/i.test(error.message))
  )
    return 'it does not follow its format';
  const known = WORDS[(error as NodeJS.ErrnoException | null)?.code ?? ''];
  if (known !== undefined) return known;
  const message = error instanceof Error ? error.message : String(error);
  return message
    .split('\n', 1)[0]!
    .replace(/\s*\[(library=.*|no header)\]$/, '')
    .replace(/\.$/, '')
    .slice(0, 200);
}
