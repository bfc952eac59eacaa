import { parentPort } from 'node:worker_threads';
import { EventReader, type LogContents } from './event-reader.ts';
import { EventSplitter } from './event-splitter.ts';
import { logBytes } from './log-bytes.ts';

export interface LogRequest {
  readonly path: string;
}

export type LogReply =
  { readonly contents: LogContents } | { readonly failed: { readonly code: string | null } };

async function read({ path }: LogRequest): Promise<LogContents> {
  const reader = new EventReader();
  const splitter = new EventSplitter((event) => reader.take(event));
  const notes: string[] = [];
  for await (const piece of logBytes(path)) {
    if (piece === null) splitter.gap();
    else if (typeof piece === 'string') notes.push(piece);
    else splitter.push(piece);
  }
  return reader.contents([...notes, ...splitter.end()]);
}

function buffersOf({ frames, numbers }: LogContents): ArrayBuffer[] {
  const arrays = [
    ...[...frames.values()].flatMap(({ segments, numbers: own, times }) => [segments, own, times]),
    ...numbers.flatMap(({ times, columns }) => [times, ...columns.values()]),
  ];
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

parentPort!.on('message', (request: LogRequest) => {
  read(request).then(
    (contents) => parentPort!.postMessage({ contents } satisfies LogReply, buffersOf(contents)),
    (error: unknown) =>
      parentPort!.postMessage({
        failed: { code: (error as NodeJS.ErrnoException).code ?? null },
      } satisfies LogReply),
  );
});
