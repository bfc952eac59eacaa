import { isIPv6 } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Wrong tokens of one address that cost nothing: a bookmark may be old. */
const FREE = 3;
/** ms; doubles with every further one. */
const FIRST_DELAY = 250;
const LONGEST_DELAY = 8000;
/** After so long (ms) without another one they are forgotten. */
const FORGOTTEN = 600_000;
/** Of so many addresses; the one that guessed longest ago is forgotten first. */
const REMEMBERED = 4096;
/**
 * Answers of one address that wait; what is guessed beside them is answered at once, by hanging up.
 */
const WAITING = 4;

interface Guesses {
  count: number;
  at: number;
  waiting: number;
}

/**
 * Slows the answers to wrong tokens, by the address that they come from. Right ones never meet
 * this.
 */
export class WrongGuesses {
  readonly #addresses = new Map<string, Guesses>();

  /** Resolves when this wrong guess is to be answered: false where it is not worth one. */
  async mayAnswer(address: string, now = performance.now()): Promise<boolean> {
    const key = keyOf(address);
    let guesses = this.#addresses.get(key);
    this.#addresses.delete(key);
    if (!guesses || (now - guesses.at > FORGOTTEN && guesses.waiting === 0))
      guesses = { count: 0, at: now, waiting: 0 };
    this.#addresses.set(key, guesses);
    if (this.#addresses.size > REMEMBERED)
      this.#addresses.delete(this.#addresses.keys().next().value!);
    guesses.count++;
    guesses.at = now;
    if (guesses.count <= FREE) return true;
    if (guesses.waiting >= WAITING) return false;
    guesses.waiting++;
    try {
      await pause(
        Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (guesses.count - FREE - 1)),
        undefined,
        { ref: false },
      );
    } finally {
      guesses.waiting--;
    }
    return true;
  }
}

/** Whoever has an IPv6 address has all that begin with the same 64 bits. */
function keyOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::')) return address;
  const [head = ''] = address.split('::');
  return head.split(':').slice(0, 4).join(':');
}
