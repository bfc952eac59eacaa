import { basename } from 'node:path';
import type { DriveList } from './scan/drive-list.ts';
import type { FoundDrive } from './scan/folder-record.ts';
import type { KeptResults } from './scan/results-folder.ts';

/** Lengths may differ by so much in the ways in which they are told, s. */
const SAME_LENGTH = 0.5;

/**
 * What `analyze` has written, by the drive that it is of. Results name the drive's file only: where
 * several drives have that name, its length tells which one is meant.
 */
export class ResultsByDrive {
  readonly #lengthOf: (drive: FoundDrive) => number | null;
  #list: DriveList | null = null;
  #results = new Map<string, KeptResults[]>();
  #namesakes = new Map<string, number>();

  constructor(lengthOf: (drive: FoundDrive) => number | null) {
    this.#lengthOf = lengthOf;
  }

  of(drive: FoundDrive, list: DriveList): readonly KeptResults[] {
    if (list !== this.#list) this.#take(list);
    const name = basename(drive.path);
    const results = this.#results.get(name) ?? [];
    if (results.length === 0 || this.#namesakes.get(name) === 1) return results;
    const length = this.#lengthOf(drive);
    return results.filter(
      ({ durationSeconds }) => length !== null && Math.abs(durationSeconds - length) < SAME_LENGTH,
    );
  }

  #take(list: DriveList): void {
    this.#list = list;
    this.#results = new Map();
    this.#namesakes = new Map();
    for (const each of list.results)
      this.#results.set(each.drive, [...(this.#results.get(each.drive) ?? []), each]);
    if (this.#results.size === 0) return;
    for (const { path } of list.drives) {
      const name = basename(path);
      this.#namesakes.set(name, (this.#namesakes.get(name) ?? 0) + 1);
    }
  }
}
