import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { datasetView } from '../../recordings/scene/dataset.ts';
import type { Drawn, Renderer } from '../../recordings/scene/renderer.ts';
import { truthHeader, truthOfFrame } from '../../recordings/scene/truth.ts';
import { VideoWriter } from '../../recordings/scene/video.ts';
import { World } from '../../recordings/scene/world/world.ts';
import { repositoryRoot } from '../support/paths.ts';
import { drawing, nameOf, type DrivePiece } from './flag-drives.ts';
import { kindOf, kinds, leftOuts, without, type Kind, type LeftOut } from './flag-kinds.ts';

/**
 * Pieces of drives as the networks see them: the crop at 200×66, as training pictures are drawn. Of each one
 * there is a lossless video and its ground truth for the product, and pictures of the same frames
 * drawn again without each kind of thing. These are kept as their difference to the drive's own,
 * which is nothing for most pixels: noise is the same.
 */
export const view = datasetView('pilotnet');
export const pictureBytes = view.width * view.height * 3;

/**
 * A thing counts as in the picture from so many of its 13 200 pixels on. Where there are fewer, the
 * frame is not drawn without it, and it moves nothing.
 */
const LEAST_PIXELS = 6;

/** Ignored by git. */
const cache = join(repositoryRoot, '.roadgaze', 'bench-flags', 'small');
const undisplaced = { shift: 0, turn: 0 };
const pack = promisify(gzip);
const unpack = promisify(gunzip);

export interface DrawnPiece extends DrivePiece {
  readonly frames: number;
  readonly video: string;
  readonly truth: string;
  /** Pixels of each kind, a value for each frame. */
  readonly pixels: Readonly<Record<Kind, readonly number[]>>;
  /** RGB, one frame behind the other. */
  pictures(): Promise<Buffer>;
  /** The same of frames drawn without a kind, and which frames these are. */
  picturesWithout(left: LeftOut): Promise<{ frames: readonly number[]; pictures: Buffer }>;
}

