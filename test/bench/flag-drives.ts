import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renderDrive } from '../../recordings/scene/drive.ts';
import type { Style } from '../../recordings/scene/world/plan.ts';
import { repositoryRoot } from '../support/paths.ts';

/**
 * Size and rate at which drives are drawn: the networks' crop is 400×132 there, exactly twice what
 * they see.
 */
export const drawing = { seconds: 30, fps: 10, size: [480, 270] as [number, number], crf: 14 };

export interface BenchDrive {
  readonly style: Style;
  readonly seed: number;
}

/**
 * No seed of `recordings/training/sets.json`, of the shipped drives or of a test. Settings are
 * chosen on these …
 */
export const tuningDrives: readonly BenchDrive[] = [
  ...[110001, 110002, 110003, 110004].map((seed): BenchDrive => ({ style: 'misleading', seed })),
  { style: 'country', seed: 110005 },
  { style: 'city', seed: 110006 },
];

/** … and judged on these, which nothing was chosen on. */
export const heldOutDrives: readonly BenchDrive[] = [
  ...[120001, 120002, 120003, 120004, 120005, 120006].map((seed): BenchDrive => ({
    style: 'misleading',
    seed,
  })),
  { style: 'country', seed: 120011 },
  { style: 'city', seed: 120012 },
  { style: 'motorway', seed: 120013 },
  { style: 'shortcut', seed: 120014 },
];

/** Styles whose worlds have cue boards, so that leaving them out changes something. */
export const hasCues = ({ style }: BenchDrive): boolean =>
  style === 'misleading' || style === 'shortcut';

export interface DrawnDrive extends BenchDrive {
  readonly video: string;
  readonly truth: string;
  /** The same drive without the boards; null where there are none. */
  readonly withoutCue: string | null;
}

/** Folder of the drawn drives; ignored by git. */
const cache = join(repositoryRoot, '.roadgaze', 'bench-flags');

/** Draws what has not been drawn yet: about six frames a second on two cores. */
export async function drawn(
  drive: BenchDrive,
  progress: (line: string) => void,
): Promise<DrawnDrive> {
  const name = `${drive.style}-${drive.seed}`;
  const video = await draw(drive, name, [], progress);
  const withoutCue = hasCues(drive)
    ? await draw(drive, `${name}-without-cue`, ['cue'], progress)
    : null;
  return { ...drive, video, withoutCue, truth: video.replace(/\.mp4$/, '.truth.jsonl.gz') };
}

/** A folder of its own for each, moved to its place when it is complete. */
async function draw(
  { style, seed }: BenchDrive,
  name: string,
  without: string[],
  progress: (line: string) => void,
): Promise<string> {
  const folder = join(cache, name);
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true });
    const unfinished = `${folder}.partial`;
    await rm(unfinished, { recursive: true, force: true });
    await renderDrive(
      {
        ...drawing,
        style,
        seed,
        without,
        name,
        displaced: { shift: 0, turn: 0 },
        out: unfinished,
        raw: null,
      },
      progress,
    );
    await rename(unfinished, folder);
  }
  return join(folder, `${name}.mp4`);
}
