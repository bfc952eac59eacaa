import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { placeAt } from '../../../server/drive/place.ts';
import { recognise } from '../../../server/drive/readers/index.ts';
import type { DriveSource, OpenDrive } from '../../../server/drive/source.ts';
import { ffmpeg, makeNumberedClip, readFrameNumber } from '../../support/clips.ts';

const SIZE = [320, 80] as const;
const PICTURE = {
  crop: null,
  width: SIZE[0],
  height: SIZE[1],
  pixelFormat: 'gray',
  resize: 'area',
} as const;

/** Writes pictures that show their numbers, from 0, under the names that are given. */
export async function writePictures(folder: string, names: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const clip = join(folder, 'clip.mp4');
  await makeNumberedClip(clip, { frames: names.length, size: SIZE, fps: 10 });
  const ending = names[0]!.slice(names[0]!.lastIndexOf('.'));
  const codec = ending === '.png' ? [] : ['-q:v', '2'];
  await ffmpeg('-i', clip, ...codec, '-start_number', '0', join(folder, `made-%d${ending}`));
  for (const [i, name] of names.entries())
    renameSync(join(folder, `made-${i}${ending}`), join(folder, name));
  rmSync(clip);
}

/** Opens what lies there through the reader that knows it. */
export async function openDriveAt(
  path: string,
  request: Partial<OpenDrive> = {},
): Promise<{ readonly id: string; readonly source: DriveSource }> {
  const place = await placeAt(path);
  const { reader, entries } = (await recognise(place))!;
  return {
    id: reader.id,
    source: await reader.open(place, { key: entries[0]!.key, ...request }),
  };
}

export interface Shown {
  /** The numbers that the pictures show. */
  readonly numbers: (number | null)[];
  readonly pts: number[];
  readonly warnings: readonly string[];
}

/** All frames from `from` on. */
export async function shownBy(source: DriveSource, from?: number): Promise<Shown> {
  const numbers: (number | null)[] = [];
  const pts: number[] = [];
  const stream = source.frames({ images: [PICTURE], ...(from === undefined ? {} : { from }) });
  for await (const frame of stream) {
    numbers.push(readFrameNumber(frame.images[0]!, PICTURE.width, PICTURE.height));
    pts.push(frame.pts);
  }
  return { numbers, pts, warnings: stream.warnings };
}
