import type { ParquetColumn } from '../../log/parquet/parquet-table.ts';
import { kindByName } from '../../log/steering-names.ts';
import type { Series, SeriesOfDrive, SteeringSeries } from '../../log/series.ts';
import { elementNames, type LeRobotInfo } from './info.ts';

/** Columns that count rows. */
export const COUNTS = new Set(['timestamp', 'frame_index', 'episode_index', 'index', 'task_index']);
/** The data set of a car (L2D) has its state under this name, with speed in km/h. */
const CAR_STATE = 'observation.state.vehicle';

/** All numbers of an episode as series at the same times. */
export function seriesOfEpisode(
  file: string,
  { features }: LeRobotInfo,
  columns: ReadonlyMap<string, ParquetColumn>,
  times: Float64Array,
): SeriesOfDrive {
  const all = [...columns].flatMap(([feature, column]) =>
    COUNTS.has(feature) ? [] : elementsOf(feature, features[feature], column, times),
  );
  const steering = all.filter(({ name }) => /steer/i.test(name)).sort(actionsFirst);
  const speed = all.flatMap((series) => {
    const unit = speedUnit(series.name);
    return unit === null ? [] : [{ ...series, unit }];
  })[0];
  return {
    file,
    steering: steering.map(asSteering),
    speed: speed ?? null,
    others: all.filter(({ name }) => !/steer/i.test(name) && name !== speed?.name),
    assumptions: steering.length
      ? [`${file}: nothing says to which side its steering is positive; left is taken.`]
      : [],
  };
}

function elementsOf(
  feature: string,
  described: LeRobotInfo['features'][string] | undefined,
  column: ParquetColumn,
  times: Float64Array,
): Series[] {
  const series = (name: string, values: Float64Array): Series => ({
    name,
    unit: null,
    times,
    values,
  });
  if (column.kind === 'numbers') {
    const own = described ? elementNames(described) : null;
    return [series(own?.length === 1 ? `${feature}[${own[0]}]` : feature, column.values)];
  }
  if (column.kind !== 'vectors') return [];
  const names = described ? elementNames(described) : null;
  return column.elements.map((values, i) => series(`${feature}[${names?.[i] ?? i}]`, values));
}

/** What was done before what was seen of it. */
function actionsFirst(a: Series, b: Series): number {
  return Number(b.name.startsWith('action')) - Number(a.name.startsWith('action'));
}

function asSteering(series: Series): SteeringSeries {
  const { name } = series;
  const unit = /norm/i.test(name)
    ? 'normalized'
    : /deg/i.test(name)
      ? 'deg'
      : /[^a-z]rad/i.test(name)
        ? 'rad'
        : null;
  return {
    ...series,
    unit,
    kind: kindByName(name),
    positive: 'left',
  };
}

/** null: it is no speed, or of a unit that nobody says. */
function speedUnit(name: string): string | null {
  const isSpeed = /speed|velocity/i.test(name) && !/angular|limit|steer|wheel/i.test(name);
  if (!isSpeed) return null;
  if (/km_?p?_?h|kph/i.test(name) || name === `${CAR_STATE}[speed]`) return 'km/h';
  if (/mph/i.test(name)) return 'mph';
  return /m_?p?_?s\b/i.test(name) ? 'm/s' : null;
}