/** Draws what has not been drawn yet of a piece. Ends early, with what is complete kept, where it fails. */
export async function drawn(
  drive: DrivePiece,
  renderer: () => Promise<Renderer>,
  progress: (line: string) => void,
): Promise<DrawnPiece> {
  const folder = join(cache, `${nameOf(drive)}-${drive.piece}`);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.partial`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await drawOriginal(drive, await renderer(), unfinished);
    await rename(unfinished, folder);
    progress(`${basename(folder)}: drawn`);
  }
  const pixels = JSON.parse(
    await readFile(join(folder, 'pixels.json'), 'utf8'),
  ) as DrawnPiece['pixels'];
  const pictures = async () => unpack(await readFile(join(folder, 'pictures.gz')));
  for (const left of leftOuts) {
    const file = join(folder, `without-${left}.gz`);
    const frames = framesWith(pixels, left);
    if (frames.length === 0 || existsSync(file)) continue;
    const differences = await drawWithout(drive, left, frames, await renderer(), await pictures());
    await writeFile(`${file}.partial`, differences);
    await rename(`${file}.partial`, file);
    progress(`${basename(folder)}: ${frames.length} frames without ${left}`);
  }
  return {
    ...drive,
    frames: pixels.boards.length,
    video: join(folder, 'drive.mp4'),
    truth: join(folder, 'drive.truth.jsonl.gz'),
    pixels,
    pictures,
    async picturesWithout(left) {
      const frames = framesWith(pixels, left);
      if (frames.length === 0) return { frames, pictures: Buffer.alloc(0) };
      const differences = await unpack(await readFile(join(folder, `without-${left}.gz`)));
      return { frames, pictures: combined(differences, frames, await pictures()) };
    },
  };
}

function framesWith(pixels: DrawnPiece['pixels'], left: LeftOut): number[] {
  const counted = left === 'all' ? kinds : [left];
  return pixels.boards.flatMap((_, frame) =>
    counted.some((kind) => pixels[kind][frame]! >= LEAST_PIXELS) ? [frame] : [],
  );
}

async function drawOriginal(drive: DrivePiece, renderer: Renderer, folder: string): Promise<void> {
  const { fps, pieceSeconds } = drawing;
  const world = enter(drive, renderer, []);
  const size: [number, number] = [view.width, view.height];
  const video = new VideoWriter(join(folder, 'drive.mp4'), ...size, fps, 'lossless');
  const truth = [JSON.stringify(truthHeader(world, nameOf(drive), fps, size, view, undisplaced))];
  const pixels = Object.fromEntries(kinds.map((kind) => [kind, [] as number[]]));
  const pictures: Uint8Array[] = [];
  const frames = Array.from({ length: fps * pieceSeconds }, (_, frame) => frame);
  for await (const { frame, drawn } of drawings(renderer, drive, frames, true)) {
    const line = truthOfFrame(
      world,
      view,
      drawn,
      undisplaced,
      frame,
      drive.piece * pieceSeconds + frame / fps,
    );
    truth.push(JSON.stringify({ ...line, pts: frame / fps }));
    const counts = pixelsOfKinds(world, drawn);
    for (const kind of kinds) pixels[kind]!.push(counts.get(kind) ?? 0);
    pictures.push(drawn.rgb);
    await video.write(drawn.rgb);
  }
  await video.close();
  await Promise.all([
    writeFile(join(folder, 'drive.truth.jsonl.gz'), await pack(`${truth.join('\n')}\n`)),
    writeFile(join(folder, 'pictures.gz'), await pack(Buffer.concat(pictures), { level: 1 })),
    writeFile(join(folder, 'pixels.json'), JSON.stringify(pixels)),
  ]);
}

async function drawWithout(
  drive: DrivePiece,
  left: LeftOut,
  frames: readonly number[],
  renderer: Renderer,
  originals: Buffer,
): Promise<Buffer> {
  enter(drive, renderer, without(left));
  const pictures: Uint8Array[] = [];
  for await (const { drawn } of drawings(renderer, drive, frames, false)) pictures.push(drawn.rgb);
  return pack(combined(Buffer.concat(pictures), frames, originals), { level: 4 });
}

function enter({ style, seed }: DrivePiece, renderer: Renderer, left: readonly string[]): World {
  const options = { style, seed, seconds: drawing.seconds, without: left };
  renderer.enter(options, view);
  return new World(options);
}

/** Some are asked for ahead, so that the browser need not wait. */
async function* drawings(
  renderer: Renderer,
  { piece }: DrivePiece,
  frames: readonly number[],
  withIds: boolean,
): AsyncGenerator<{ frame: number; drawn: Drawn }> {
  const { fps, pieceSeconds } = drawing;
  const waiting: Promise<Drawn>[] = [];
  let asked = 0;
  for (const frame of frames) {
    for (; waiting.length < 4 && asked < frames.length; asked++) {
      const ofDrive = piece * pieceSeconds * fps + frames[asked]!;
      waiting.push(renderer.draw(ofDrive / fps, undisplaced, ofDrive, withIds));
    }
    yield { frame, drawn: await waiting.shift()! };
  }
}

function pixelsOfKinds({ named }: World, { ids }: Drawn): ReadonlyMap<Kind, number> {
  const counts = new Map<Kind, number>();
  for (let at = 0; at < ids.length; at += 4) {
    const object = named[ids[at]! + 256 * ids[at + 1]! - 1];
    const kind = object ? kindOf(object.kind) : null;
    if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Pictures out of differences to the originals, and differences out of pictures. */
function combined(some: Buffer, frames: readonly number[], originals: Buffer): Buffer {
  const result = Buffer.alloc(some.length);
  frames.forEach((frame, index) => {
    const [at, original] = [index * pictureBytes, frame * pictureBytes];
    for (let byte = 0; byte < pictureBytes; byte++)
      result[at + byte] = some[at + byte]! ^ originals[original + byte]!;
  });
  return result;
}
