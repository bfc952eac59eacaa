import type { AngleOf, SteeringRatio, SteeringSignal } from '../../../shared/steering.ts';

export { LONGEST_STEP, sampleAt } from '../../../shared/sample-at.ts';

/**
 * A drive log in Roadgaze's units. Arrays have one entry per row, or per time of their own; NaN where
 * a cell was empty.
 */
export interface DriveLog {
  /** Seconds of the video's presentation clock, strictly ascending. */
  readonly times: Float64Array;
  /** Radians, positive to the left. */
  readonly steering: Float64Array | null;
  /** Share of full lock, −1…1, positive to the left. */
  readonly normalized?: Float64Array | null;
  /** Whose angle `steering` is; null where nobody says. */
  readonly angleOf?: AngleOf | null;
  /** As the log or a person says. */
  readonly ratio?: SteeringRatio | null;
  /** What is taken as steering, also where its unit is not known; null: nothing is. */
  readonly taken?: TakenSteering | null;
  /** All that could be the steering, the best first. */
  readonly candidates?: readonly SteeringSignal[];
  /** Asks for the unit of a steering column that is left out for want of it; a sentence. */
  readonly question?: string | null;
  /** m/s. */
  readonly speed: Float64Array | null;
  /** Times of `speed`, where that was logged at times of its own. */
  readonly speedTimes?: Float64Array;
  /** Every other numeric column, as it is. */
  readonly extra: readonly LogColumn[];
  /** One sentence per thing that the file did not say. */
  readonly assumptions: readonly string[];
}

/** The signal that is taken as steering. */
export interface TakenSteering extends SteeringSignal {
  /** Seconds of the video's presentation clock, strictly ascending. */
  readonly times: Float64Array;
  /** As they were logged, in the signal's own unit and sign; NaN where a cell was empty. */
  readonly values: Float64Array;
}

export interface LogColumn {
  readonly name: string;
  /** What stood in the header's brackets. */
  readonly unit: string | null;
  /** Its own times, where it was logged apart from the rows. */
  readonly times?: Float64Array;
  readonly values: Float64Array;
}

/** Presentation time of a video's first frame, and how long it lasts; seconds. */
export interface VideoSpan {
  readonly startTime: number;
  readonly duration: number;
  /** Frames a second, for logs without times. */
  readonly averageFrameRate?: number;
}
