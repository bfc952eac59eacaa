import { stripVTControlCharacters } from 'node:util';
import type { ErrorReport } from '../../shared/errors.ts';
import { harmless } from '../../shared/harmless.ts';

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
}

/** Columns of a terminal; 80 where the output is none. */
export function widthOf(output: Output): number {
  return output.columns || 80;
}

/**
 * `error CODE: sentence` and `  → hint`, wrapped for a terminal; one line each where the output is
 * a file or a pipe.
 */
export function formatError(report: ErrorReport, output: Output): string {
  const label =
    output.isTTY && output.hasColors?.()
      ? `\u001b[31merror ${report.code}:\u001b[39m`
      : `error ${report.code}:`;
  return [
    inWidth(`${label} ${harmless(report.message)}`, output, '  '),
    fitted(`  → ${report.hint}`, output, '    '),
  ].join('\n');
}

/**
 * A line without anything that could steer a terminal, wrapped to its width, further lines with
 * `indent`; in one piece where the output is a file or a pipe.
 */
export function fitted(line: string, output: Output, indent: string): string {
  return inWidth(harmless(line), output, indent);
}

function inWidth(line: string, output: Output, indent: string): string {
  return wrap(line, output.isTTY ? widthOf(output) : Infinity, indent).join('\n');
}

/** Lines of at most `width` columns where words allow it; all but the first start with `indent`. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) /)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && stripVTControlCharacters(longer).length > width) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}
