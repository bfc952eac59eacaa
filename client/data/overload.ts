import type { FeedServerMessage } from '../../shared/protocol/feed-messages.ts';

type Counts = Pick<
  Extract<FeedServerMessage, { readonly type: 'feed-statistics' }>,
  'decoded' | 'explained' | 'dropped'
>;

/** Who does not keep up with the feed, and what of it is seen. */
export interface Overload {
  readonly late: 'decoder' | 'network' | 'page';
  readonly shown: number;
  readonly of: number;
}

/** Where fewer than one in ten is left out, nobody sees it. */
const SHARE = 0.1;

/**
 * From the counts at two moments, and the frames that the page painted between them; null where all
 * keep up.
 */
export function overloadOf(before: Counts, now: Counts, painted: number): Overload | null {
  const decode = now.dropped.decode - before.dropped.decode;
  const inference = now.dropped.inference - before.dropped.inference;
  const explained = now.explained - before.explained;
  const of = now.decoded - before.decoded;
  const shown = Math.min(painted, of);
  if (!(of > 0)) return null;
  if (decode > SHARE * of) return { late: 'decoder', shown, of };
  if (inference > SHARE * of) return { late: 'network', shown, of };
  // What other pages did not show is counted too: this page is late only where it painted less than
  // there was.
  if (now.dropped.viewer > before.dropped.viewer && painted < (1 - SHARE) * explained - 2)
    return { late: 'page', shown, of };
  return null;
}

const LATE = {
  decoder: 'Decoding is slower than the feed',
  network: 'The network is slower than the feed',
  page: 'This page, or the way to it, is slower than the feed',
} as const;

export function overloadText({ late, shown, of }: Overload): string {
  return `${LATE[late]}: ${shown} of ${of} frames are shown.`;
}
