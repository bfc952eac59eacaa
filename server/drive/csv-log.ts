import { basename } from 'node:path';
import { type CsvTable, type RequiredColumns, invalid, readCsvColumns } from './csv-columns.ts';
import type { DriveLog, LogColumn, VideoSpan } from './drive-log.ts';

const TIME_NAMES = ['pts', 't', 'time', 'timestamp'];
const STEERING_NAMES = ['steering', 'steering_angle', 'angle'];
const SPEED_NAMES = ['speed'];

const SECONDS_PER: Readonly<Record<string, number>> = { s: 1, sec: 1, ms: 1e-3, us: 1e-6, 'µs': 1e-6, ns: 1e-9 };
const RADIANS_PER: Readonly<Record<string, number>> = { rad: 1, deg: Math.PI / 180, '°': Math.PI / 180 };
const METRES_PER_SECOND_PER: Readonly<Record<string, number>> = { 'm/s': 1, 'km/h': 1 / 3.6, kmh: 1 / 3.6, kph: 1 / 3.6, mph: 0.44704 };

/** Times from here up (1973, in seconds) are dates, not positions in a video. */
const EARLIEST_DATE = 1e8;
/** A steering column without a unit is in degrees once it leaves this range: more than one and a half turns of a wheel, in radians. */
const LARGEST_RADIANS = 3 * Math.PI;

/**
 * Reads a CSV drive log: a time column (`t`, `time`, `timestamp`, `pts`), `steering`/`steering_angle`/`angle` and
 * `speed`, units in the header's brackets. Times of another clock than the video's (none of them inside `video`) are
 * shifted so that the first row falls on the first frame. Of rows with the same time the last one counts.
 * Throws LOG_INVALID with file, line and column; INPUT_NOT_FOUND; INPUT_EMPTY.
 */
export async function readDriveLog(path: string, video?: VideoSpan): Promise<DriveLog> {
  return interpretColumns(basename(path), await readCsvColumns(path, requiredColumnsOf), video);
}

interface Heading {
  readonly name: string;
  readonly unit: string | null;
}

/** `Steering Angle [deg]` → name `steering_angle`, unit `deg`; brackets may be round. */
function parseHeading(text: string): Heading {
  const match = /^(.*?)\s*[[(]\s*([^\])]*?)\s*[\])]$/.exec(text.normalize('NFC'));
  const name = (match?.[1] ?? text).trim().toLowerCase().replace(/\s+/g, '_');
  const unit = match?.[2]?.toLowerCase().replace('\u03bc', 'µ') ?? '';
  return { name, unit: unit || null };
}

/** The columns that a drive log's header names; throws LOG_INVALID without a time column or with a unit that does not fit. */
function requiredColumnsOf(headings: readonly string[], file: string): RequiredColumns {
  const parsed = headings.map(parseHeading);
  const time = find(parsed, TIME_NAMES);
  if (time < 0) {
    const shown = headings.slice(0, 6).map((heading) => JSON.stringify(heading.slice(0, 30))).join(', ');
    throw invalid(`${file} has no time column; its columns are ${shown}${headings.length > 6 ? ', …' : ''}.`, `Name one of them ${TIME_NAMES.slice(0, -1).join(', ')} or ${TIME_NAMES.at(-1)}, for example "t [s]".`);
  }
  const steering = find(parsed, STEERING_NAMES);
  const speed = find(parsed, SPEED_NAMES);
  checkUnit(headings, parsed, time, SECONDS_PER, file);
  checkUnit(headings, parsed, steering, RADIANS_PER, file);
  checkUnit(headings, parsed, speed, METRES_PER_SECOND_PER, file);
  return { time, others: [steering, speed].filter((index) => index >= 0) };
}

function find(headings: readonly Heading[], names: readonly string[]): number {
  for (const name of names) {
    const index = headings.findIndex((heading) => heading.name === name);
    if (index >= 0) return index;
  }
  return -1;
}

