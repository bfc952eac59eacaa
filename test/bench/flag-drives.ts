import type { Style } from '../../recordings/scene/world/plan.ts';

/**
 * Length of the drives and frames a second. Drives are drawn and judged in pieces, the first ones of
 * all before the second ones, so that a part of the work is worth something.
 */
export const drawing = { seconds: 30, pieceSeconds: 10, fps: 10 };

export interface BenchDrive {
  readonly style: Style;
  readonly seed: number;
}

/** Which of the judged drives; `bales` are those of the shortcut that is no board. */
export type DriveSet = 'tuning' | 'before' | 'styles' | 'bales';

const ofStyle = (style: Style, ...seeds: number[]): BenchDrive[] =>
  seeds.map((seed) => ({ style, seed }));

/**
 * No seed of `recordings/training/sets.json`, of the shipped drives or of a test. Settings are
 * chosen on `tuning`, and nothing is on the others: `before` are those that flags were always judged
 * on.
 */
export const benchDrives: Readonly<Record<DriveSet, readonly BenchDrive[]>> = {
  tuning: [
    ...ofStyle('misleading', 110001, 110002, 110003, 110004),
    ...ofStyle('country', 110005),
    ...ofStyle('city', 110006),
  ],
  before: ofStyle('misleading', 120001, 120002, 120003, 120004, 120005, 120006),
  styles: [
    ...ofStyle('country', 130001),
    ...ofStyle('motorway', 130002),
    ...ofStyle('city', 130003),
    ...ofStyle('random', 130004),
    ...ofStyle('misleading', 130005),
    ...ofStyle('shortcut', 130006),
  ],
  bales: ofStyle('misleading-bales', 130011, 130012, 130013),
};

/** Some seconds of a drive. */
export interface DrivePiece extends BenchDrive {
  /** Counted from 0. */
  readonly piece: number;
}

export function piecesOf(drives: readonly BenchDrive[], pieces: number): DrivePiece[] {
  return Array.from({ length: pieces }, (_, piece) =>
    drives.map((drive) => ({ ...drive, piece })),
  ).flat();
}

export const nameOf = ({ style, seed }: BenchDrive): string => `${style}-${seed}`;
