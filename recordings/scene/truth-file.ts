import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { truthHeader, truthOfFrame } from './truth.ts';

export type TruthHeader = ReturnType<typeof truthHeader>;
export type TruthFrame = ReturnType<typeof truthOfFrame>;

export function readTruth(file: string): { header: TruthHeader; frames: TruthFrame[] } {
  const [header, ...frames] = gunzipSync(readFileSync(file))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  return { header: header as TruthHeader, frames: frames as TruthFrame[] };
}
