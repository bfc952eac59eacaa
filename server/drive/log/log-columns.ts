import { readCsvColumns } from './csv-columns.ts';
import { readParquetColumns } from './parquet/parquet-columns.ts';

/** Reads a log as columns, Parquet by its ending, else CSV. Throws what either throws. */
export const readLogColumns: typeof readCsvColumns = (path, planOf) =>
  (path.endsWith('.parquet') ? readParquetColumns : readCsvColumns)(path, planOf);
