import type { SteeringUnit } from '../../../shared/steering.ts';
import { type ColumnPlan, type FirstLines, isAllNumbers } from './csv-columns.ts';
import { invalid } from './log-fault.ts';
import type { LogChoices } from './choices.ts';
import { recogniseTool, type ToolLayout } from './layouts.ts';
import { COMMAND, isCalledSteering } from './steering-names.ts';

const TIME_NAMES = ['pts', 't', 'time', 'timestamp', 'datetime'];
const STEERING_NAMES = ['steering', 'steering_angle', 'angle'];
const SPEED_NAMES = ['speed'];
/** A share of full lock beside the steering's angle. */
const SHARE_NAMES = ['steering_share'];
/** By which the log of a tool is known. */
const TOOL_NAMES = ['user/angle'];
/** Columns that say which camera a row is of; of the latter ones the folder counts. */
const CAMERA_NAMES = ['frame_id', 'camera', 'camera_id', 'camera_name', 'cam', 'sensor'];
const PICTURE_NAMES = ['filename', 'file', 'image', 'image_path', 'path', 'picture'];
export const SECONDS_PER: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};
export const METRES_PER_SECOND_PER: Readonly<Record<string, number>> = {
  'm/s': 1,
  'km/h': 1 / 3.6,
  kmh: 1 / 3.6,
  kph: 1 / 3.6,
  mph: 0.44704,
};
/** What stands for which reading of a steering column. */
export const STEERING_UNITS: Readonly<Record<string, SteeringUnit>> = {
  rad: 'rad',
  deg: 'deg',
  '°': 'deg',
  1: 'normalized',
  normalized: 'normalized',
  normalised: 'normalized',
  '1/m': '1/m',
};
/** Units as the end of a column's name: `timestamp_ns`, `steering_deg`. */
const NAME_ENDINGS: readonly (readonly [
  names: readonly string[],
  endings: Readonly<Record<string, string>>,
])[] = [
  [TIME_NAMES, { s: 's', sec: 's', ms: 'ms', us: 'us', ns: 'ns' }],
  [STEERING_NAMES, { rad: 'rad', deg: 'deg' }],
  [SPEED_NAMES, { mps: 'm/s', ms: 'm/s', kmh: 'km/h', kph: 'km/h', mph: 'mph' }],
];

export interface Heading {
  /**
   * As it is shown: the header's text without unit, with a number where there are several of one
   * name.
   */
  readonly label: string;
  readonly name: string;
  readonly unit: string | null;
}

/** What the columns of a log mean. Indices, −1: there is none. */
export interface LogPlan extends ColumnPlan {
  readonly columns: readonly Heading[];
  readonly tool: ToolLayout | null;
  readonly steering: number;
  /** Columns that could be the steering, the best first. */
  readonly candidates: readonly number[];
  /** The steering is only called something with steering in it, and may turn out to be text. */
  readonly isSteeringGuessed: boolean;
  readonly speed: number;
  /** The steering once more, as a share of full lock, positive to the left. */
  readonly share: number;
  /** Sentences on what was chosen among several. */
  readonly notes: readonly string[];
}

/**
 * Throws LOG_INVALID without a time column where one is needed, with a unit that does not fit, or where a column that
 * was chosen is not there.
 */
export function planLog(
  { first, second, comment }: FirstLines,
  file: string,
  choices: LogChoices,
  needsTime = true,
): LogPlan {
  const tool = recogniseTool(first, second);
  const isBelowComment =
    !tool && isAllNumbers(first) && comment?.length === first.length && !isAllNumbers(comment);
  const headings = tool?.headings ?? (isBelowComment ? comment : first);
  const columns = headingsOf(headings);
  const notes: string[] = [];
  const time = tool ? tool.time : find(columns, TIME_NAMES);
  if (!tool && time < 0 && needsTime) throw withoutTime(headings, file);
  const named = tool?.steering ?? find(columns, STEERING_NAMES);
  const share = tool ? -1 : find(columns, SHARE_NAMES);
  // Beside an angle it is the same once more.
  const all = steeringCandidates(columns, named);
  const candidates = all.length > 1 ? all.filter((index) => index !== share) : all;
  const steering =
    choices.column === undefined ? (candidates[0] ?? -1) : chosen(columns, choices.column, file);
  const isSteeringGuessed = named < 0 && choices.column === undefined;
  const speed = tool?.speed ?? find(columns, SPEED_NAMES);
  if (!tool) {
    checkUnit(headings, columns, time, SECONDS_PER, file);
    checkUnit(headings, columns, speed, METRES_PER_SECOND_PER, file);
  }
  if (tool?.steering !== steering && choices.unit === undefined)
    checkUnit(headings, columns, steering, STEERING_UNITS, file);
  for (const index of [time, steering, speed]) {
    const same = columns.filter(({ name }) => index >= 0 && name === columns[index]!.name);
    if (same.length < 2) continue;
    const taken = columns[index]!.label;
    const kept = same
      .filter(({ label }) => label !== taken)
      .map(({ label }) => JSON.stringify(label))
      .join(', ');
    notes.push(
      `${file}: there are ${same.length} columns ${JSON.stringify(columns[index]!.name)}; ${choices.column !== undefined && index === steering ? JSON.stringify(taken) : 'the first'} is taken, and ${kept} kept${index === steering ? '. --log-column chooses another' : ''}.`,
    );
  }
  return {
    headings,
    columns,
    headless: tool?.headless ?? isBelowComment,
    time,
    timeIsName: tool?.timeIsName ?? false,
    steering,
    candidates,
    isSteeringGuessed,
    speed,
    share,
    tool,
    notes,
    numbers: [isSteeringGuessed ? -1 : steering, speed].filter((index) => index >= 0),
    split: tool?.split ?? null,
    cameraOf: cameraOf(columns),
    isCameraNamed: find(columns, CAMERA_NAMES) >= 0,
  };
}

