import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { RoadgazeError } from '../../shared/errors.ts';

/** So short a token can be found by trying. */
const SHORTEST_TOKEN = 16;

/** Throws USAGE for a token that keeps nobody out. */
export function checkToken(token: string): void {
  if (token.trim().length >= SHORTEST_TOKEN) return;
  const what =
    token === ''
      ? 'The token is empty, and would let everybody in.'
      : `The token has fewer than ${SHORTEST_TOKEN} characters that are not blank.`;
  throw new RoadgazeError(
    'USAGE',
    what,
    `Take a longer one, for example: ${randomBytes(18).toString('base64url')}`,
  );
}

/** Compares in constant time. */
export function isToken(candidate: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(candidate), digest(token));
}
