import type { ClientMessage } from '../../shared/protocol/control-messages.ts';

/** Messages of cost 1 that a connection may send in a second, and at once after a pause. */
const PER_SECOND = 200;
const AT_ONCE = 400;
/** Longest pause, ms: a peer that is not read for longer cannot show that it is there. */
const LONGEST_PAUSE = 5000;

/**
 * What takes a look at the disk, starts a program or changes all numbers costs more than what only
 * names a frame.
 */
const COSTS: { readonly [Type in ClientMessage['type']]?: number } = {
  open: 20,
  road: 20,
  log: 20,
  'log-curve': 10,
  'see-pictures': 10,
  try: 2,
  watch: 20,
  'add-feed': 20,
  'remove-feed': 20,
  'rename-feed': 20,
  explain: 10,
  'explain-at': 10,
  play: 4,
  'play-from': 4,
  settings: 4,
  verify: 2,
};

export function costOf({ type }: ClientMessage): number {
  return COSTS[type] ?? 1;
}

/** How much one connection may ask for. */
export class MessageAllowance {
  #left = AT_ONCE;
  #at = performance.now();

  /**
   * Milliseconds for which the connection is not to be read, now that a message of this cost came;
   * mostly 0.
   */
  take(cost: number): number {
    const now = performance.now();
    this.#left = Math.min(AT_ONCE, this.#left + ((now - this.#at) / 1000) * PER_SECOND) - cost;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.min(LONGEST_PAUSE, (-this.#left / PER_SECOND) * 1000);
  }
}