/**
 * `Steering Angle [deg]` → name `steering_angle`, unit `deg`; brackets may be round, and the unit
 * may end the name.
 */
function headingsOf(texts: readonly string[]): Heading[] {
  const counts = new Map<string, number>();
  return texts.map((text) => {
    const match = /^(.*?)\s*[[(]\s*([^\])]*?)\s*[\])]$/.exec(text.normalize('NFC'));
    const label = (match?.[1] ?? text).trim();
    const heading = withUnitInName(
      label.toLowerCase().replace(/\s+/g, '_'),
      match?.[2]?.toLowerCase().replace('\u03bc', 'µ') || null,
    );
    const count = (counts.get(heading.name) ?? 0) + 1;
    counts.set(heading.name, count);
    return { ...heading, label: count > 1 ? `${label} (${count})` : label };
  });
}

function withUnitInName(name: string, unit: string | null): { name: string; unit: string | null } {
  if (unit !== null) return { name, unit };
  for (const [names, endings] of NAME_ENDINGS) {
    for (const [ending, meant] of Object.entries(endings)) {
      if (name.endsWith(`_${ending}`) && names.includes(name.slice(0, -ending.length - 1)))
        return { name: name.slice(0, -ending.length - 1), unit: meant };
    }
  }
  const [, called, ending] = /^(.*)_(rad|deg)$/.exec(name) ?? [];
  if (called !== undefined && isCalledSteering(called)) return { name: called, unit: ending! };
  return { name, unit };
}

/** Whether a log's reader would take a column of this name for more than a signal, and for what. */
export function meaningOf(heading: string): 'steering' | 'other' | null {
  const { name } = headingsOf([heading])[0]!;
  if (STEERING_NAMES.includes(name)) return 'steering';
  const meant = [TIME_NAMES, SPEED_NAMES, CAMERA_NAMES, PICTURE_NAMES, SHARE_NAMES, TOOL_NAMES];
  return meant.some((names) => names.includes(name)) ? 'other' : null;
}

function find(columns: readonly Heading[], names: readonly string[]): number {
  for (const name of names) {
    const index = columns.findIndex((heading) => heading.name === name);
    if (index >= 0) return index;
  }
  return -1;
}

/**
 * The column `named` (-1: none), then those that are called something with steering in it: what was
 * measured before what was asked for.
 */
function steeringCandidates(columns: readonly Heading[], named: number): number[] {
  const called = columns.flatMap(({ name, unit }, index) =>
    index !== named &&
    isCalledSteering(name) &&
    (unit === null || Object.hasOwn(STEERING_UNITS, unit))
      ? [index]
      : [],
  );
  const isCommand = (index: number): number => Number(COMMAND.test(columns[index]!.name));
  called.sort((a, b) => isCommand(a) - isCommand(b) || a - b);
  return named < 0 ? called : [named, ...called];
}

function chosen(columns: readonly Heading[], wish: string, file: string): number {
  const wanted = wish.trim().toLowerCase();
  const index = columns.findIndex(
    ({ label, name }) => label.toLowerCase() === wanted || name === wanted,
  );
  if (index >= 0) return index;
  throw invalid(
    `${file} has no column ${JSON.stringify(wish)}; its columns are ${shown(columns.map(({ label }) => label))}.`,
    'Choose one of them with --log-column.',
  );
}

function cameraOf(columns: readonly Heading[]): LogPlan['cameraOf'] {
  const named = find(columns, CAMERA_NAMES);
  if (named >= 0) return (cells) => cells[named]!;
  const picture = find(columns, PICTURE_NAMES);
  return picture < 0 ? null : (cells) => /^(.*)[\\/]/.exec(cells[picture]!)?.[1] ?? '';
}

function withoutTime(headings: readonly string[], file: string): Error {
  if (isAllNumbers(headings))
    return invalid(
      `${file} has no header: its first line is ${headings.slice(0, 4).join(', ')}${headings.length > 4 ? ', …' : ''}.`,
      'Write the names of the columns into the first line, for example "t [s],steering [deg]".',
    );
  return invalid(
    `${file} has no time column; its columns are ${shown(headings)}.`,
    'Name one of them pts, t, time or timestamp, for example "t [s]".',
  );
}

function shown(headings: readonly string[]): string {
  return `${headings
    .slice(0, 6)
    .map((heading) => JSON.stringify(heading.slice(0, 30)))
    .join(', ')}${headings.length > 6 ? ', …' : ''}`;
}

function checkUnit(
  headings: readonly string[],
  columns: readonly Heading[],
  index: number,
  units: Readonly<Record<string, unknown>>,
  file: string,
): void {
  const unit = columns[index]?.unit;
  if (!unit || Object.hasOwn(units, unit)) return;
  throw invalid(
    `${file}: column ${JSON.stringify(headings[index]!)} has the unit "${unit}", which is not known for it.`,
    `Use one of: ${Object.keys(units).join(', ')}.`,
  );
}
