import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { drawing } from './flag-drives.ts';
import type { DrawnPiece } from './flag-pictures.ts';

export interface Joined {
  readonly video: string;
  readonly truth: string;
}

/** Time between the pieces, s: what is the mean of some frames must not reach from one into the next. */
const GAP = 1;

/**
 * Pieces as one recording with its ground truth, for as long as `use` takes: to open a network takes
 * longer than to run it on a piece.
 */
export async function joined<T>(
  pieces: readonly DrawnPiece[],
  use: (recording: Joined) => Promise<T>,
): Promise<T> {
  const folder = dirname(dirname(pieces[0]!.video));
  const name = join(folder, `joined-${process.pid}`);
  const [list, video, truth] = [`${name}.txt`, `${name}.mp4`, `${name}.truth.jsonl.gz`];
  try {
    await writeFile(
      list,
      pieces.map((piece) => `file '${piece.video}'\nduration ${lengthOf(piece)}\n`).join(''),
    );
    await copied(list, video);
    await writeFile(truth, gzipSync((await truthOf(pieces)).join('\n')));
    return await use({ video, truth });
  } finally {
    await Promise.all([list, video, truth].map((file) => rm(file, { force: true })));
  }
}

const lengthOf = ({ frames }: DrawnPiece): number => frames / drawing.fps + GAP;

async function copied(list: string, video: string): Promise<void> {
  const options = ['-v', 'error', '-y', '-f', 'concat', '-safe', '0', '-i', list, '-c', 'copy'];
  const ffmpeg = spawn('ffmpeg', [...options, video], { stdio: 'inherit' });
  const [code] = (await once(ffmpeg, 'close')) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}

/** Header and frames of a ground truth, the frames' times counted on from piece to piece. */
async function truthOf(pieces: readonly DrawnPiece[]): Promise<string[]> {
  const lines: string[] = [];
  let start = 0;
  for (const piece of pieces) {
    const [header, ...frames] = gunzipSync(await readFile(piece.truth))
      .toString()
      .trim()
      .split('\n');
    if (lines.length === 0) lines.push(header!);
    const times = frames.map((frame) => JSON.parse(frame) as { pts: number });
    lines.push(...times.map((frame) => JSON.stringify({ ...frame, pts: start + frame.pts })));
    start += lengthOf(piece);
  }
  return lines;
}
