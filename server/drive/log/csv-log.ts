import { basename } from 'node:path';
import { type CsvTable, invalid } from './csv-columns.ts';
import type { DriveLog, LogColumn, VideoSpan } from './drive-log.ts';
import { chooseRows, gathered } from './rows.ts';
import { readSteering } from './steering.ts';
import type { LogChoices } from './choices.ts';
import { readLogColumns } from './log-columns.ts';
import { timesOf } from './times.ts';
import { METRES_PER_SECOND_PER, planLog, type LogPlan } from './plan.ts';

/**
 * Reads a drive log, CSV or Parquet: a time column (`t`, `time`, `timestamp`, `pts`; numbers, dates or times of
 * day), `steering`/`steering_angle`/`angle` and `speed`, units in the header's brackets, or the
 * columns of a tool that is known. Times of another clock than the video's are shifted so that the
 * first row falls on the first frame. Steering whose unit nobody says is left out, and `question`
 * asks for it. Of rows with the same time the last one counts. `rowTimes` are times (s) of all rows
 * by who knows better, so that the log needs none. Throws LOG_INVALID with file, line and column;
 * INPUT_NOT_FOUND.
 */
export async function readDriveLog(
  path: string,
  video?: VideoSpan,
  choices: LogChoices = {},
  rowTimes: Float64Array | null = null,
): Promise<DriveLog> {
  const file = basename(path);
  let plan: LogPlan | undefined;
  const table = await readLogColumns(
    path,
    (lines) => (plan = planLog(lines, file, choices, rowTimes === null)),
  );
  return interpretColumns({ file, table, plan: plan!, video, choices, rowTimes });
}

interface Table {
  readonly file: string;
  readonly table: CsvTable;
  readonly plan: LogPlan;
  readonly video: VideoSpan | undefined;
  readonly choices: LogChoices;
  readonly rowTimes: Float64Array | null;
}

function interpretColumns({ file, table, plan, video, choices, rowTimes }: Table): DriveLog {
  const assumptions: string[] = [];
  const say = (sentence: string) => assumptions.push(`${file}: ${sentence}`);
  const { tool } = plan;
  if (tool)
    say(
      `its columns are those of ${tool.tool}, and are read as that writes them: steering ${tool.steeringUnit === 'normalized' ? 'from -1 to 1' : `in ${tool.steeringUnit}`}, positive to the ${tool.positive}.`,
    );
  assumptions.push(...plan.notes);

  const rows = chooseRows(file, table, choices, say);
  const times = timesOf({ file, plan, table, rows, video, choices, rowTimes, say });
  const column = (index: number): Float64Array | null => {
    const values = table.columns[index];
    return values ? gathered(values, rows) : null;
  };

  const values = plan.steering < 0 ? null : column(plan.steering);
  if (plan.steering >= 0 && !values)
    throw invalid(
      `${file}: column ${JSON.stringify(plan.columns[plan.steering]!.label)} is not numeric.`,
      'Choose another one with --log-column.',
    );
  const found = values
    ? readSteering({ file, plan, values, choices, say })
    : { steering: null, normalized: null, question: null };
  if (found.question) assumptions.push(found.question);

  let speed: Float64Array | null = null;
  if (plan.speed >= 0) {
    const unit = tool?.speedUnit ?? plan.columns[plan.speed]!.unit ?? 'm/s';
    if (!tool && !plan.columns[plan.speed]!.unit) say('speed is taken as m/s.');
    speed = column(plan.speed)!.map((value) => value * METRES_PER_SECOND_PER[unit]!);
  }

  const share = choices.column === undefined && found.steering ? column(plan.share) : null;
  const extra: LogColumn[] = [];
  for (const [index, { label, unit }] of plan.columns.entries()) {
    if (index === plan.time || index === plan.speed) continue;
    if ((share && index === plan.share) || (index === plan.steering && !found.question)) continue;
    const kept = column(index);
    if (kept) extra.push({ name: label, unit, values: kept });
    else if (!tool)
      say(`column ${JSON.stringify(plan.headings[index]!)} is not numeric and is left out.`);
  }
  const normalized = found.normalized ?? share;
  return { times, ...found, normalized, speed, extra, assumptions };
}
