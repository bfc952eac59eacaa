import { basename } from 'node:path';
import { readFirstLines } from './csv-columns.ts';
import { parquetColumnNames } from './parquet/read-parquet.ts';
import { planLog, type LogPlan } from './plan.ts';
import { readTextHead } from './text.ts';

/** What the columns of a CSV log mean, from its first lines; null where that is not known. */
export async function planOfLog(path: string): Promise<LogPlan | null> {
  try {
    const lines = readFirstLines((await readTextHead(path)).text);
    return lines.first.length === 0 ? null : planLog(lines, basename(path), {}, false);
  } catch {
    return null;
  }
}

/** Names of what a log holds beside its clock, CSV or Parquet. Never throws. */
export async function signalsOfLog(path: string): Promise<string[]> {
  const plan = path.endsWith('.parquet') ? await planOfParquet(path) : await planOfLog(path);
  return plan?.columns.flatMap(({ label }, index) => (index === plan.time ? [] : [label])) ?? [];
}

async function planOfParquet(path: string): Promise<LogPlan | null> {
  const first = await parquetColumnNames(path).catch(() => []);
  try {
    return planLog({ first, second: null, comment: null }, basename(path), {}, false);
  } catch {
    return null;
  }
}
