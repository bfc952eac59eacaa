import { basename } from 'node:path';
import type { CsvTable } from './csv-columns.ts';
import { invalid } from './log-fault.ts';
import type { DriveLog, LogColumn, VideoSpan } from './drive-log.ts';
import { chooseRows, gathered } from './rows.ts';
import { NO_STEERING, readSteering, steeringSignal } from './steering.ts';
import { chosenRatio, type LogChoices } from './choices.ts';
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
  if (plan.steering >= 0 && !values && !plan.isSteeringGuessed)
    throw invalid(
      `${file}: column ${JSON.stringify(plan.columns[plan.steering]!.label)} is not numeric.`,
      'Choose another one with --log-column.',
    );
  const candidates = plan.candidates.filter((index) => table.columns[index]);
  tellCandidates(plan, candidates, choices, say);
  const found = values ? readSteering({ file, plan, values, choices, say }) : NO_STEERING;
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
    // As networks that give a curvature are held against it.
    if (index === plan.steering && found.curvature) continue;
    if (kept) extra.push({ name: label, unit, values: kept });
    else if (!tool)
      say(`column ${JSON.stringify(plan.headings[index]!)} is not numeric and is left out.`);
  }
  const { curvature, ...steering } = found;
  if (curvature) extra.push({ name: 'curvature', unit: '1/m', values: curvature });
  return {
    times,
    ...steering,
    normalized: found.normalized ?? share,
    ratio: chosenRatio(choices) ?? table.ratio ?? null,
    taken: values && { ...steeringSignal(plan, plan.steering), times, values },
    candidates: candidates.map((index) => steeringSignal(plan, index)),
    speed,
    extra,
    assumptions,
  };
}

/** Which column is taken as steering, and why, where others could be it too. */
function tellCandidates(
  { columns, steering, tool, isSteeringGuessed }: LogPlan,
  candidates: readonly number[],
  { column }: LogChoices,
  say: (sentence: string) => void,
): void {
  const taken = candidates.includes(steering);
  const others = candidates.filter((index) => index !== steering);
  if (!taken || column !== undefined || (others.length === 0 && !isSteeringGuessed)) return;
  const quoted = (index: number): string => JSON.stringify(columns[index]!.label);
  const because = tool
    ? `${tool.tool} writes it there`
    : isSteeringGuessed
      ? 'its name speaks of steering'
      : 'it is called so';
  say(
    `steering is ${quoted(steering)}, because ${because}${others.length > 0 ? `; ${others.map(quoted).join(', ')} could be it too, and --log-column chooses another` : ''}.`,
  );
}
