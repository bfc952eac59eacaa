/** Does something once however often it is asked for; what fails is tried again. */
export function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  const made = onceFor<[], Value>(make, 1);
  return () => made();
}

/** Does something once for the same arguments; the answers to the last `most` are kept. */
export function onceFor<Arguments extends readonly unknown[], Value>(
  make: (...given: Arguments) => Promise<Value>,
  most: number,
): (...given: Arguments) => Promise<Value> {
  const made = new Map<string, Promise<Value>>();
  return (...given) => {
    const key = JSON.stringify(given, inOrder);
    const known = made.get(key);
    const answer = known ?? make(...given);
    made.delete(key);
    made.set(key, answer);
    if (made.size > most) made.delete(made.keys().next().value!);
    if (!known)
      answer.catch(() => {
        if (made.get(key) === answer) made.delete(key);
      });
    return answer;
  };
}

/** The same text whatever the order of the fields. */
function inOrder(_: string, value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
