import type { Mutant } from './mutants.ts';

/** A change that no test could notice, because nobody could: it is not drawn. */
export interface Meaningless {
  readonly file: string;
  /** The line in which the change begins, as it is written. */
  readonly line: string;
  /** What is replaced, where the line has more than one place for the replacement. */
  readonly original?: string;
  readonly replacement: string;
  readonly why: string;
}

export const MEANINGLESS: readonly Meaningless[] = [
  {
    file: 'server/analysis/offset-proposal.ts',
    line: 'const TRIED_BY = 8000;',
    replacement: '16000',
    why: 'It costs time: the offsets near the best one are tried by all steps.',
  },
  {
    file: 'server/attention/off-road-region.ts',
    line: 'if (value < edge || blob[pixel]) return;',
    original: 'value < edge || blob[pixel]',
    replacement: 'false',
    why: 'The flood enters no pixel there, and a place without pixels is never the heaviest.',
  },
  {
    file: 'server/drive/log/clock.ts',
    line: "if (text !== '' && cell.startsWith(text)) {",
    replacement: "text === ''",
    why: 'It spares reading a whole name for pictures of one second; what is read is the same.',
  },
  {
    file: 'server/drive/log/csv-rows.ts',
    line: "if (rest !== '' && !takeLine(rest)) await goOnQuoted(rest);",
    replacement: "rest !== '' || !takeLine(rest)",
    why: 'The last line is then read as one with quotes is, which gives the same cells.',
  },
  {
    file: 'server/explain/iterative/color-model.ts',
    line: 'if (chosen === -1) chosen = nearest.findLastIndex((value) => value > 0);',
    replacement: 'value >= 0',
    why: 'Only where sums round is nothing chosen; then any member of the last ones will do.',
  },
  {
    file: 'server/results/overlay-picture.ts',
    line: 'for (let x = 0; x < line.width * text; x++) {',
    replacement: 'x <= line.width * text',
    why: 'What follows a row of small print is the first column of the next, which has no ink.',
  },
  {
    file: 'server/video/decoding.ts',
    line: 'if (beginning !== beginnings.at(-1) && (!first || first.pts > from + SAME_TIME)) {',
    replacement: 'first.pts >= from + SAME_TIME',
    why: 'SAME_TIME is far below a tick of any clock: no frame comes exactly so late.',
  },
];

export function isMeaningless(mutant: Mutant): boolean {
  return MEANINGLESS.some(
    ({ file, line, original, replacement }) =>
      file === mutant.file &&
      line === mutant.text &&
      replacement === mutant.replacement &&
      (original === undefined || original === mutant.original),
  );
}
