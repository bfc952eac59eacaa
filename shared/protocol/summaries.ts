import type { ErrorReport } from '../errors.ts';
import type { Size } from '../geometry.ts';

export interface RecordingSummary {
  readonly id: string;
  readonly name: string;
  readonly durationSeconds: number;
  readonly size: Size;
  readonly frameRate: number;
  /** Of `opened`: whether what was driven can be held against the network. */
  readonly hasLog: boolean;
  /** Set where the recording cannot be opened; it is listed all the same. */
  readonly error: ErrorReport | null;
}

export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly error: ErrorReport | null;
}

/** A camera of a drive that has several. */
export interface CameraSummary {
  readonly id: string;
  readonly title: string;
}

/**
 * How a feed is. Times are milliseconds since 1970. `since` of `stalled` and `reconnecting`: the
 * last picture ("no signal since"), or the start of the feed where there was none.
 */
export type FeedStatus =
  | { readonly name: 'connecting'; readonly since: number }
  | { readonly name: 'live'; readonly since: number; readonly stream: FeedStream }
  /** Connected, but no picture comes. */
  | { readonly name: 'stalled'; readonly since: number }
  /**
   * `attempt` counts from 1 since the last picture; `nextTryAt` is null while an attempt is under
   * way.
   */
  | {
      readonly name: 'reconnecting';
      readonly since: number;
      readonly reason: ErrorReport;
      readonly attempt: number;
      readonly nextTryAt: number | null;
    }
  /** Nothing is tried any more: remove the feed, and add it again. */
  | { readonly name: 'failed'; readonly since: number; readonly reason: ErrorReport }
  | { readonly name: 'closed'; readonly since: number };

export interface FeedStream {
  /** As ffmpeg names them, e.g. `mpegts`, `h264`. */
  readonly container: string;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** As the stream announces it; null where it does not. */
  readonly framesPerSecond: number | null;
  /** Matrix of the colours, e.g. `bt709`, or `unknown`. */
  readonly colorSpace: string;
}

export interface FeedSummary {
  readonly id: string;
  /** As the user calls it; unique. */
  readonly name: string;
  /** The address with user name, password and passphrases masked. */
  readonly label: string;
  /** Id of a `NetworkSummary`. */
  readonly network: string;
  /** One set for a feed, whoever watches it. */
  readonly methods: readonly string[];
  readonly state: FeedStatus;
}

/**
 * Seconds of feed time that can be played; there may be gaps between, where there was no signal.
 */
export interface FeedRange {
  readonly start: number;
  readonly end: number;
}