function checkUnit(headings: readonly string[], parsed: readonly Heading[], index: number, units: Readonly<Record<string, number>>, file: string): void {
  const unit = parsed[index]?.unit;
  if (!unit || Object.hasOwn(units, unit)) return;
  throw invalid(`${file}: column ${JSON.stringify(headings[index]!)} has the unit "${unit}", which is not known for it.`, `Use one of: ${Object.keys(units).join(', ')}.`);
}

/** Converts a table to Roadgaze's units and the video's clock, and says what the file left open. */
function interpretColumns(file: string, table: CsvTable, video: VideoSpan = { startTime: 0, duration: EARLIEST_DATE }): DriveLog {
  const headings = table.headings.map(parseHeading);
  const assumptions: string[] = [];

  const timeColumn = table.required.time;
  const ticks = table.columns[timeColumn]!;
  const timeUnit = headings[timeColumn]!.unit ?? unitOfTimes(ticks);
  if (!headings[timeColumn]!.unit) assumptions.push(`${file}: times are taken as ${timeUnit}, because of the step from row to row.`);
  if (table.repeatedTimes) assumptions.push(`${file}: ${table.repeatedTimes} rows repeat the time of the row before them; the later row counts.`);
  const times = onVideoClock(ticks, SECONDS_PER[timeUnit]!, video, () =>
    assumptions.push(`${file}: its clock is not the video's, so its first row is taken to belong to the first frame.`));

  const steeringColumn = find(headings, STEERING_NAMES);
  let steering: Float64Array | null = null;
  if (steeringColumn >= 0) {
    const values = table.columns[steeringColumn]!;
    const unit = headings[steeringColumn]!.unit ?? (values.some((value) => Math.abs(value) > LARGEST_RADIANS) ? 'deg' : 'rad');
    if (!headings[steeringColumn]!.unit) assumptions.push(`${file}: steering is taken as ${unit}, because of its range.`);
    assumptions.push(`${file}: positive steering is taken as left.`);
    steering = scaled(values, RADIANS_PER[unit]!);
  }

  const speedColumn = find(headings, SPEED_NAMES);
  let speed: Float64Array | null = null;
  if (speedColumn >= 0) {
    const unit = headings[speedColumn]!.unit ?? 'm/s';
    if (!headings[speedColumn]!.unit) assumptions.push(`${file}: speed is taken as m/s.`);
    speed = scaled(table.columns[speedColumn]!, METRES_PER_SECOND_PER[unit]!);
  }

  const extra: LogColumn[] = [];
  for (const [index, values] of table.columns.entries()) {
    if (index === timeColumn || index === steeringColumn || index === speedColumn) continue;
    const name = table.headings[index]!;
    if (values) extra.push({ name: name.replace(/\s*[[(][^\])]*[\])]$/, ''), unit: headings[index]!.unit, values });
    else assumptions.push(`${file}: column ${JSON.stringify(name)} is not numeric and is left out.`);
  }
  return { times, steering, speed, extra, assumptions };
}

/** The unit in which rows follow each other at between 0.5 and 500 a second. */
function unitOfTimes(ticks: Float64Array): string {
  const thousands = Math.ceil(Math.log10(medianStep(ticks) / 2) / 3);
  return ['s', 'ms', 'us', 'ns'][Math.min(3, Math.max(0, thousands))]!;
}

function medianStep(ticks: Float64Array): number {
  if (ticks.length < 2) return 1;
  const steps = new Float64Array(ticks.length - 1);
  for (let i = 0; i < steps.length; i++) steps[i] = ticks[i + 1]! - ticks[i]!;
  return steps.sort()[steps.length >> 1]!;
}

/** Whole ticks are subtracted before scaling: nanoseconds since 1970 have no room for fractions in a float64. */
function onVideoClock(ticks: Float64Array, secondsPerTick: number, video: VideoSpan, onShift: () => void): Float64Array {
  const first = ticks[0]!;
  const outside = ticks.at(-1)! * secondsPerTick < video.startTime || first * secondsPerTick > video.startTime + video.duration;
  if (!outside) return scaled(ticks, secondsPerTick);
  onShift();
  return ticks.map((tick) => (tick - first) * secondsPerTick + video.startTime);
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return factor === 1 ? values : values.map((value) => value * factor);
}
