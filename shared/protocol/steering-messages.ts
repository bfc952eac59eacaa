import type { AngleOf, SteeringRatio, SteeringSignal } from '../steering.ts';
import type { Column } from './opened-parts.ts';

/** What the steering of a drive log is in: `normalized` is a share of full lock, −1…1. */
export type LogUnit = 'rad' | 'deg' | 'normalized';

/** What a person says of a log; null: what was said before is forgotten. */
export interface LogAnswers {
  readonly unit?: LogUnit | null;
  /** Where a positive steering steers. */
  readonly positive?: 'left' | 'right' | null;
  /** Seconds that are added to all times of the log. */
  readonly offset?: number | null;
  /** The signal that is the steering. */
  readonly column?: string | null;
  readonly angleOf?: AngleOf | null;
  /** How often the steering wheel turns for one turn of the tyres. */
  readonly ratio?: number | null;
}

/** How the steering of the log is read. */
export interface LoggedSteering {
  /** What could be the steering, the best first. */
  readonly candidates: readonly SteeringSignal[];
  /** Names of the other signals, which can be chosen too. */
  readonly others: readonly string[];
  /** What is taken; null: nothing. */
  readonly taken: SteeringSignal | null;
  /** As the log or a person says. */
  readonly ratio: SteeringRatio | null;
  /** What was said, in the page or when the server was started; null where nothing was. */
  readonly said: Required<LogAnswers>;
}

/** How a log would have to be moved for what it says to go with what the network wishes. */
export interface OffsetProposal {
  /** Seconds to be added to the log's times. */
  readonly offset: number;
  /** The log's sign is the wrong way round. */
  readonly flip: boolean;
  /** Of how fast both turn, moved and flipped as proposed: 0…1. */
  readonly correlation: number;
  /** The same as it is now: −1…1. */
  readonly now: number;
}

/**
 * s; an offset that differs by less is within what a network is late or early by itself, and no
 * news.
 */
export const NOTICED_OFFSET = 0.1;

/** Asks for a signal as it was logged, the one that is taken where `column` is null. */
export interface LogCurveRequest {
  readonly type: 'log-curve';
  readonly request: number;
  readonly column: string | null;
}

export interface LogCurveMessage {
  readonly type: 'log-curve';
  readonly request: number;
  readonly signal: SteeringSignal;
  /** Seconds of the video's clock, as far as they were not moved by what was said; ascending. */
  readonly times: readonly number[];
  /**
   * In the signal's own unit and sign; null ends a line. Of more than a screen can show the largest
   * and the smallest are there.
   */
  readonly values: Column;
  /** By the rows so far; null: none. */
  readonly proposal: OffsetProposal | null;
  /** Why there is none, a sentence; null where there is one. */
  readonly reason: string | null;
}
