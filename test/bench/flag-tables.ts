import { CAUSE_DEGREES } from '../../shared/flags.ts';
import { benchDrives, drawing, nameOf, type DriveSet } from './flag-drives.ts';
import type { Judgement } from './flag-judgement.ts';
import type { Alarms, CauseRow, FlagRow, MeasureRow, Spread } from './flag-rows.ts';
import { table } from './measure.ts';

const percent = (part: number) => (Number.isFinite(part) ? `${(100 * part).toFixed(0)} %` : '-');
const ofAll = (some: number, all: number) => `${some} of ${all}`;
const alarmsOf = (alarms: Alarms | null) =>
  alarms ? `${alarms.aMinute.toFixed(2)} / ${alarms.withoutCause.toFixed(2)}` : '-';
const spreadOf = ({ value, low, high }: Spread) =>
  `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;

export const heading = (sets: readonly DriveSet[], seconds: number): string =>
  `Flags of attention off the road, against what moves the wheel

A frame is true where the network steers more than ${CAUSE_DEGREES}° (at the wheel) otherwise when the same
frame is drawn without one kind of thing off the road, or without all of them.
${sets.map((set) => `${set}: ${benchDrives[set].map(nameOf).join(' ')}`).join('\n')}
Of each drive ${seconds * drawing.fps} frames in ${seconds} s. In brackets: the middle 90 % over drives drawn again.
`;

export interface NetworkCauses {
  readonly network: string;
  readonly rows: readonly CauseRow[];
  readonly intervals: Readonly<Record<string, number>>;
}

export function causesTable(networks: readonly NetworkCauses[]): string {
  const lines = networks[0]!.rows.map(({ left, seen }, row) => [
    left,
    percent(seen),
    ...networks.flatMap(({ rows }) => [
      Number.isNaN(rows[row]!.degrees) ? '-' : `${rows[row]!.degrees.toFixed(2)}°`,
      percent(rows[row]!.trueFrames),
    ]),
  ]);
  const intervals = networks.map(
    ({ network, intervals: counted }) =>
      `${network}: ${Object.entries(counted)
        .sort(([, a], [, b]) => b - a)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', ')}`,
  );
  return `What moves each network, on all drives: mean change where it is seen, and frames above ${CAUSE_DEGREES}°
${table([['without', 'seen', ...networks.flatMap(({ network }) => [network, 'frames'])], ...lines])}
Strongest kind of each truth interval (together: no kind by itself moves it so far on average)
${intervals.join('\n')}
`;
}

export interface SetResult {
  readonly set: DriveSet;
  readonly network: string;
  readonly frames: number;
  readonly trueFrames: number;
  readonly measures: readonly MeasureRow[];
}

export const measuresTable = ({
  set,
  network,
  frames,
  trueFrames,
  measures,
}: SetResult): string => `Drives "${set}", network ${network}: ${percent(trueFrames / frames)} of ${frames} frames are true
${table([
  [
    'measure',
    'method',
    'AUC',
    'recall at 0.9',
    'intervals at 0.9',
    'flags',
    'honest/min, without cause',
  ],
  ...measures.map(({ measure, method, areaUnderCurve, recallAtPrecision, best, honest }) => [
    measure,
    method,
    spreadOf(areaUnderCurve),
    spreadOf(recallAtPrecision),
    best ? ofAll(best.found, best.intervals) : 'none',
    best ? ofAll(best.rightFlags, best.flags) : '-',
    alarmsOf(honest),
  ]),
])}`;

const judged = ({ precision, recall, found, intervals, trueFlags, flags }: Judgement) => [
  percent(precision),
  percent(recall),
  ofAll(found, intervals),
  ofAll(trueFlags, flags),
];
const columns = ['precision', 'recall', 'intervals found', 'flags with a cause'];

export const flagsTable = (title: string, rows: readonly FlagRow[]): string =>
  `Flags, ${title}
${table([
  ['method', 'settings', ...columns, 'honest/min, without cause'],
  ...rows.map(({ method, by, settings, judgement, honest }) => [
    method,
    `${
      by === 'pull'
        ? `pull ${settings.pullAbove}°`
        : `${settings.measure} ${settings.enterBelow} ${settings.leaveAbove}`
    } ${settings.minimumSeconds} ${settings.mergeSeconds}`,
    ...judged(judgement),
    alarmsOf(honest),
  ]),
])}`;

export const checksTable = (
  method: string,
  sets: readonly { set: DriveSet; whole: Judgement; parts: Judgement }[],
): string =>
  `Flags of ${method} that the causal check confirms
${table([
  ['drives', '', ...columns],
  ...sets.flatMap(({ set, whole, parts }) => [
    [set, 'flags', ...judged(whole)],
    [set, 'half seconds', ...judged(parts)],
  ]),
])}`;
