import { harmless, mayHarm } from '../../shared/harmless.ts';

/**
 * A message or an answer as it goes over the wire. Names and texts in it come from files, cameras and other
 * visitors, and end in pages: they are spelt out where that is needed. What is sent back to the
 * server (ids) holds nothing of the kind.
 */
export function wireText(message: object): string {
  const text = JSON.stringify(message);
  // Looking at the whole is much cheaper than looking at each of thousands of numbers.
  return mayHarm(text)
    ? JSON.stringify(message, (_key, value: unknown) =>
        typeof value === 'string' ? harmless(value) : value,
      )
    : text;
}
