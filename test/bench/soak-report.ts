import { median, quantile, table } from './measure.ts';
import type { SoakResult } from './soak-run.ts';
import type { Sample } from './soak-feeds.ts';

export interface Aim {
  readonly aim: string;
  readonly seen: string;
  /** null: the run was too short to tell. */
  readonly met: boolean | null;
}

const BACK = 3;
const GROWTH = 0.05;
/** Seconds of a run before which memory is that of the start. */
const SETTLED = 600;

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

/** Medians of the samples of each quarter. */
function quarters(samples: readonly Sample[]) {
  const size = Math.ceil(samples.length / 4);
  return [0, 1, 2, 3].map((n) => {
    const part = samples.slice(n * size, (n + 1) * size);
    const of = (read: (sample: Sample) => number) => median(part.map(read));
    return {
      rss: of(({ memory }) => memory.rss),
      heapUsed: of(({ memory }) => memory.heapUsed),
      heapTotal: of(({ memory }) => memory.heapTotal),
      external: of(({ memory }) => memory.external),
      arrayBuffers: of(({ memory }) => memory.arrayBuffers),
      childMemory: of(({ childMemory }) => childMemory),
      descriptors: of(({ descriptors }) => descriptors),
      mostDescriptors: Math.max(...part.map(({ descriptors }) => descriptors)),
      mostChildren: Math.max(...part.map(({ children }) => children)),
    };
  });
}

/** Tables of at most 80 columns, and which aims were met. */
export function reportSoak(result: SoakResult) {
  const { rounds, pauses, samples, relayed, load, seconds, roundSeconds, childrenAtEnd } = result;
  const of = quarters(samples);
  const feeds = samples.at(-1)!.feeds.map((feed) => {
    const back = rounds
      .filter((round) => round.feed === feed.name)
      .map((round) => round.back ?? Infinity);
    const own = pauses.filter((one) => one.feed === feed.name).map((one) => one.seconds);
    const { decoded, explained, dropped, damaged, inferenceErrors, reconnects, delay } = feed;
    return {
      name: feed.name,
      rounds: back.length,
      backMedian: median(back),
      backMost: Math.max(...back),
      decoded,
      explained,
      dropped,
      damaged,
      inferenceErrors,
      reconnects,
      explainedP50: delay.explained?.p50 ?? NaN,
      explainedP95: delay.explained?.p95 ?? NaN,
      pauses: own.length,
      longestPause: Math.max(0, ...own),
    };
  });
  const [first, last] = [of[0]!, of[3]!];
  const growth = last.rss / first.rss - 1;
  const mostChildren = Math.max(...of.map((quarter) => quarter.mostChildren));
  const missed = rounds.filter(({ back }) => back === null || back > BACK).length;
  const aims: Aim[] = [
    {
      aim: `back within ${BACK} s of the source`,
      seen: `${rounds.length - missed} of ${rounds.length} times`,
      met: rounds.length > 0 && missed === 0,
    },
    {
      aim: 'memory of the last quarter ≤ 5 % above the first',
      seen: `${(100 * growth).toFixed(1)} %`,
      met: seconds < SETTLED ? null : growth <= GROWTH,
    },
    {
      aim: 'descriptors of the last quarter as in the first',
      seen: `${first.descriptors} → ${last.descriptors}`,
      met: seconds < SETTLED ? null : last.descriptors <= first.descriptors,
    },
    {
      aim: 'one ffmpeg a feed at most, none at the end',
      seen: `${mostChildren}, then ${childrenAtEnd}`,
      met: mostChildren <= feeds.length && childrenAtEnd === 0,
    },
  ];
  const two = (value: number) => value.toFixed(2);
  const across = (title: string, read: (feed: (typeof feeds)[number]) => string | number) => [
    title,
    ...feeds.map((feed) => String(read(feed))),
  ];
  const byQuarter = (title: string, read: (quarter: (typeof of)[number]) => string | number) => [
    title,
    ...of.map((quarter) => String(read(quarter))),
  ];
  const text = [
    `Soak: ${(seconds / 60).toFixed(seconds % 60 ? 1 : 0)} minutes, each source killed every ${roundSeconds} s`,
    `UDP relay: ${relayed.datagrams} datagrams, ${relayed.dropped} lost, ${relayed.corrupted} with a wrong byte`,
    '',
    table([
      across('', ({ name }) => name),
      across('rounds', (feed) => feed.rounds),
      across('back after, median (s)', ({ backMedian }) => two(backMedian)),
      across('back after, most (s)', ({ backMost }) => two(backMost)),
      across('frames decoded', (feed) => feed.decoded),
      across('frames explained', (feed) => feed.explained),
      across('dropped: late decoding', ({ dropped }) => dropped.decode),
      across('dropped: late inference', ({ dropped }) => dropped.inference),
      across('inference errors', (feed) => feed.inferenceErrors),
      across('damage met', (feed) => feed.damaged),
      across('opened again', (feed) => feed.reconnects),
      across('decoded to explained, p50 (ms)', (feed) => feed.explainedP50.toFixed(1)),
      across('decoded to explained, p95 (ms)', (feed) => feed.explainedP95.toFixed(1)),
      across('other pauses > 0.4 s', (feed) => feed.pauses),
      across('longest of these (s)', ({ longestPause }) => two(longestPause)),
    ]),
    '',
    table([
      ['medians by quarter', '1', '2', '3', '4'],
      byQuarter('resident (MiB)', ({ rss }) => mebibytes(rss)),
      byQuarter('heap in use (MiB)', ({ heapUsed }) => mebibytes(heapUsed)),
      byQuarter('heap (MiB)', ({ heapTotal }) => mebibytes(heapTotal)),
      byQuarter('external (MiB)', ({ external }) => mebibytes(external)),
      byQuarter('array buffers (MiB)', ({ arrayBuffers }) => mebibytes(arrayBuffers)),
      byQuarter('ffmpeg, resident (MiB)', ({ childMemory }) => mebibytes(childMemory)),
      byQuarter('descriptors', ({ descriptors }) => descriptors),
      byQuarter('descriptors, most', ({ mostDescriptors }) => mostDescriptors),
      byQuarter('ffmpeg processes, most', (quarter) => quarter.mostChildren),
      ['load of the machine', ...load.map((value) => value.toFixed(1))],
    ]),
    '',
    table([
      ['aim', 'seen', ''],
      ...aims.map(({ aim, seen, met }) => [
        aim,
        seen,
        met === null ? 'too short' : met ? 'met' : 'MISSED',
      ]),
    ]),
  ].join('\n');
  const spread = {
    rssP5: quantile(
      samples.map(({ memory }) => memory.rss),
      0.05,
    ),
    rssP95: quantile(
      samples.map(({ memory }) => memory.rss),
      0.95,
    ),
  };
  return {
    text,
    aims,
    summary: {
      seconds,
      roundSeconds,
      relayed,
      load,
      feeds,
      quarters: of,
      ...spread,
      pauses,
      childrenAtEnd,
    },
  };
}
