import { harmless } from '../../shared/harmless.ts';
import type { MapScore, TrustCard } from '../evaluation/trust-card.ts';
import { wrap } from './terminal.ts';

const VERDICTS = { beats: 'yes', unclear: 'unclear', fails: 'NO' } as const;
/** Characters of a name; with all columns that makes 80. */
const LONGEST_NAME = 18;

interface Column {
  readonly head: string;
  readonly of: (map: MapScore) => string;
}

const COLUMNS: readonly Column[] = [
  { head: 'map', of: ({ name }) => shortened(name) },
  { head: 'faithful', of: ({ faithful }) => faithful.toFixed(2) },
  { head: 'beats', of: ({ verdict }) => (verdict ? VERDICTS[verdict] : '') },
  {
    head: 'random',
    of: ({ randomisation: found }) =>
      found ? `${found.passed ? '' : '!'}${found.similarity.at(-1)!.toFixed(2)}` : '',
  },
  { head: 'shift', of: ({ shift }) => orNone(shift.salient) },
  { head: 'area', of: ({ shift }) => shift.area.toFixed(2) },
  { head: 'road', of: ({ mass }) => orNone(mass) },
  { head: 'shaky', of: ({ sensitivity }) => orNone(sensitivity) },
  { head: 'cost', of: ({ cost }) => (cost === null ? '' : `×${short(cost)}`) },
];

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function orNone(value: number | null): string {
  return value === null ? '' : value.toFixed(2);
}

/** The card for a terminal of at least 80 columns; warnings first. */
export function cardTable(card: TrustCard, width = 80): string {
  const rows = [COLUMNS.map(({ head }) => head), ...card.maps.map(cellsOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  const firstNull = card.maps.findIndex(({ isNull }) => isNull);
  const frames = card.drives.reduce((sum, drive) => sum + drive.frames.length, 0);
  return [
    ...wrap(
      `${harmless(card.network.name)}: ${frames} frames of ${card.drives.map(({ name }) => harmless(name)).join(', ')}`,
      width,
      '  ',
    ),
    ...card.warnings.flatMap((warning) => wrap(`  warning: ${warning}`, width, '    ')),
    '',
    ...lines.slice(0, firstNull + 1),
    '-'.repeat(Math.max(...lines.map(({ length }) => length))),
    ...lines.slice(firstNull + 1),
  ].join('\n');
}

function cellsOf(map: MapScore): readonly string[] {
  return COLUMNS.map(({ of }) => of(map));
}
