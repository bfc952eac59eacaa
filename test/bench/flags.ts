import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CAUSE_DEGREES, DEFAULT_FLAG_SETTINGS, type FlagSettings } from '../../shared/flags.ts';
import { checkedFlags } from './flag-checks.ts';
import { allDrawn } from './flag-drawing.ts';
import { benchDrives, drawing, piecesOf, type BenchDrive, type DriveSet } from './flag-drives.ts';
import { evidenceOf, methods } from './flag-evidence.ts';
import { judge } from './flag-judgement.ts';
import { kinds } from './flag-kinds.ts';
import { benchNetwork, networkNames, type NetworkName } from './flag-networks.ts';
import { causeRow, evidenceFor, flagRow, intervalCauses, measureRow } from './flag-rows.ts';
import { judgedMeasures } from './flag-series.ts';
import { causesTable, checksTable, flagsTable, heading, measuresTable } from './flag-tables.ts';
import { tune } from './flag-tuning.ts';

/**
 * `npm run bench:flags [-- --pieces N --sets before,styles,bales,tuning --json FILE]`: flags
 * against what moves the wheel. Each drive is drawn as the networks see it, and again without each
 * kind of thing off the road. Settings are chosen for each method on the tuning drives; without
 * them, the product's defaults are judged alone. Draws what is missing first: about fifteen frames
 * a second on each free core.
 */
const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    pieces: { type: 'string', default: String(drawing.seconds / drawing.pieceSeconds) },
    sets: { type: 'string', default: 'before,styles,bales,tuning' },
    checks: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const pieces = Math.min(Number(options.pieces), drawing.seconds / drawing.pieceSeconds);
const seconds = pieces * drawing.pieceSeconds;
const sets = options.sets.split(',') as DriveSet[];
const tell = (line: string) => process.stderr.write(`${line}\n`);

/** The network of a shortcut is judged where its cue stands. */
const judgedOn: Readonly<Record<DriveSet, NetworkName>> = {
  before: 'boards',
  styles: 'boards',
  bales: 'bales',
  tuning: 'boards',
};

const networks = await Promise.all(networkNames.map(benchNetwork));
const drives = await allDrawn(
  piecesOf(
    sets.flatMap((set) => benchDrives[set]),
    pieces,
  ),
  tell,
);
const isOf = (set: DriveSet, { seed }: BenchDrive) =>
  benchDrives[set].some((each) => each.seed === seed);
const all = await evidenceOf(
  drives,
  networks,
  (drive, network) =>
    network === 'honest' || sets.some((set) => isOf(set, drive) && judgedOn[set] === network),
);
const evidence = (set: DriveSet) => all.filter(({ drive }) => isOf(set, drive));

const judged = sets.filter((set) => set !== 'tuning');
const unseen = judged.flatMap(evidence);
const honest = evidenceFor(unseen, 'honest');

const causes = networkNames.map((name) => ({
  network: name,
  rows: [...kinds, 'all' as const, 'any' as const].map((left) =>
    causeRow(evidenceFor(unseen, name), left),
  ),
  intervals: Object.fromEntries(intervalCauses(evidenceFor(unseen, name))),
}));
console.log(heading(sets, seconds));
console.log(causesTable(causes));

const tuned = new Map<string, FlagSettings>(
  sets.includes('tuning')
    ? methods.map((method) => [
        method,
        tune(
          evidence('tuning').map(({ drive, of }) => ({
            honest: of.honest!.series[method]!.columns,
            shortcut:
              drive.style === 'misleading'
                ? { columns: of.boards!.series[method]!.columns, truth: of.boards!.truth }
                : null,
          })),
          (benchDrives.tuning.length * seconds) / 60,
        ).settings,
      ])
    : [],
);

const byPull = { ...DEFAULT_FLAG_SETTINGS, pullAbove: CAUSE_DEGREES };
const results = judged.map((set) => {
  const network = judgedOn[set];
  const of = evidenceFor(evidence(set), network);
  return {
    set,
    network,
    frames: of.reduce((sum, { drive }) => sum + drive.frames, 0),
    trueFrames: of.flatMap(({ truth }) => truth.frames).filter(Boolean).length,
    measures: judgedMeasures.flatMap(({ id }) =>
      methods.map((method) => measureRow(of, honest, id, method)),
    ),
    defaults: [
      ...methods.map((method) => flagRow(of, honest, method, DEFAULT_FLAG_SETTINGS)),
      ...methods.map((method) => flagRow(of, honest, method, byPull, 'pull')),
    ],
    tuned: [...tuned].map(([method, settings]) => flagRow(of, honest, method, settings)),
  };
});
for (const result of results) {
  console.log(measuresTable(result));
  console.log(flagsTable('default settings of the product', result.defaults));
  if (result.tuned.length > 0)
    console.log(flagsTable('settings chosen on the tuning drives', result.tuned));
}

const checked = [];
for (const set of options.checks ? judged : []) {
  const checks = [];
  for (const each of evidenceFor(evidence(set), judgedOn[set]))
    checks.push({
      truth: each.truth,
      ...(await checkedFlags(each, methods[0], DEFAULT_FLAG_SETTINGS)),
    });
  checked.push({
    set,
    whole: judge(checks.map(({ truth, whole }) => ({ truth, flags: whole }))),
    parts: judge(checks.map(({ truth, parts }) => ({ truth, flags: parts }))),
  });
}
if (checked.length > 0) console.log(checksTable(methods[0], checked));
if (options.json !== undefined)
  await writeFile(
    options.json,
    `${JSON.stringify({ seconds, sets, benchDrives, causes, results, checked }, null, 2)}\n`,
  );
