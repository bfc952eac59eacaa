import type { Measure, MeasureOf, MeasureUnit } from './measure.ts';
import { MEASURES } from './measures.ts';

const KINDS: Readonly<Record<MeasureOf, string>> = {
  frame: 'frame',
  method: 'method',
  pair: 'first two methods',
};

const UNITS: Readonly<Record<MeasureUnit, string>> = {
  steering: "the output's unit",
  share: 'share',
  ratio: 'ratio',
  correlation: 'correlation',
  'm/s': 'm/s',
  frame: "part of the mask's side",
  count: 'count',
  flag: '0 or 1',
};

/** The columns of frames.csv and what they say, as a Markdown table. */
export function measureTable(measures: readonly Measure[] = MEASURES): string {
  const rows = measures
    .filter(({ csv }) => csv !== null)
    .map((measure) => [
      `\`${measure.csv}\`${measure.isAnswer ? ' or `answer`' : ''}`,
      KINDS[measure.of],
      measure.meaning,
      [UNITS[measure.unit], ...rangeOf(measure)].join(', '),
      measure.unknown,
    ]);
  return markdownTable([
    ['column', 'one per', 'meaning', 'unit', 'empty where'],
    ['`frame`', 'frame', 'counts from 0', 'count', 'never'],
    ['`pts`', 'frame', 'presentation timestamp, exactly as the file has it', 's', 'never'],
    ...rows,
  ]);
}

function rangeOf({ range: [least, most], unit }: Measure): string[] {
  if (unit === 'flag' || (least === null && most === null)) return [];
  if (least === null) return [`at most ${signed(most!)}`];
  return [most === null ? `from ${signed(least)}` : `${signed(least)} to ${signed(most)}`];
}

function signed(value: number): string {
  return String(value).replace('-', '−');
}

/** As Prettier lays it out; the first row is the head. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [head, ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column]!))),
  );
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}
