import { ClockColumn } from '../log/clock.ts';

/** Endings of picture files that are read. */
export const PICTURE_NAME = /\.(jpe?g|png|webp)$/i;

/** Seconds, microseconds and what lies between, as a name has them: `1479424439130861.jpg`. */
const EPOCH = /(?<!\d)(\d{10})(?:[._-]?(\d{3}|\d{6}|\d{9}))?(?=\.\w+$)/;

/** The last part of a path of any system. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).trim();
}

/**
 * Seconds since the first picture, told by dates or counts since 1970 in the names of pictures;
 * null where not all of them have one.
 */
export function timesInNames(names: readonly string[]): Float64Array | null {
  return timesOf(names, true) ?? timesOf(names.map(epochIn), false);
}

function timesOf(cells: readonly (string | null)[], isName: boolean): Float64Array | null {
  const clock = new ClockColumn(isName);
  for (const cell of cells) if (cell === null || !clock.push(cell)) return null;
  const values = clock.values();
  return clock.isFromFirst ? values : null;
}

function epochIn(name: string): string | null {
  const match = EPOCH.exec(name);
  return match && `${match[1]}.${match[2] ?? '0'}`;
}
