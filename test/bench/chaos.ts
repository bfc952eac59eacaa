import { platform } from 'node:process';
import { parseArgs } from 'node:util';
import { runChaos } from './chaos-run.ts';
import { quantile } from './measure.ts';

/**
 * `npm run bench:chaos [-- --minutes 10]`: viewers that come and go, deaf and rude ones, decoders
 * killed, files spoilt, a disk that fills, and two live feeds, all at once; then nobody. Ends with
 * status 1 where an aim is missed.
 */
const { values: options } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(options.minutes);
if (platform !== 'linux' || !(minutes >= 0.5)) {
  console.error(
    platform === 'linux'
      ? '--minutes takes a number, 0.5 or more.'
      : 'Processes and descriptors are counted in /proc, which is there on Linux only.',
  );
  process.exit(2);
}
const GROWTH = 0.05;
const SLOWEST = 250;
const {
  before,
  after,
  tally,
  disturbed,
  health,
  feeds,
  ended,
  refused,
  said,
  load,
  allocator,
  withoutDisk,
} = await runChaos({
  seconds: minutes * 60,
  progress: (line) => process.stderr.write(`${line}\n`),
});

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const growth = after.bytes / before.bytes - 1;
const answers = health.answers.map((time) => (time < 0 ? Infinity : time));
const [p50, p99] = [quantile(answers, 0.5), quantile(answers, 0.99)];
const machine = quantile(health.machine, 0.99);
const isSame = (a: readonly string[], b: readonly string[]) => a.join() === b.join();
const internal = tally.errors.get('INTERNAL') ?? 0;
const saidInternal = (said.match(/\bINTERNAL\b/g) ?? []).length;
const aims = [
  { aim: 'the server is still there', seen: ended ? 'ended' : 'runs', met: !ended },
  {
    aim: 'both feeds live and recorded',
    seen: feeds
      .map(({ state, recording }) => `${state}${recording ? ', unrecorded' : ''}`)
      .join('; '),
    met:
      feeds.length === 2 && feeds.every(({ state, recording }) => state === 'live' && !recording),
  },
  {
    aim: 'processes as before',
    seen: `${before.children.join(' ')} → ${after.children.join(' ')}`,
    met: isSame(before.children, after.children),
  },
  {
    aim: 'descriptors as before',
    seen: `${before.descriptors} → ${after.descriptors}`,
    met: after.descriptors <= before.descriptors,
  },
  {
    aim: 'temporary folders as before',
    seen: `${before.temporary.length} → ${after.temporary.length}`,
    met: after.temporary.length <= before.temporary.length,
  },
  {
    aim: `memory ≤ ${GROWTH * 100} % above that after warm-up`,
    seen: `${mebibytes(before.bytes)} → ${mebibytes(after.bytes)}, ${(100 * growth).toFixed(1)} % (${allocator})`,
    met: growth <= GROWTH,
  },
  {
    aim: `/healthz p99 < ${SLOWEST} ms`,
    seen: `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms of ${answers.length} (a sleeping process woke up to ${machine.toFixed(0)} ms late)`,
    met: p99 < SLOWEST,
  },
  {
    aim: 'no INTERNAL',
    seen: `${internal} to viewers, ${saidInternal} in the terminal`,
    met: internal + saidInternal === 0,
  },
  {
    aim: 'results on a full disk whole, or refused and none left',
    seen: [...new Set(refused)].join('; ') || (withoutDisk ?? 'not tried'),
    met: refused.every((one) =>
      /^(1, error OUTPUT_NOT_WRITABLE, 0 files left|0, no error, 3 files left)$/.test(one),
    ),
  },
];
const counts = (map: ReadonlyMap<unknown, number>) =>
  [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([key, count]) => `${String(key)} ${count}`)
    .join(', ') || 'none';
console.log(
  [
    `Chaos: ${minutes} minutes, load ${load.toFixed(1)}`,
    `viewers: ${counts(new Map(Object.entries(tally.visits)))}; ${tally.frames} frames; decoders killed ${disturbed.killed}, files spoilt ${disturbed.files}, disk filled ${disturbed.fills} times`,
    `errors: ${counts(tally.errors)}`,
    ...[...new Set(tally.internal)].map((message) => `INTERNAL: ${message}`),
    `close codes: ${counts(tally.closes)}`,
    '',
    ...aims.map(({ aim, seen, met }) => `${met ? 'met   ' : 'MISSED'}  ${aim}: ${seen}`),
  ].join('\n'),
);
if (ended || saidInternal > 0) console.log(`\nWhat the server said last:\n${said.slice(-4000)}`);
process.exitCode = aims.every(({ met }) => met) ? 0 : 1;
