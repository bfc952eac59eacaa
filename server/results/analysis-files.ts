import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { stringify, type Stringifier } from 'csv-stringify';
import { RoadgazeError } from '../../shared/errors.ts';
import type { FrameNumbers } from './frame-numbers.ts';

/** Columns of frames.csv; `driven` and `error` in the unit of `steering`. */
const COLUMNS = ['frame', 'pts', 'steering', 'onRoad', 'driven', 'error'] as const;

/** Writes an analysis into a folder: frames.csv as the rows come, flags.json and summary.json at the end. */
export class AnalysisFiles {
  readonly #folder: string;
  readonly #csv: Stringifier;
  readonly #file: WriteStream;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#csv = stringify({ header: true, columns: [...COLUMNS] });
    this.#file = createWriteStream(join(folder, 'frames.csv'));
    this.#csv.pipe(this.#file);
  }

  /** Makes the folder. Throws OUTPUT_NOT_WRITABLE. */
  static async create(folder: string): Promise<AnalysisFiles> {
    try {
      await mkdir(folder, { recursive: true });
      const files = new AnalysisFiles(folder);
      await once(files.#file, 'open');
      return files;
    } catch (cause) {
      throw notWritable(folder, cause);
    }
  }

  /** Waits while the disk is behind. */
  async writeFrame(row: FrameNumbers): Promise<void> {
    const error = row.steering - row.driven;
    const more = this.#csv.write([row.frame, row.pts.toFixed(6), text(row.steering), text(row.onRoad), text(row.driven), text(error)]);
    if (!more) await once(this.#csv, 'drain');
  }

  async finish(flags: unknown, summary: unknown): Promise<void> {
    try {
      this.#csv.end();
      await finished(this.#file);
      await writeFile(join(this.#folder, 'flags.json'), `${JSON.stringify(flags, null, 2)}\n`);
      await writeFile(join(this.#folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    } catch (cause) {
      throw notWritable(this.#folder, cause);
    }
  }

  /** Keeps the rows written so far. */
  abandon(): void {
    this.#csv.end();
  }
}

/** Six significant digits are finer than float32 arithmetic repeats across machines; an empty field is unknown. */
function text(value: number): string {
  return Number.isNaN(value) ? '' : String(Number(value.toPrecision(6)));
}

function notWritable(folder: string, cause: unknown): RoadgazeError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  return new RoadgazeError('OUTPUT_NOT_WRITABLE', `Results cannot be written to ${folder} (${reason}).`, 'Give another folder with -o, or make room on the disk.', { cause });
}
