import { runsOf, type Cleaned } from './dropped.ts';

/** What is left out and what is kept, as ranges. */
export function listAsJson(drive: string, camera: string, cleaned: Cleaned): string {
  const list = {
    roadgazeClean: 1,
    drive,
    camera,
    frames: cleaned.pts.length,
    dropped: runsOf(cleaned, true),
    kept: runsOf(cleaned, false),
  };
  return `${JSON.stringify(list, null, 2)}\n`;
}

/** A line for each frame. */
export function listAsCsv({ pts, isDropped }: Cleaned): string {
  const lines = Array.from(
    pts,
    (time, frame) => `${frame},${time.toFixed(6)},${isDropped[frame] === 1 ? 0 : 1}\n`,
  );
  return `frame,pts [s],keep\n${lines.join('')}`;
}
