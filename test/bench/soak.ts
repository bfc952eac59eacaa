import { writeFile } from 'node:fs/promises';
import { platform } from 'node:process';
import { parseArgs } from 'node:util';
import { reportSoak } from './soak-report.ts';
import { runSoak } from './soak-run.ts';

/**
 * `npm run bench:soak [-- --minutes 30] [--json FILE]`: live feeds whose sources are killed and
 * started again every minute, over a network that loses and damages what it carries. Ends with
 * status 1 where an aim is missed.
 */
const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, json: { type: 'string' } },
});
const minutes = Number(options.minutes);
if (platform !== 'linux' || !(minutes >= 1)) {
  console.error(
    platform === 'linux'
      ? '--minutes takes a number, 1 or more.'
      : 'The soak counts processes and descriptors in /proc, which is there on Linux only.',
  );
  process.exit(2);
}
const result = await runSoak({
  seconds: minutes * 60,
  roundSeconds: 60,
  gone: [1, 6],
  progress: (line) => process.stderr.write(`${line}\n`),
});
const { text, aims, summary } = reportSoak(result);
console.log(text);
if (options.json)
  await writeFile(
    options.json,
    `${JSON.stringify({ ...summary, aims, rounds: result.rounds, samples: result.samples }, null, 1)}\n`,
  );
process.exitCode = aims.some(({ met }) => met === false) ? 1 : 0;
