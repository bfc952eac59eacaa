import { COMMAND } from '../../../log/steering-names.ts';
import type { Series, SeriesOfDrive } from '../../../log/series.ts';
import type { BagSignals, TopicSignals } from './collect.ts';
import { isOwn, ownSeries } from './own-topics.ts';
import { curvatureOf, speedOverGround } from './derived.ts';
import {
  SPEED_FIELDS,
  STEERING_FIELDS,
  steeringByName,
  type Candidate,
  type SteeringField,
} from './known-fields.ts';

/** The numbers of a bag as steering, speed, and all others. `name` is the drive's, for messages. */
export function driveSeries(name: string, { topics, notes }: BagSignals): SeriesOfDrive {
  const own = topics.filter(isOwn).map(ownSeries);
  const foreign = topics.filter((topic) => !isOwn(topic));
  const candidates = [
    ...own.flatMap(({ steering }) => steering ?? []),
    ...foreign.flatMap(steeringOf),
  ];
  candidates.sort((a, b) => a.rank - b.rank || b.series.times.length - a.series.times.length);
  const fields = SPEED_FIELDS.flatMap((known) =>
    foreign
      .filter(({ type }) => known.type.test(type))
      .flatMap((topic) => {
        const column = topic.columns.find(({ field }) => field === known.field);
        if (!column || !hasNumbers(column.values)) return [];
        return [{ ...seriesOf(topic, column.field, column.values), unit: known.unit }];
      })
      // What a controller asks for comes after what was measured.
      .sort((a, b) => Number(COMMAND.test(a.name)) - Number(COMMAND.test(b.name))),
  );
  const speeds = [...own.flatMap(({ speed: logged }) => logged ?? []), ...fields];
  const speed = speeds[0] ?? foreign.flatMap(speedOverGround)[0] ?? null;
  const assumptions = notes.map((note) => `${name}: ${note}`);
  if (speed)
    assumptions.push(`${name}: speed is ${JSON.stringify(speed.name)}, in ${speed.unit ?? 'm/s'}.`);

  const taken = new Set([...candidates.map(({ series }) => series.name), speed?.name]);
  const others = foreign
    .flatMap((topic) =>
      topic.columns.map(({ field, unit, values }) => ({ ...seriesOf(topic, field, values), unit })),
    )
    .filter((series) => !taken.has(series.name) && hasNumbers(series.values));
  return {
    file: name,
    ratio: own.flatMap(({ ratio }) => ratio ?? [])[0] ?? null,
    steering: candidates.map(({ series }) => series),
    speed,
    others: [...own.flatMap(({ other }) => other ?? []), ...others, ...speeds.slice(1)],
    assumptions,
  };
}

function steeringOf(topic: TopicSignals): Candidate[] {
  const command = COMMAND.test(topic.topic) ? 0.5 : 0;
  const known = STEERING_FIELDS.flatMap((field, rank) => {
    if (!field.type.test(topic.type)) return [];
    const values =
      typeof field.field === 'string'
        ? topic.columns.find((column) => column.field === field.field)?.values
        : curvatureOf(topic, field.field);
    if (!values || !hasNumbers(values)) return [];
    const name = typeof field.field === 'string' ? field.field : 'curvature';
    return [candidate(topic, name, values, field, rank + command)];
  });
  if (known.length > 0) return known;
  return topic.columns.flatMap(({ field, unit, values }) => {
    // A message of one number tells nothing; its topic does.
    const named = steeringByName(field === 'data' ? topic.topic.replaceAll('/', '.') : field, unit);
    if (!named || !hasNumbers(values)) return [];
    return [candidate(topic, field, values, named, STEERING_FIELDS.length + command)];
  });
}

function candidate(
  topic: TopicSignals,
  name: string,
  values: Float64Array,
  field: SteeringField,
  rank: number,
): Candidate {
  const { kind, unit, positive, because } = field;
  const isCommand = field.isCommand || COMMAND.test(topic.topic);
  const series = { ...seriesOf(topic, name, values), kind, unit, positive, because, isCommand };
  return { series, rank };
}

function seriesOf(topic: TopicSignals, field: string, values: Float64Array): Series {
  return { name: `${topic.topic}.${field}`, unit: null, times: topic.times, values };
}

function hasNumbers(values: Float64Array): boolean {
  return values.some((value) => Number.isFinite(value));
}
