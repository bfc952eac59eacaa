import { stat } from 'node:fs/promises';
import { pathInside } from '../../../files/path-inside.ts';
import { onceFor } from '../../once.ts';
import type { CameraClock } from './event-fields.ts';
import type { LogContents, LoggedFrames } from './event-reader.ts';
import { LogThread } from './log-thread.ts';
import { inSegment, logOf, type Segment } from './segments.ts';

/** Readings of logs that are kept: a route of an hour, twice. */
const KEPT = 128;

/** The logs of a route's segments, each of which is read once. */
export class RouteLogs {
  readonly #folder: string;
  readonly #thread = new LogThread();
  readonly #notes = new Map<string, readonly string[]>();
  readonly #read: (name: string) => Promise<LogContents | null>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#read = onceFor((name: string) => this.#contents(name), KEPT);
  }

  /** What is wrong with the logs that were read, sentences that begin with their names. */
  get notes(): string[] {
    return [...this.#notes.values()].flat();
  }

  /** The frames that a segment's logs tell of; null: none. The small log has them too. */
  async frames(segment: Segment, clocks: readonly CameraClock[]): Promise<LoggedFrames | null> {
    for (const kind of ['qlog', 'rlog'] as const) {
      const contents = await this.#of(segment, kind);
      for (const clock of clocks) {
        const frames = contents?.frames.get(clock);
        if (frames) return frames;
      }
    }
    return null;
  }

  /** The larger log of a segment, or the small one where that is not there. */
  async contents(segment: Segment): Promise<LogContents | null> {
    return (await this.#of(segment, 'rlog')) ?? this.#of(segment, 'qlog');
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  #of(segment: Segment, kind: 'rlog' | 'qlog'): Promise<LogContents | null> {
    const name = logOf(segment, kind);
    return name === null ? Promise.resolve(null) : this.#read(inSegment(segment, name));
  }

  async #contents(name: string): Promise<LogContents | null> {
    const path = await pathInside(this.#folder, name);
    const isFile = path !== null && (await stat(path)).isFile();
    const contents = isFile
      ? await this.#thread.read(path)
      : 'is a link that leads out of the folder, or no file';
    const faults = typeof contents === 'string' ? [contents] : contents.notes;
    this.#notes.set(
      name,
      faults.map((fault) => `${name} ${fault}.`),
    );
    if (typeof contents === 'string') return null;
    if (contents.events > 0) return contents;
    this.#notes.set(name, [...this.#notes.get(name)!, `${name} has no event of openpilot.`]);
    return null;
  }
}
