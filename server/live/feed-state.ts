import type { ErrorReport } from '../../shared/errors.ts';
import type { StreamInfo } from './stream-lines.ts';

/**
 * Times are milliseconds since 1970. `since` of `stalled` and `reconnecting` is the arrival of the
 * last picture ("no signal since"), or the start of the feed where there was none.
 */
export type FeedState =
  | { readonly name: 'connecting'; readonly since: number }
  | { readonly name: 'live'; readonly since: number; readonly stream: StreamInfo }
  /** Connected, but no picture comes. */
  | { readonly name: 'stalled'; readonly since: number }
  | {
      readonly name: 'reconnecting';
      readonly since: number;
      readonly reason: ErrorReport;
      /** Counts from 1 since the last picture. */
      readonly attempt: number;
      /** null while the attempt is under way. */
      readonly nextTryAt: number | null;
    }
  /** Nothing is tried any more. */
  | { readonly name: 'failed'; readonly since: number; readonly reason: ErrorReport }
  | { readonly name: 'closed'; readonly since: number };
