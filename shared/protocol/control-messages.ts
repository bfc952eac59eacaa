import type { ErrorReport } from '../errors.ts';
import type { Target } from '../explanations.ts';
import type { Point } from '../geometry.ts';
import type { CausalCheck, Flag, FlagKind, FlagSettings } from '../flags.ts';
import type { CatalogueState } from './catalogue-messages.ts';
import type { FeedClientMessage, FeedServerMessage } from './feed-messages.ts';
import type { OpenedMessage } from './opened-message.ts';
import type { AnalysisColumns } from './opened-parts.ts';
import type { LogAnswers, LogCurveMessage, LogCurveRequest } from './steering-messages.ts';
import type { NumberOfTrial, PictureAsSeen, Trial } from './network-inputs.ts';
import type { FeedSummary, NetworkSummary, RecordingSummary } from './summaries.ts';

export type { OpenedFeed, OpenedMessage, OpenedRecording } from './opened-message.ts';
export type { AnalysisColumns, RoadSource, WatchedNetwork } from './opened-parts.ts';
export type { CameraSummary, NetworkSummary, RecordingSummary } from './summaries.ts';

/** Version of the whole protocol; also the WebSocket subprotocol `roadgaze.1`. */
export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = `roadgaze.${PROTOCOL_VERSION}`;

// ── Client → server (JSON text) ────────────────────────────────────────────────────────────────────────────────────

export type ClientMessage =
  | FeedClientMessage
  /**
   * Ids from `hello`; names of one to four real-time explanations (`shared/explanations.ts`), one
   * per pane, each named once. Ends what was open before; answered by `opened` or `error`. `frame`
   * is shown first (0 where it is left out), so that a change of methods stays where it is.
   * `camera` is one of a drive that has several, its first without. `time` is on the clock of
   * `opened.origin`, and takes the place of `frame`: the frame nearest to it is shown first, so that
   * a change of cameras stays where it is. `framesPerSecond` (0.1…1000) is for a recording that was refused with VIDEO_RATE_UNKNOWN, and
   * is kept beside it before it is opened.
   */
  | {
      readonly type: 'open';
      readonly recording: string;
      readonly network: string;
      readonly methods: readonly string[];
      readonly frame?: number;
      readonly camera?: string;
      readonly time?: number;
      readonly framesPerSecond?: number;
    }
  /**
   * speed 0.1…8, or 0: every frame, as fast as the client acknowledges. Starts at `frame`, or where
   * the playhead is.
   */
  | {
      readonly type: 'play';
      readonly frame?: number;
      readonly speed: number;
      readonly loop: boolean;
    }
  | { readonly type: 'pause' }
  /**
   * Shows exactly this frame and stays paused; the answer carries the same `generation`, which the
   * client counts up. The newest seek wins: an older one that is still being decoded is given up
   * and never answered.
   */
  | { readonly type: 'seek'; readonly frame: number; readonly generation: number }
  /**
   * The client is done with the frame message `sequence` and all before it: painted, or thrown away
   * for a newer one.
   */
  | { readonly type: 'painted'; readonly sequence: number }
  | { readonly type: 'settings'; readonly flags: FlagSettings }
  /**
   * Runs a method that is not real-time on one frame. `request` is counted up by the client;
   * answered by `explaining` as it goes on, then by `explained`, or by `error`. A newer one ends
   * the one before.
   */
  | {
      readonly type: 'explain';
      readonly request: number;
      readonly frame: number;
      readonly method: string;
      readonly target: Target;
    }
  | { readonly type: 'cancel'; readonly request: number }
  /**
   * Runs the causal check of a flag, named by its kind and first frame: answered by `verifying` as
   * it goes on, then by `verified`, or by `error`. Requests are counted together with those of
   * `explain`; checks wait for one another, and `cancel` ends one.
   */
  | {
      readonly type: 'verify';
      readonly request: number;
      readonly kind: FlagKind;
      readonly startFrame: number;
    }
  /**
   * Keeps this polygon (fractions of the frame, 3 to 64 points) as the road of the camera that took
   * the open recording, or with null forgets it. What is open is opened again with it, at the frame
   * where it is: answered by `opened` or `error`.
   */
  | { readonly type: 'road'; readonly points: readonly Point[] | null }
  /**
   * Keeps what a person says of the open recording's log. What is open is opened again with it:
   * answered by `opened` or `error`.
   */
  | ({ readonly type: 'log' } & LogAnswers)
  /** Answered by `log-curve` or `error`. */
  | LogCurveRequest
  /**
   * Sets inputs of the network by hand for this viewer, or explains another of its numbers; replaces
   * what was tried before, and with nothing in it ends that. Pauses, and shows the frame again with
   * this `generation`. Answered by `tried`, with an `error` before it where it cannot be done: then
   * all is as it was.
   */
  | ({ readonly type: 'try'; readonly generation: number } & Trial)
  /** The pictures of a frame as the network gets them. Answered by `pictures-as-seen` or `error`. */
  | {
      readonly type: 'see-pictures';
      readonly request: number;
      readonly frame: number;
    };

