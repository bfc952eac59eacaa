import type { Series, SeriesOfDrive } from '../../log/series.ts';
import type { Place } from '../../place.ts';
import { columnOf, columnsOf, readArray } from './arrays.ts';

/** Where signals lie, each in a folder of its own with `t` and `value`. */
const GROUPS = ['processed_log/CAN', 'processed_log/GNSS', 'processed_log/IMU'];
const POSE = 'global_pose';
const FRAME_TIMES = 'frame_times';
const STEERING = 'processed_log/CAN/steering_angle';
const SPEED = 'processed_log/CAN/speed';
/** Wider arrays are messages, not signals. */
const MOST_COLUMNS = 16;
const MOST_SIGNALS = 64;

/** Relative names of the folders of all signals. */
export async function signalFolders(place: Place): Promise<string[]> {
  const found: string[] = [];
  for (const group of GROUPS)
    for (const name of [...(await place.namesOf(group))].sort()) {
      const inside = await place.namesOf(`${group}/${name}`);
      if (inside.has('t') && inside.has('value')) found.push(`${group}/${name}`);
    }
  return found.slice(0, MOST_SIGNALS);
}

/**
 * Everything that was logged, on a clock that has its zero at `origin` (s since the device was
 * started). What cannot be read is left out and told. Without an origin, the first value that was
 * logged belongs to the first frame.
 */
export async function readSignals(
  place: Place,
  folders: readonly string[],
  origin: number | null,
): Promise<SeriesOfDrive> {
  const assumptions: string[] = [];
  const all: Series[] = [];
  for (const folder of folders) {
    const [times, values] = [
      await readArray(place.path, `${folder}/t`),
      await readArray(place.path, `${folder}/value`),
    ];
    const isWanted = folder === STEERING || folder === SPEED;
    if (typeof times === 'string' || typeof values === 'string') {
      const [name, reason] = typeof times === 'string' ? ['t', times] : ['value', values];
      assumptions.push(`${folder}/${name} ${reason as string}; that signal is left out.`);
      continue;
    }
    const columns = columnsOf(values.dims);
    if (columns > MOST_COLUMNS || (isWanted && columns !== 1)) {
      assumptions.push(`${folder}/value has ${columns} columns; that signal is left out.`);
      continue;
    }
    const rows = Math.min(times.values.length, values.dims[0] ?? 0);
    if (times.values.length !== rows || values.dims[0] !== rows)
      assumptions.push(
        `${folder} has ${times.values.length} times and ${values.dims[0] ?? 0} values; the first ${rows} of both are taken.`,
      );
    for (let column = 0; column < columns; column++)
      all.push({
        name: columns === 1 ? folder : `${folder}.${column}`,
        unit: null,
        times: times.values.subarray(0, rows),
        values: columnOf(values, column).subarray(0, rows),
      });
  }
  all.push(...(await poses(place)));
  const start = origin ?? firstTime(all);
  if (origin === null)
    assumptions.push(
      'Nothing says when the frames were taken by the clock of the signals; the first signal is taken to begin with the first frame.',
    );
  const moved = all.map((series) => ({
    ...series,
    name: shortName(series.name),
    folder: series.name,
    times: series.times.map((time) => time - start),
  }));
  const steering = moved.find(({ folder }) => folder === STEERING);
  const speed = moved.find(({ folder }) => folder === SPEED);
  return {
    file: place.name,
    steering: steering ? [{ ...steering, unit: 'deg', kind: 'wheel', positive: 'left' }] : [],
    speed: speed ? { ...speed, unit: 'm/s' } : null,
    others: moved.filter((series) => series !== steering && series !== speed),
    assumptions: assumptions.map((sentence) => `${place.name}: ${sentence}`),
  };
}

/** Where the car was, at every frame. */
async function poses(place: Place): Promise<Series[]> {
  const times = await readArray(place.path, `${POSE}/${FRAME_TIMES}`);
  if (typeof times === 'string') return [];
  const found: Series[] = [];
  for (const name of ['frame_positions', 'frame_velocities', 'frame_orientations']) {
    const array = await readArray(place.path, `${POSE}/${name}`);
    if (typeof array === 'string' || array.dims[0] !== times.values.length) continue;
    const columns = columnsOf(array.dims);
    for (let column = 0; column < columns && column < MOST_COLUMNS; column++)
      found.push({
        name: `${POSE}/${name}.${column}`,
        unit: null,
        times: times.values,
        values: columnOf(array, column),
      });
  }
  return found;
}

function shortName(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1);
}

function firstTime(series: readonly Series[]): number {
  return series.reduce((first, { times }) => Math.min(first, times[0] ?? Infinity), Infinity);
}
