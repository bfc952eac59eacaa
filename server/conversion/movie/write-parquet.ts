import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { PARQUET_RATIO } from '../../drive/log/written-ratio.ts';
import { SignalReader, type SignalTable } from './parquet-table.ts';

/** Rows that are put together at a time. */
const GROUP = 20_000;

/** Writes a table as Parquet, piece by piece, with its times as `t [s]`, and the steering ratio in its metadata. */
export async function writeParquet(
  path: string,
  { times, columns, ratio }: SignalTable,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      createdBy: 'roadgaze',
      ...(ratio === null ? {} : { kvMetadata: [{ key: PARQUET_RATIO, value: String(ratio) }] }),
      schema: [
        { name: 'root', num_children: 1 + columns.length },
        ...['t [s]', ...columns.map(({ heading }) => heading)].map((name) => ({
          name,
          type: 'DOUBLE' as const,
          repetition_type: 'REQUIRED' as const,
        })),
      ],
    });
    const flush = async (): Promise<void> => {
      const piece = bytes.getBytes();
      for (let at = 0; at < piece.length;)
        at += (await file.write(piece, at, piece.length - at)).bytesWritten;
      bytes.index = 0;
    };
    const readers = columns.map((column) => new SignalReader(column));
    for (let begin = 0; begin < times.length; begin += GROUP) {
      signal?.throwIfAborted();
      const rows = times.subarray(begin, begin + GROUP);
      await writer.write({
        rowGroupSize: GROUP,
        columnData: [
          { name: 't [s]', data: rows },
          ...columns.map(({ heading }, column) => ({
            name: heading,
            data: rows.map((time) => readers[column]!.at(time)),
          })),
        ],
      });
      await flush();
      await nextTurn();
    }
    await writer.finish();
    await flush();
    await file.sync();
  } finally {
    await file.close();
  }
}
