import { stat } from 'node:fs/promises';
import type { Beside } from '../../files/beside.ts';

/** The log that lies beside a recording at `path`, CSV before Parquet; null where there is none. */
export async function logBeside(
  path: string,
  { log, parquetLog }: Pick<Beside, 'log' | 'parquetLog'>,
): Promise<string | null> {
  for (const file of [log, parquetLog])
    if (file !== path && (await stat(file).catch(() => null))) return file;
  return null;
}
