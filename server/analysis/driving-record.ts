import type { LoggedMeasureId } from '../../shared/measures/measures.ts';
import { sampleAt, type DriveLog } from '../drive/log/drive-log.ts';
import { drivenComparison, drivenSteering, whyNotCompared } from '../pipeline/driven-steering.ts';
import type { NetworkDescription } from '../pipeline/stream-explainer.ts';

/** What was driven at an instant; NaN where that is not known, nothing where it was not logged. */
export type DrivenValues = { readonly driven: number } & {
  readonly [id in LoggedMeasureId]?: number;
};

type At = (pts: number) => number;

/** Where the log has the values of a measure; null: it was not logged. */
const LOGGED: { readonly [id in LoggedMeasureId]: (log: DriveLog) => At | null } = {
  speed: ({ speed, speedTimes, times }) =>
    speed && ((pts) => sampleAt(speedTimes ?? times, speed, pts)),
};

/** What the log of a drive says, held against a network. */
export class DrivingRecord {
  /** null: there is none, or it could not be read. */
  readonly log: DriveLog | null;
  /** Ids of the measures that were logged. */
  readonly logged: readonly LoggedMeasureId[];
  /** Why there is a log, and what was driven is not held against the network all the same. */
  readonly whyNotCompared: string | null;
  /** What the log and its comparison left open, and `whyNotCompared`. */
  readonly assumptions: readonly string[];
  /** Only the steering ratio is missing. */
  readonly asksForRatio: boolean;
  readonly #driven: At | null;
  readonly #values: readonly (readonly [LoggedMeasureId, At])[];

  constructor(log: DriveLog | null, output: NetworkDescription['output']) {
    this.log = log;
    this.#driven = drivenSteering(output, log);
    this.#values = (Object.keys(LOGGED) as LoggedMeasureId[]).flatMap((id) => {
      const at = log && LOGGED[id](log);
      return at ? [[id, at] as const] : [];
    });
    this.logged = this.#values.map(([id]) => id);
    this.whyNotCompared = whyNotCompared(output, log);
    const comparison = drivenComparison(output, log);
    this.asksForRatio = comparison?.of === null && comparison.asksForRatio && !log?.question;
    const why = this.whyNotCompared === null ? [] : [this.whyNotCompared];
    this.assumptions = [
      ...new Set([
        ...(log?.assumptions ?? []),
        ...(comparison && comparison.of !== null ? comparison.notes : []),
        ...why,
      ]),
    ];
  }

  /** What was driven can be held against the network. */
  get isCompared(): boolean {
    return this.#driven !== null;
  }

  /** A person could say in which unit the log is. */
  get asksForUnit(): boolean {
    return Boolean(this.log?.question);
  }

  /** `driven` in the network's unit and sign. */
  at(pts: number): DrivenValues {
    const values: Partial<Record<LoggedMeasureId, number>> = {};
    for (const [id, at] of this.#values) values[id] = at(pts);
    return { ...values, driven: this.#driven?.(pts) ?? NaN };
  }
}
