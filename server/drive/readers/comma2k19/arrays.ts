import { join } from 'node:path';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { readNpyNumbers, type NpyNumbers } from '../../../files/npy.ts';
import { isNotRead, readInside } from '../../../files/read-inside.ts';

const MOST_BYTES = 256 << 20;

/**
 * An array of a segment by its name below it, such as `CAN/speed/t`. A text says why there is none,
 * and goes on from the name.
 */
export async function readArray(folder: string, name: string): Promise<NpyNumbers | string> {
  const bytes = await readInside(folder, name, MOST_BYTES);
  if (isNotRead(bytes)) return bytes.reason;
  try {
    return readNpyNumbers(bytes, '');
  } catch (error) {
    if (error instanceof RoadgazeError) return error.message.trim().replace(/\.$/, '');
    throw error;
  }
}

/** Paths of the files of an array by whose change it changes. */
export function arrayPaths(folder: string, names: readonly string[]): string[] {
  return names.map((name) => join(folder, ...name.split('/')));
}

/** Column `index` of an array whose rows lie one behind the other. */
export function columnOf({ dims, values }: NpyNumbers, index: number): Float64Array {
  const width = columnsOf(dims);
  if (width === 1) return values;
  return Float64Array.from({ length: dims[0] ?? 0 }, (_, row) => values[row * width + index]!);
}

/** How many numbers a row has. */
export function columnsOf(dims: readonly number[]): number {
  return dims.slice(1).reduce((product, dim) => product * dim, 1);
}
