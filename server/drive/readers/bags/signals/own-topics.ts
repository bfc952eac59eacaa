import type { AngleOf, SteeringRatio } from '../../../../../shared/steering.ts';
import type { Series } from '../../../log/series.ts';
import { writtenRatio } from '../../../log/written-ratio.ts';
import type { TopicSignals } from './collect.ts';
import { steeringByName, type Candidate, type SteeringField } from './known-fields.ts';

/** What a topic is that Roadgaze has written itself when it converted a drive. */
export interface OwnSeries {
  readonly steering?: Candidate;
  readonly speed?: Series;
  readonly other?: Series;
  readonly ratio?: SteeringRatio;
}

const STEERING = 'roadgaze.Steering';
const SPEED = 'roadgaze.Speed';
const SIGNAL = 'roadgaze.Signal';
const DEGREES = 180 / Math.PI;
/** It is what the drive's steering was before. */
const FIRST = -1;
/** After all that is known by its type. */
const LAST = 1000;

export function isOwn({ type }: TopicSignals): boolean {
  return type === STEERING || type === SPEED || type === SIGNAL;
}

/** In the units in which such topics are written, under the names that the signals had. */
export function ownSeries(topic: TopicSignals): OwnSeries {
  const { type, times, metadata } = topic;
  const column = (field: string): Float64Array =>
    topic.columns.find((each) => each.field === field)?.values ?? new Float64Array(times.length);
  if (type === STEERING) return steeringOf(topic, column('angle_rad'), column('share'));
  if (type === SPEED) {
    return { speed: { name: 'speed', unit: 'm/s', times, values: column('speed_mps') } };
  }
  const name = metadata.get('name') ?? topic.topic;
  const unit = metadata.get('unit') ?? null;
  const other: Series = { name, unit, times, values: column('value') };
  const field = steeringByName(name, unit);
  return field ? { steering: { rank: LAST, series: { ...other, ...meaning(field) } } } : { other };
}

function steeringOf(
  { times, metadata }: TopicSignals,
  angle: Float64Array,
  share: Float64Array,
): OwnSeries {
  const told = metadata.get('angleOf');
  const whose: AngleOf | null = told === 'wheel' || told === 'tyre' ? told : null;
  const ratio = writtenRatio(metadata.get('ratio'));
  const lock = fullLock(angle, share);
  const isShare = share.some((value) => !Number.isNaN(value));
  const field: SteeringField = {
    type: /^/,
    field: isShare ? 'share' : 'angle_rad',
    because: 'it was the steering of the drive that this was made of',
    kind: isShare ? 'normalized' : (whose ?? 'angle'),
    unit: isShare ? 'normalized' : 'rad',
    positive: 'left',
    isCommand: false,
  };
  return {
    steering: {
      rank: FIRST,
      series: {
        name: 'steering',
        times,
        values: isShare ? share : angle,
        ...meaning(field),
        ...(lock === null
          ? {}
          : { fullLockDegrees: lock, ...(whose ? { fullLockOf: whose } : {}) }),
      },
    },
    ...(ratio ? { ratio } : {}),
  };
}

function meaning({ kind, unit, positive, because, isCommand }: SteeringField) {
  return { kind, unit, positive, because, isCommand };
}

/** Degrees at which the share is 1, where both are there; by the largest share. */
function fullLock(angle: Float64Array, share: Float64Array): number | null {
  let most = -1;
  for (const [i, value] of share.entries())
    if (Number.isFinite(angle[i]) && Math.abs(value) > Math.abs(share[most] ?? 0)) most = i;
  return most < 0 ? null : (angle[most]! / share[most]!) * DEGREES;
}
