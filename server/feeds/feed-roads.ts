import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Point } from '../../shared/geometry.ts';
import { readRoadFile, writeRoadFile } from '../attention/road-file.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import { notWritable } from '../files/not-writable.ts';

/** Of a name, before the part that tells addresses apart. */
const LONGEST = 60;

/**
 * The roads that were drawn for live feeds, kept in a folder by where the pictures come from: a
 * feed may be renamed, and asked for another password.
 */
export class FeedRoads {
  readonly #folder: string | null;
  #turn: Promise<void> = Promise.resolve();

  /** null: nothing is kept. The folder is made when the first road is. */
  constructor(folder: string | null) {
    this.#folder = folder;
  }

  /** `label`: the address without credentials. null: none was drawn. Throws ROAD_INVALID. */
  async read(label: string): Promise<RoadSpecification | null> {
    const drawn =
      this.#folder === null ? null : await readRoadFile(this.#path(this.#folder, label));
    return drawn && { kind: 'polygon', ...drawn };
  }

  /**
   * null forgets it; the last wish wins. A margin that was set in the file stays. Throws
   * ROAD_INVALID, OUTPUT_NOT_WRITABLE.
   */
  keep(label: string, points: readonly Point[] | null): Promise<void> {
    const folder = this.#folder;
    if (folder === null) return Promise.resolve();
    const kept = this.#turn.then(() => this.#keep(folder, label, points));
    this.#turn = kept.catch(() => {});
    return kept;
  }

  /** Resolves when nothing is written any more. */
  close(): Promise<void> {
    return this.#turn;
  }

  async #keep(folder: string, label: string, points: readonly Point[] | null): Promise<void> {
    const path = this.#path(folder, label);
    // A file that cannot be read is what drawing again mends.
    const before = await readRoadFile(path).catch(() => null);
    if (points) {
      await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
        throw notWritable(`The road cannot be kept in ${path}`, cause);
      });
    }
    await writeRoadFile(path, points && { ...before, points });
  }

  #path(folder: string, label: string): string {
    // Of what was masked not even the place is left.
    const address = label.replaceAll('***@', '').replaceAll(/[?&][^=&]*=\*\*\*/g, '');
    const digest = createHash('sha256').update(address).digest('hex').slice(0, 8);
    return join(
      folder,
      `${address
        .replaceAll(/[^A-Za-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '')
        .slice(0, LONGEST)}-${digest}.road.json`,
    );
  }
}
