import { ClockColumn } from '../log/clock.ts';
import { withoutSpaces } from '../log/csv-rows.ts';
import type { TextCells } from '../log/text-column.ts';

/** Endings of picture files that are read. */
export const PICTURE_NAME = /\.(jpe?g|png|webp)$/i;

/** Seconds, microseconds and what lies between, as a name has them: `1479424439130861.jpg`. */
const EPOCH = /(?<!\d)(\d{10})(?:[._-]?(\d{3}|\d{6}|\d{9}))?(?=\.\w+$)/;

const SLASH = '/'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);

/** The last part of a path of any system. */
export function baseName(path: string): string {
  let begin = path.length;
  for (; begin > 0; begin--) {
    const before = path.charCodeAt(begin - 1);
    if (before === SLASH || before === BACKSLASH) break;
  }
  return withoutSpaces(path.slice(begin));
}

/**
 * Seconds since the first picture, told by dates or counts since 1970 in the names of pictures;
 * null where not all of them have one.
 */
export function timesInNames(names: TextCells): Float64Array | null {
  return timesOf(names, true) ?? timesOf(names, false);
}

function timesOf(names: TextCells, isDate: boolean): Float64Array | null {
  const clock = new ClockColumn(isDate);
  for (let i = 0; i < names.length; i++) {
    const cell = isDate ? names.at(i)! : epochIn(names.at(i)!);
    if (cell === null || !clock.push(cell)) return null;
  }
  const values = clock.values();
  return clock.isFromFirst ? values : null;
}

function epochIn(name: string): string | null {
  const match = EPOCH.exec(name);
  return match && `${match[1]}.${match[2] ?? '0'}`;
}
