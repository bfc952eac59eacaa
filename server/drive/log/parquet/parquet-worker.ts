import { parentPort, workerData } from 'node:worker_threads';
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type Compressors,
  type ParquetParsers,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { PARQUET_RATIO } from '../written-ratio.ts';
import type { ParquetColumn, ParquetReply, ParquetRequest, ParquetTable } from './parquet-table.ts';

const MOST_BYTES = 2 ** 30;
const MOST_ROWS = 20_000_000;
/** Pages are about a megabyte where nobody wants to harm. */
const MOST_PAGE_BYTES = 2 ** 28;
const LONGEST_LIST = 4096;
const NANOSECONDS = 1e9;

/** Whole nanoseconds since 1970, which no number can hold. */
class Instant {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (time) => new Instant(BigInt(time) * 1_000_000n),
  timestampFromMicroseconds: (time) => new Instant(BigInt(time) * 1000n),
  timestampFromNanoseconds: (time) => new Instant(BigInt(time)),
  dateFromDays: (days) => new Instant(BigInt(days) * 86_400_000_000_000n),
};

/** Refuses pages that say they become much larger. */
const BOUNDED = Object.fromEntries(
  Object.entries(compressors).map(([codec, unpack]) => [
    codec,
    (input: Uint8Array, length: number) => {
      if (length > MOST_PAGE_BYTES) throw new RangeError('a page of it is too large');
      return unpack(input, length);
    },
  ]),
) as Compressors;

async function read({
  path,
  columns,
  rowStart = 0,
  rowEnd,
}: ParquetRequest): Promise<ParquetTable> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const end = Math.min(rowEnd ?? Infinity, Number(metadata.num_rows));
  const rows = Math.max(0, end - rowStart);
  if (rows > MOST_ROWS) throw new RangeError('it has too many rows');
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const wanted = columns ? names.filter((name) => columns.includes(name)) : names;
  const size = metadata.row_groups
    .flatMap((group) => group.columns)
    .filter(({ meta_data }) => wanted.includes(meta_data?.path_in_schema[0] ?? ''))
    .reduce((sum, { meta_data }) => sum + Number(meta_data!.total_uncompressed_size), 0);
  if (size > MOST_BYTES) throw new RangeError('it becomes larger than 1 GiB');
  const found = new Map<string, ParquetColumn>();
  for (const name of wanted) {
    const gathering = new Gathering(rows);
    await parquetRead({
      file,
      metadata,
      columns: [name],
      rowStart,
      rowEnd: end,
      compressors: BOUNDED,
      parsers: PARSERS,
      onChunk: ({ columnData, rowStart: first }) => {
        for (let i = 0; i < columnData.length; i++) {
          const row = first + i - rowStart;
          if (row >= 0 && row < rows) gathering.take(row, columnData[i]);
        }
      },
    });
    const column = gathering.column();
    if (column) found.set(name, column);
  }
  const ratio = metadata.key_value_metadata?.find(({ key }) => key === PARQUET_RATIO)?.value;
  return { rows, ratio: ratio ?? null, names, columns: found };
}

/** Values of one column, whatever they turn out to be. */
class Gathering {
  readonly #rows: number;
  readonly #numbers: Float64Array;
  readonly #elements: Float64Array[] = [];
  #texts: string[] | null = null;
  #first: bigint | null = null;
  #kind: ParquetColumn['kind'] | 'other' | null = null;

  constructor(rows: number) {
    this.#rows = rows;
    this.#numbers = new Float64Array(rows).fill(NaN);
  }

  take(row: number, value: unknown): void {
    if (value === null || value === undefined || this.#kind === 'other') return;
    const kind = kindOf(value);
    if (this.#kind !== null && this.#kind !== kind) this.#kind = 'other';
    else this.#kind = kind;
    if (kind === 'numbers') this.#numbers[row] = Number(value);
    else if (kind === 'instants') this.#takeInstant(row, value as Instant);
    else if (kind === 'texts')
      (this.#texts ??= new Array<string>(this.#rows).fill(''))[row] = value as string;
    else if (kind === 'vectors') this.#takeVector(row, value as ArrayLike<unknown>);
  }

  column(): ParquetColumn | null {
    switch (this.#kind) {
      case 'numbers':
      case null:
        return { kind: 'numbers', values: this.#numbers };
      case 'instants':
        return { kind: 'instants', first: this.#first!, values: this.#numbers };
      case 'texts':
        return { kind: 'texts', values: this.#texts! };
      case 'vectors':
        return { kind: 'vectors', elements: this.#elements };
      default:
        return null;
    }
  }

  #takeInstant(row: number, { nanoseconds }: Instant): void {
    this.#first ??= nanoseconds;
    this.#numbers[row] = Number(nanoseconds - this.#first) / NANOSECONDS;
  }

  #takeVector(row: number, values: ArrayLike<unknown>): void {
    if (values.length > LONGEST_LIST) return void (this.#kind = 'other');
    for (let i = 0; i < values.length; i++) {
      const element = (this.#elements[i] ??= new Float64Array(this.#rows).fill(NaN));
      const value = values[i];
      if (value !== null && value !== undefined) element[row] = Number(value);
    }
  }
}

function kindOf(value: unknown): ParquetColumn['kind'] | 'other' {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return 'numbers';
  if (typeof value === 'string') return 'texts';
  if (value instanceof Instant) return 'instants';
  const isList =
    Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  if (!isList) return 'other';
  const first = (value as unknown[])[0];
  return first === undefined || first === null || kindOf(first) === 'numbers' ? 'vectors' : 'other';
}

function buffersOf({ columns }: ParquetTable): ArrayBuffer[] {
  return [...columns.values()].flatMap((column) => {
    if (column.kind === 'texts') return [];
    const arrays = column.kind === 'vectors' ? column.elements : [column.values];
    return arrays.map(({ buffer }) => buffer as ArrayBuffer);
  });
}

const reply = (message: ParquetReply, transfer: ArrayBuffer[] = []): void =>
  parentPort!.postMessage(message, transfer);

read(workerData as ParquetRequest).then(
  (table) => reply({ table }, buffersOf(table)),
  (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    const isOurs = error instanceof RangeError;
    reply({ failed: { code: code ?? null, reason: isOurs ? message : null, cause: message } });
  },
);
