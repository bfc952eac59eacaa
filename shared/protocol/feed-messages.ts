import type { ErrorReport } from '../errors.ts';
import type { Target } from '../explanations.ts';
import type { Flag } from '../flags.ts';
import type { AnalysisColumns } from './opened-parts.ts';
import type { FeedRange, FeedStatus, FeedSummary } from './summaries.ts';

/*
 * Live feeds. Times are *feed time*: seconds since 1970 by the server's clock, ascending over all connections to the source, without a fixed
 * relation to the timestamps in the stream. Times of day (`since`, `nextTryAt`) are milliseconds since 1970.
 *
 * Frames of a feed come as the same binary message as those of recordings, with these meanings in the header: `frame` is the number of the decoded
 * picture, counted from 0 over the whole life of the feed (numbers that do not come were dropped); `pts` is the feed time; `driven` is the driving
 * signal at that time. A picture out of the recording of the last minutes has the number of the nearest picture that was explained live.
 * Live frames are sent newest first: while three are unacknowledged nothing is sent, and then the newest one there is.
 */

/** The source's own clock, as the stream tells it. */
export type SourceClockStatus =
  /**
   * It tells no time, or not yet: a camera of the server's machine tells it at once, RTSP, and RTP
   * without MPEG-TS in it, every few seconds, what comes another way never.
   */
  | { readonly name: 'none' }
  | { readonly name: 'synchronized' }
  /**
   * By it the pictures came in before they were taken, or more than a minute after. `difference`:
   * the server's clock minus it, in milliseconds.
   */
  | { readonly name: 'unsynchronized'; readonly difference: number };

// ── Client → server ────────────────────────────────────────────────────────────────────────────────────────────────

export type FeedClientMessage =
  /**
   * Ends what was open before, recording or feed, and shows this feed live; answered by `opened`
   * or `error`. `methods` (one to four real-time ones) are those of the feed: where they are others
   * than before, all who watch it get `opened` again, its rows begin anew, and the last change
   * wins. Left out: as they are. Where the feed is watched already, what is shown stays live,
   * paused or playing as it is.
   */
  | { readonly type: 'watch'; readonly feed: string; readonly methods?: readonly string[] }
  /**
   * Opens a feed, for all who are connected; answered by `feed-added` or `error`. Only rtsp, rtsps,
   * rtmp, srt, udp, rtp, http and https addresses, and cameras (/dev/videoN). `name` and `network`
   * may be left out: the address's label, and the first network. `transport` is for RTSP.
   */
  | {
      readonly type: 'add-feed';
      readonly address: string;
      readonly name?: string;
      readonly network?: string;
      readonly transport?: 'tcp' | 'udp';
    }
  /** Who watches it gets `feed-state` with `closed`, then `feeds` without it. */
  | { readonly type: 'remove-feed'; readonly feed: string }
  | { readonly type: 'rename-feed'; readonly feed: string; readonly name: string }
  /**
   * These four are about the feed that is watched. Each carries a `generation` that the client
   * counts up from 1 after `opened`; all frames and `feed-playback` messages from then on carry
   * it, so that older ones under way can be told apart. The newest wins.
   */
  /** Back to the live picture. */
  | { readonly type: 'live'; readonly generation: number }
  /**
   * Pauses at the picture that was shown at this time, out of the recording; nearest where there is
   * a gap. Also the way to pause.
   */
  | { readonly type: 'seek-time'; readonly time: number; readonly generation: number }
  /** Pauses so many pictures (−1000 … 1000) after the one shown last, over gaps. */
  | { readonly type: 'step'; readonly frames: number; readonly generation: number }
  /**
   * Plays the recording from this time on; speed 0.1 … 8. Where it reaches the present it goes on
   * live.
   */
  | {
      readonly type: 'play-from';
      readonly time: number;
      readonly speed: number;
      readonly generation: number;
    }
  /**
   * As `explain`, for the recorded picture at this time: answered by `explaining`, `explained` with
   * a frame message before it, or `error`. Requests are counted together with those of `explain`;
   * `cancel` ends one.
   */
  | {
      readonly type: 'explain-at';
      readonly request: number;
      readonly time: number;
      readonly method: string;
      readonly target: Target;
    };

