import { setImmediate as nextTurn } from 'node:timers/promises';

let last: Promise<void> = Promise.resolve();

/**
 * Resolves in a turn of the event loop that no other caller has. What takes a moment for each of
 * many, who would all go on in the same turn, then holds up nobody for longer than that moment.
 */
export function ownTurn(): Promise<void> {
  const mine = last;
  last = mine.then(() => nextTurn());
  return mine;
}