// ── Server → client (JSON text) ────────────────────────────────────────────────────────────────────────────────────

export type ServerMessage =
  | FeedServerMessage
  /**
   * First message of a connection. The first recording and the first network are the ones to open
   * at the start. Of many recordings only the first ones are told here; `GET /api/drives` tells of
   * all.
   */
  | {
      readonly type: 'hello';
      readonly protocol: number;
      readonly product: string;
      readonly recordings: readonly RecordingSummary[];
      readonly networks: readonly NetworkSummary[];
      readonly feeds: readonly FeedSummary[];
      readonly catalogue: CatalogueState;
    }
  /** There is something new in the folder of recordings; replaces what `hello` said of it. */
  | {
      readonly type: 'catalogue';
      readonly catalogue: CatalogueState;
      readonly recordings: readonly RecordingSummary[];
    }
  | OpenedMessage
  | {
      readonly type: 'provider';
      readonly name: string;
      readonly workers: number;
      readonly millisecondsPerFrame: number;
      readonly passedOver: readonly string[];
    }
  /**
   * Replaces the `pts` (and the number of frames) of `opened`: decoding found other timestamps than
   * the container told.
   */
  | { readonly type: 'index'; readonly pts: readonly number[] }
  /**
   * Rows that were not sent since `opened`, in order of `frame`: append them. With the last rows
   * comes either `complete`, or a `shortfall`: the analysis ended before the recording did, its
   * rows and flags are of `done` of `total` frames, and it is not kept.
   */
  | {
      readonly type: 'analysis';
      readonly columns: AnalysisColumns;
      readonly done: number;
      readonly total: number;
      readonly framesPerSecond: number;
      readonly secondsLeft: number | null;
      readonly complete: boolean;
      readonly shortfall: ErrorReport | null;
    }
  /** All flags of the rows so far; replaces the flags before. */
  | { readonly type: 'flags'; readonly flags: readonly Flag[] }
  /** Playback state as the server has it; `speed` is that of the last `play`. */
  | {
      readonly type: 'state';
      readonly playing: boolean;
      readonly speed: number;
      readonly ended: boolean;
    }
  /**
   * Twice a second while playing, and when it ends, counted from `play`: frames sent, and frames
   * left out because the client or the server was late.
   */
  | {
      readonly type: 'statistics';
      readonly framesPerSecond: number;
      readonly sent: number;
      readonly skipped: number;
    }
  /** Passes done and passes in all, of the request. */
  | {
      readonly type: 'explaining';
      readonly request: number;
      readonly done: number;
      readonly total: number;
    }
  /**
   * The request is done. A frame message with the same frame and a `mask` part of the method came
   * just before. `note` is a sentence about the result that a person must know, such as that the
   * network is dead on this frame.
   */
  | { readonly type: 'explained'; readonly request: number; readonly note: string | null }
  | LogCurveMessage
  /** What is tried from now on. `frame` messages from this `generation` on are of it. */
  | ({ readonly type: 'tried'; readonly generation: number } & Trial & NumberOfTrial)
  /** In the order of the network's inputs, of each the oldest first. `note`: what was left out. */
  | {
      readonly type: 'pictures-as-seen';
      readonly request: number;
      readonly frame: number;
      readonly pictures: readonly PictureAsSeen[];
      readonly note: string | null;
    }
  /** Frames done and frames in all, of a causal check. */
  | {
      readonly type: 'verifying';
      readonly request: number;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly type: 'verified';
      readonly request: number;
      readonly kind: FlagKind;
      readonly startFrame: number;
      readonly check: CausalCheck;
    }
  /**
   * The analysis has just found a flag: it has lasted long enough to be one, and may go on. At most
   * one a second, the newest.
   */
  | { readonly type: 'alert'; readonly flag: Flag }
  /**
   * The connection stays open unless the code is PROTOCOL_VIOLATION; what was open before stays
   * open. With `request` it is the answer to that `explain`, `verify`, `log-curve` or
   * `see-pictures`.
   */
  | ({ readonly type: 'error'; readonly request?: number } & ErrorReport);
