import type { Size } from '../../shared/geometry.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { loggedIn } from '../../shared/protocol/columns.ts';
import type { AnalysisColumns, OpenedRecording } from '../../shared/protocol/control-messages.ts';
import type { FeedStatus } from '../../shared/protocol/summaries.ts';

/** What a recording tells of itself as it is opened, and a feed as it goes on. */
export interface Described {
  /** Of the pictures. */
  readonly size: Size;
  /** Whether what was driven can be held against the network. */
  readonly hasLog: boolean;
  /** What was logged of the measures that can be, by id. */
  readonly logged: readonly string[];
}

/** Of a feed of which nothing is known yet: a usual size. */
export const UNDESCRIBED: Described = {
  size: { width: 1280, height: 720 },
  hasLog: false,
  logged: [],
};

export function describedRecording({ recording, logged = [] }: OpenedRecording): Described {
  return { size: recording.size, hasLog: recording.hasLog, logged };
}

/** The pictures of a feed have the size of its stream, where there is one. */
export function describedByState(before: Described, state: FeedStatus): Described {
  if (state.name !== 'live') return before;
  const { width, height } = state.stream;
  return { ...before, size: { width, height } };
}

/** What rows of a feed have a value of is logged, also where later ones have none. */
export function describedByRows(
  before: Described,
  columns: AnalysisColumns,
  measures: readonly Measure[] = MEASURES,
): Described {
  return {
    ...before,
    hasLog: before.hasLog || columns.driven.some((value) => value !== null),
    logged: [...new Set([...before.logged, ...loggedIn(columns, measures)])],
  };
}
