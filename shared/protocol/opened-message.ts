import type { FlagSettings } from '../flags.ts';
import type { LoggedSteering } from './steering-messages.ts';
import type { Column, RoadSource, WatchedNetwork } from './opened-parts.ts';
import type { CameraSummary, FeedRange, FeedSummary, RecordingSummary } from './summaries.ts';

/**
 * What is open and watched from here on; all frames that follow are of it. `extent`: a recording is
 * `fixed`, all its frames are known; a feed is `growing`, its rows come and go.
 */
export type OpenedMessage = OpenedRecording | OpenedFeed;

/** What is told of both. */
interface OpenedDrive {
  readonly type: 'opened';
  readonly network: WatchedNetwork;
  readonly road: RoadSource;
  /** By which this viewer's `flags` are found; `settings` changes them. */
  readonly flags: FlagSettings;
}

export interface OpenedRecording extends OpenedDrive {
  readonly extent: 'fixed';
  readonly recording: RecordingSummary;
  /** What the recording is where it is no plain video, such as `a Donkeycar tub`. */
  readonly format?: string;
  /** Of a drive that has several; the first one is open where `open` names none. */
  readonly cameras?: readonly CameraSummary[];
  /** Id of the one of `cameras` that is open. */
  readonly camera?: string;
  /**
   * What time it is at pts 0, in seconds, on a clock that all cameras of the drive share; 0 where it
   * is left out.
   */
  readonly origin?: number;
  readonly frames: number;
  /** pts of every frame; replaced by the `index` message once decoding has made it exact. */
  readonly pts: readonly number[];
  /** What of the recording's times is not as the file has them; plain sentences. */
  readonly notes?: readonly string[];
  /**
   * Causal truth of a rendered drive, per frame: steering with what was drawn to mislead less
   * steering without it, in the output's unit. A frame whose size is above `threshold` was steered
   * by it. Null where nobody rendered the drive again without it for this network.
   */
  readonly cause: { readonly change: Column; readonly threshold: number } | null;
  /**
   * Why what was driven is not known although there is a log, a sentence; `asksForUnit`: for want
   * of what `log` says. Left out where nothing is to be said.
   */
  readonly log?: {
    readonly reason: string;
    readonly asksForUnit: boolean;
    /** Only the steering ratio is missing. */
    readonly asksForRatio?: boolean;
  };
  /** How the steering of the log is read; left out where there is no log that can be read. */
  readonly steering?: LoggedSteering;
  /** What was taken for granted of the log; plain sentences. */
  readonly logNotes?: readonly string[];
  /** What was logged of the measures that can be: `analysis` has columns of them. */
  readonly logged?: readonly string[];
}

/** The size of its pictures is told by its stream, what is logged by the rows that come. */
export interface OpenedFeed extends OpenedDrive {
  readonly extent: 'growing';
  readonly feed: FeedSummary;
  /** What of the last minutes can be played; null: nothing is recorded (yet). */
  readonly range: FeedRange | null;
}
