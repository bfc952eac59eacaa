const MOST_TRIES = 2000;
const MOST_MS = 5000;

/**
 * A smaller input for which `holds` still does: pieces are left out, half of it first, then ever
 * smaller ones. Bounded in tries and time.
 */
export async function reduced(
  input: Uint8Array,
  holds: (input: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  const begin = performance.now();
  let best = input;
  let tries = 0;
  for (let size = best.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < best.length;) {
      if (++tries > MOST_TRIES || performance.now() - begin > MOST_MS) return best;
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await holds(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
