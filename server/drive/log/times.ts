import type { CsvTable } from './csv-columns.ts';
import { invalid } from './log-fault.ts';
import type { VideoSpan } from './drive-log.ts';
import type { LogChoices } from './choices.ts';
import { EARLIEST_DATE, type Clock } from './clock.ts';
import { SECONDS_PER, type LogPlan } from './plan.ts';
import { gathered } from './rows.ts';

export interface TimesRequest {
  readonly file: string;
  readonly plan: LogPlan;
  readonly table: CsvTable;
  readonly rows: Int32Array;
  readonly video: VideoSpan | undefined;
  readonly choices: LogChoices;
  /** Times of all rows by who knows better. */
  readonly rowTimes: Float64Array | null;
  readonly say: (sentence: string) => void;
}

const TICK_UNITS = ['s', 'ms', 'us', 'ns'] as const;
const WITHOUT_VIDEO: VideoSpan = { startTime: 0, duration: EARLIEST_DATE };

/** Times of the rows in seconds of the video's clock. Says what was assumed. Throws LOG_INVALID. */
export function timesOf(request: TimesRequest): Float64Array {
  const { table, rows, choices, rowTimes, video = WITHOUT_VIDEO, say } = request;
  const times = rowTimes
    ? gathered(rowTimes, rows)
    : table.clock
      ? ofClock(request, table.clock, video)
      : ofRows(request, video);
  if (!choices.offset) return times;
  say(`its times are moved by ${choices.offset} s, as asked for.`);
  return times.map((time) => time + choices.offset!);
}

/** Rows and frames at the same pace: all there is where a log has no times. */
function ofRows({ file, rows, say }: TimesRequest, video: VideoSpan): Float64Array {
  const rate = video.averageFrameRate ?? 0;
  if (!(rate > 0))
    throw invalid(
      `${file} has no times, and the video's frame rate is not known.`,
      'Add a column "t [s]".',
    );
  say(
    `it has no times, so its rows are taken to follow one another like the video's frames, ${Number(rate.toFixed(3))} a second.`,
  );
  return Float64Array.from(rows, (_, row) => video.startTime + row / rate);
}

function ofClock(
  { plan, rows, video, say }: TimesRequest,
  clock: Clock,
  span: VideoSpan,
): Float64Array {
  const ticks = gathered(clock.values(), rows);
  if (clock.midnights) say('its clock passes midnight; the rows after it belong to the next day.');
  const isSeconds = clock.kind !== 'ticks';
  const given = plan.tool?.timeUnit ?? plan.columns[plan.time]!.unit;
  const told = isSeconds
    ? { unit: 's', because: '' }
    : given
      ? { unit: given, because: '' }
      : unitOfTicks(clock, ticks, video);
  if (told.because) say(`times are taken as ${told.unit}, because of ${told.because}.`);
  const factor = SECONDS_PER[told.unit]!;
  const first = ticks[0]!;
  const isInside =
    ticks.at(-1)! * factor >= span.startTime && first * factor <= span.startTime + span.duration;
  if (!clock.isFromFirst && isInside)
    return factor === 1 ? ticks : ticks.map((tick) => tick * factor);
  say("its clock is not the video's, so its first row is taken to belong to the first frame.");
  return ticks.map((tick) => (tick - first) * factor + span.startTime);
}

/**
 * A date tells its unit by its size. Other times last about as long as the video; without one, rows
 * follow each other at between 0.5 and 500 a second.
 */
function unitOfTicks(
  clock: Clock,
  ticks: Float64Array,
  video: VideoSpan | undefined,
): { unit: string; because: string } {
  if (clock.isFromFirst) {
    const digits = Math.log10(Math.abs(clock.first));
    return {
      unit: digits < 11 ? 's' : digits < 14 ? 'ms' : digits < 17 ? 'us' : 'ns',
      because: 'their size',
    };
  }
  const length = ticks.at(-1)! - ticks[0]!;
  if (video && video.duration > 0 && video.duration < EARLIEST_DATE && length > 0) {
    const distance = (unit: string) =>
      Math.abs(Math.log((length * SECONDS_PER[unit]!) / video.duration));
    return {
      unit: TICK_UNITS.reduce((best, unit) => (distance(unit) < distance(best) ? unit : best)),
      because: "the video's length",
    };
  }
  const thousands = Math.ceil(Math.log10(medianStep(ticks) / 2) / 3);
  return {
    unit: TICK_UNITS[Math.min(3, Math.max(0, thousands))]!,
    because: 'the step from row to row',
  };
}

function medianStep(ticks: Float64Array): number {
  if (ticks.length < 2) return 1;
  const steps = new Float64Array(ticks.length - 1);
  for (let i = 0; i < steps.length; i++) steps[i] = ticks[i + 1]! - ticks[i]!;
  return steps.sort()[steps.length >> 1]!;
}
