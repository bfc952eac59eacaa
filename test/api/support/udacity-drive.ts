import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePictures } from '../../drive/support/picture-folders.ts';

/** Rows of the drive. */
export const COUNT = 20;
const CAMERAS = ['center', 'left', 'right'] as const;

/** Pictures are 100 ms apart. */
const nameOf = (camera: string, row: number): string =>
  `${camera}_2017_05_19_10_11_${12 + Math.floor(row / 10)}_${row % 10}00.jpg`;

/**
 * A drive of the Udacity simulator. Pictures of the center show the number of their row; those of
 * the left show them the other way round, the last first.
 */
export async function writeUdacityDrive(folder: string): Promise<void> {
  const names = (camera: string) => Array.from({ length: COUNT }, (_, row) => nameOf(camera, row));
  await writePictures(join(folder, 'IMG'), names('center'));
  await writePictures(join(folder, 'IMG'), names('left').reverse());
  const rows = names('center').map((_, row) =>
    [...CAMERAS.map((camera) => `IMG/${nameOf(camera, row)}`), row / 100, 0.5, 0, 10].join(','),
  );
  writeFileSync(
    join(folder, 'driving_log.csv'),
    ['center,left,right,steering,throttle,brake,speed', ...rows, ''].join('\n'),
  );
}
