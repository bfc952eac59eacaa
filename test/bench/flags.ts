import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CAUSE_DEGREES, DEFAULT_FLAG_SETTINGS, type FlagSettings } from '../../shared/flags.ts';
import { checkedFlags } from './flag-checks.ts';
import { drawing, hasCues, heldOutDrives, tuningDrives, type BenchDrive } from './flag-drives.ts';
import { evidenceOf, methods, type Evidence, type RoadKind } from './flag-evidence.ts';
import { judge, type Judgement } from './flag-judgement.ts';
import { minutesOf, rowOf, type Row } from './flag-rows.ts';
import { tune } from './flag-tuning.ts';
import { table } from './measure.ts';

/**
 * `npm run bench:flags [-- --json FILE]`: flags against causal truth. Settings are chosen for each
 * method on the tuning drives; the held-out drives are judged with these and with the product's
 * defaults. Draws what is missing first: 8100 frames, six a second on two free cores.
 */
const { values: options } = parseArgs({ options: { json: { type: 'string' } } });

async function allOf(drives: readonly BenchDrive[], road: RoadKind): Promise<Evidence[]> {
  const evidence: Evidence[] = [];
  for (const drive of drives)
    evidence.push(await evidenceOf(drive, road, (line) => process.stderr.write(`${line}\n`)));
  return evidence;
}

const [tuning, held, heldByNetwork] = [
  await allOf(tuningDrives, 'truth'),
  await allOf(heldOutDrives, 'truth'),
  await allOf(heldOutDrives, 'model'),
];
const settings = new Map(
  methods.map((method) => [
    method,
    tune(
      tuning.map(({ drive, honest, shortcut }) => ({
        honest: honest.series[method]!,
        shortcut: hasCues(drive)
          ? { columns: shortcut.series[method]!, truth: shortcut.truth }
          : null,
      })),
      minutesOf(tuning),
    ).settings,
  ]),
);
const rows = (
  evidence: readonly Evidence[],
  of: (method: (typeof methods)[number]) => FlagSettings,
) => methods.map((method) => rowOf(evidence, method, of(method)));
const chosen = (method: (typeof methods)[number]) => settings.get(method)!;
const results = {
  tuning: rows(tuning, chosen),
  heldOut: rows(held, chosen),
  heldOutRoadNetwork: rows(heldByNetwork, chosen),
  heldOutDefaults: rows(held, () => DEFAULT_FLAG_SETTINGS),
};

const misleading = held.filter(({ drive }) => drive.style === 'misleading');
const checks = [];
for (const each of misleading)
  checks.push({
    truth: each.shortcut.truth,
    ...(await checkedFlags(each, methods[0], chosen(methods[0]))),
  });
const checked = {
  whole: judge(checks.map(({ truth, whole }) => ({ truth, flags: whole }))),
  parts: judge(checks.map(({ truth, parts }) => ({ truth, flags: parts }))),
};

const percent = (part: number) => (Number.isFinite(part) ? `${(100 * part).toFixed(0)} %` : '-');
const seedsOf = (drives: readonly BenchDrive[]) =>
  drives
    .map(({ style, seed }, index) =>
      drives[index - 1]?.style === style
        ? `${seed}`
        : `${index ? '\n            ' : ''}${style} ${seed}`,
    )
    .join(' ')
    .replaceAll(' \n', '\n');
const judged = ({ precision, recall, found, intervals, intervalRecall }: Judgement) => [
  percent(precision),
  percent(recall),
  `${found} of ${intervals}: ${percent(intervalRecall)}`,
];
const heading = ['', 'precision', 'recall', 'intervals found'];

function print(title: string, evidence: readonly Evidence[], of: readonly Row[]): void {
  const truth = evidence
    .filter(({ drive }) => drive.style === 'misleading')
    .flatMap(({ shortcut }) => shortcut.truth.frames);
  const line = (row: Row) => [
    row.method,
    ...judged(row.misleading),
    row.areaUnderCurve.toFixed(2),
    `${row.honestMisleading.toFixed(2)} / ${row.honestOthers.toFixed(2)}`,
  ];
  const all = [
    '(every frame)',
    percent(truth.filter(Boolean).length / truth.length),
    percent(1),
    percent(1),
    '0.50',
    '',
  ];
  console.log(
    `\n${title}\n${table([[...heading, 'AUC', 'honest/min'], ...of.map(line), all]).trimEnd()}`,
  );
}

const boards = misleading.flatMap((each) => each.boards);
const seen = boards.filter(Boolean).length / boards.length;
console.log(`Flags of attention off the road, against what moves the wheel

A frame is true where the shortcut network steers more than ${CAUSE_DEGREES}° (at the wheel)
otherwise when the same frame is drawn without the boards.
Tuned on:   ${seedsOf(tuningDrives)}
Held out:   ${seedsOf(heldOutDrives)}
Each drive has ${drawing.seconds * drawing.fps} frames in ${drawing.seconds} s. Judged on style misleading; of its ${boards.length}
held-out frames ${percent(seen)} show a board. honest/min: flags a minute of the honest
network, on the same drives / on drives without boards.

Settings chosen on the tuning drives
${table([
  ['', 'measure', 'enter below', 'leave above', 'least s', 'merge s'],
  ...results.heldOut.map(
    ({ method, settings: { measure, enterBelow, leaveAbove, minimumSeconds, mergeSeconds } }) => [
      method,
      measure,
      `${enterBelow}`,
      `${leaveAbove}`,
      `${minimumSeconds}`,
      `${mergeSeconds}`,
    ],
  ),
])}`);
print('Tuning drives', tuning, results.tuning);
print('Held-out drives', held, results.heldOut);
print('Held-out drives, road found by the road network', heldByNetwork, results.heldOutRoadNetwork);
print('Held-out drives, default settings of the product', held, results.heldOutDefaults);
console.log(
  `\nHeld-out drives, flags of ${methods[0]} that the causal check confirms\n${table([
    heading,
    ['confirmed flags', ...judged(checked.whole)],
    ['confirmed half seconds', ...judged(checked.parts)],
  ])}`,
);
console.log(
  `\nHeld-out drives: what the mistakes are\n${table([
    ['', 'flags with a cause', 'false alarms: board seen', `misses: below ${2 * CAUSE_DEGREES}°`],
    ...results.heldOut.map((row) => [
      row.method,
      `${row.misleading.trueFlags} of ${row.misleading.flags}`,
      percent(row.boardInFalseAlarms),
      percent(row.smallInMisses),
    ]),
  ])}`,
);
console.log(
  `\nHeld-out drive of style shortcut: road hidden, boards tell the turn\n${table([heading, ...results.heldOut.map((row) => [row.method, ...judged(row.shortcut)])])}`,
);
if (options.json !== undefined)
  await writeFile(
    options.json,
    `${JSON.stringify({ causeDegrees: CAUSE_DEGREES, drawing, tuningDrives, heldOutDrives, ...results, checked }, null, 2)}\n`,
  );
