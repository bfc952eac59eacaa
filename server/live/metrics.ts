import { Counter, Gauge, Registry } from 'prom-client';
import type { FeedSnapshot } from './live-feed.ts';
import type { DelaySummary } from './sliding-percentiles.ts';

const CLOCKS = ['none', 'synchronized', 'unsynchronized'] as const;
const STATES = ['connecting', 'live', 'stalled', 'reconnecting', 'failed', 'closed'] as const;

type Labels = Readonly<Record<string, string>>;
/** One value per set of further labels; null where there is none yet. */
type Reading = readonly (readonly [labels: Labels, value: number | null])[];

const COUNTERS: readonly (readonly [
  name: string,
  help: string,
  labels: readonly string[],
  read: (feed: FeedSnapshot) => Reading,
])[] = [
  ['roadgaze_feed_decoded_frames_total', 'Frames decoded.', [], ({ decoded }) => [[{}, decoded]]],
  [
    'roadgaze_feed_explained_frames_total',
    'Frames explained by the network.',
    [],
    ({ explained }) => [[{}, explained]],
  ],
  [
    'roadgaze_feed_dropped_frames_total',
    'Frames dropped because a stage was late.',
    ['stage'],
    ({ dropped }) => Object.entries(dropped).map(([stage, value]) => [{ stage }, value]),
  ],
  [
    'roadgaze_feed_damage_total',
    'Errors that the decoder met in the stream.',
    [],
    ({ damaged }) => [[{}, damaged]],
  ],
  [
    'roadgaze_feed_inference_errors_total',
    'Frames that could not be explained.',
    [],
    ({ inferenceErrors }) => [[{}, inferenceErrors]],
  ],
  [
    'roadgaze_feed_reconnects_total',
    'Times the source was opened again.',
    [],
    ({ reconnects }) => [[{}, reconnects]],
  ],
  [
    'roadgaze_feed_signals_total',
    'Driving signals by whether they could be read.',
    ['result'],
    ({ signals }) => [
      [{ result: 'received' }, signals.received],
      [{ result: 'rejected' }, signals.rejected],
    ],
  ],
];

const GAUGES: typeof COUNTERS = [
  [
    'roadgaze_feed_state',
    '1 for the state that the feed is in.',
    ['state'],
    ({ state }) => STATES.map((name) => [{ state: name }, state.name === name ? 1 : 0]),
  ],
  [
    'roadgaze_feed_decode_rate',
    'Frames decoded per second.',
    [],
    ({ decodeRate }) => [[{}, decodeRate]],
  ],
  [
    'roadgaze_feed_inference_rate',
    'Frames explained per second.',
    [],
    ({ inferenceRate }) => [[{}, inferenceRate]],
  ],
  [
    'roadgaze_feed_subscribers',
    'Viewers of the feed.',
    [],
    ({ subscribers }) => [[{}, subscribers]],
  ],
  [
    'roadgaze_feed_recording_bytes',
    'Size of the recording on disk.',
    [],
    ({ recording }) => [[{}, recording?.bytes ?? null]],
  ],
  [
    'roadgaze_feed_delay_seconds',
    'Delay of the last frames since they came out of the decoder, by the stage at which it is measured; of stage lag, over the fastest frame.',
    ['stage', 'quantile'],
    ({ delay }) => Object.entries(delay).flatMap(([stage, summary]) => quantiles(stage, summary)),
  ],
  [
    'roadgaze_feed_source_delay_seconds',
    'Delay of the last frames since the source took them, by its own clock where the stream tells it, by the stage at which it is measured.',
    ['stage', 'quantile'],
    ({ sourceDelay }) =>
      Object.entries(sourceDelay).flatMap(([stage, summary]) => quantiles(stage, summary)),
  ],
  [
    'roadgaze_feed_source_clock',
    "1 for what is known of the source's own clock.",
    ['state'],
    ({ sourceClock }) => CLOCKS.map((name) => [{ state: name }, sourceClock.name === name ? 1 : 0]),
  ],
];

function quantiles(stage: string, summary: DelaySummary | null): Reading {
  return summary
    ? [
        [{ stage, quantile: '0.5' }, summary.p50 / 1000],
        [{ stage, quantile: '0.95' }, summary.p95 / 1000],
      ]
    : [];
}

/**
 * Prometheus' view of the feeds, read at the moment of the scrape: `registry.metrics()` is the
 * text, `registry.contentType` its type.
 */
export function feedMetrics(feeds: () => Iterable<FeedSnapshot>): Registry {
  const registry = new Registry();
  const readings = function* (
    read: (feed: FeedSnapshot) => Reading,
  ): Generator<readonly [Record<string, string>, number]> {
    for (const feed of feeds())
      for (const [labels, value] of read(feed))
        if (value !== null) yield [{ feed: feed.name, ...labels }, value];
  };
  for (const [name, help, labels, read] of COUNTERS) {
    new Counter({
      name,
      help,
      labelNames: ['feed', ...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const [of, value] of readings(read)) this.inc(of, value);
      },
    });
  }
  for (const [name, help, labels, read] of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames: ['feed', ...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const [of, value] of readings(read)) this.set(of, value);
      },
    });
  }
  return registry;
}