// ── Server → client ────────────────────────────────────────────────────────────────────────────────────────────────

/** Median and 95th percentile of the last frames, in milliseconds. */
export interface DelayStatistics {
  readonly p50: number;
  readonly p95: number;
}

export type FeedServerMessage =
  /**
   * Replaces `hello.feeds`: sent when one is added, removed, renamed or gets other methods. States
   * change by `feed-state`.
   */
  | { readonly type: 'feeds'; readonly feeds: readonly FeedSummary[] }
  /** Answer to `add-feed`, after `feeds`. Its source need not be there yet. */
  | { readonly type: 'feed-added'; readonly feed: string }
  /** To all who are connected, of every feed. */
  | { readonly type: 'feed-state'; readonly feed: string; readonly state: FeedStatus }
  /**
   * What the viewer is shown; at each change, and every second while it plays. `time`: of the frame
   * shown last; null before the first one.
   */
  | {
      readonly type: 'feed-playback';
      readonly mode: 'live' | 'paused' | 'playing';
      readonly speed: number;
      readonly time: number | null;
      readonly generation: number;
    }
  /** Once a second, of the feed that is watched; counts since the feed was added. */
  | {
      readonly type: 'feed-statistics';
      readonly feed: string;
      /**
       * `lag`: out of the decoder, over the fastest frame of the last minute; `explained`: from the
       * decoder to the explanation; `painted`: from the decoder to the viewers' acknowledgements.
       * null: none yet.
       */
      readonly delay: {
        readonly lag: DelayStatistics | null;
        readonly explained: DelayStatistics | null;
        readonly painted: DelayStatistics | null;
      };
      /**
       * `sourceDelay` counts from when the source took the picture, by its own clock: to `arrival`
       * out of the decoder, and `painted`. Both are null unless `sourceClock` is `synchronized`;
       * then only `delay` is known, which counts from arrival.
       */
      readonly sourceClock: SourceClockStatus;
      readonly sourceDelay: {
        readonly arrival: DelayStatistics | null;
        readonly painted: DelayStatistics | null;
      };
      readonly decodeRate: number;
      readonly inferenceRate: number;
      /**
       * Frames that were not shown, by who was late: decoder, network, or a viewer (of all viewers
       * together).
       */
      readonly dropped: {
        readonly decode: number;
        readonly inference: number;
        readonly viewer: number;
      };
      readonly decoded: number;
      readonly explained: number;
      readonly damaged: number;
      readonly reconnects: number;
      readonly viewers: number;
      /** The last frame that could not be explained, and how many. */
      readonly inferenceErrors: number;
      readonly lastInferenceError: ErrorReport | null;
      /**
       * Of the last minutes on disk; null where nothing is to be recorded. `failure`: why recording
       * has stopped.
       */
      readonly recording: {
        readonly bytes: number;
        readonly range: FeedRange | null;
        readonly failure: ErrorReport | null;
      } | null;
      /** Driving signals: how many were read, and how many could not be. */
      readonly signals: { readonly received: number; readonly rejected: number };
    }
  /**
   * Rows of the frames that were explained live since the last such message: append them.
   * `columns.frame` is the number of the picture, `columns.pts` the feed time; both ascend, with
   * gaps. `restart`: throw away what was there, but for what does not depend on methods and is
   * older; these are the first of the rows that the server keeps. It keeps some minutes; the client
   * may forget rows before `from` (feed time).
   */
  | {
      readonly type: 'feed-rows';
      readonly columns: AnalysisColumns;
      readonly restart: boolean;
      readonly from: number;
    }
  /**
   * All flags in the rows that are kept; replaces those before. `…Pts` are feed time, `…Frame`
   * picture numbers.
   */
  | { readonly type: 'feed-flags'; readonly flags: readonly Flag[] }
  /**
   * A flag of the feed that is watched has begun, and has lasted long enough to be one; at most one
   * a second.
   */
  | { readonly type: 'feed-alert'; readonly feed: string; readonly flag: Flag }
  /**
   * A flag's clip was kept as a recording of this id, listed from the next connection on; `error`
   * where that failed.
   */
  | {
      readonly type: 'clip-kept';
      readonly feed: string;
      readonly recording: string;
      readonly flag: Flag;
    };
