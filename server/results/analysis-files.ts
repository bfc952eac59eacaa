import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { stringify, type Stringifier } from 'csv-stringify';
import { RoadgazeError } from '../../shared/errors.ts';
import type { FrameNumbers } from './frame-numbers.ts';

interface Column {
  readonly name: string;
  readonly value: (row: FrameNumbers) => string;
}

const SCORE_FIELDS = ['onRoad', 'lift', 'peakOnRoad', 'mass', 'offRoadX', 'offRoadY'] as const;
const AGREEMENT_FIELDS = ['spearman', 'ssim', 'topOverlap'] as const;

/**
 * Columns of frames.csv, `driven` and `error` in the unit of `steering`. The first method's scores have plain names, so that a reader
 * need not know the method; those of further methods end with its id.
 */
function columnsOf(methods: readonly string[]): Column[] {
  const scores = (method: number, suffix: string): Column[] =>
    SCORE_FIELDS.map((field) => ({ name: `${field}${suffix}`, value: ({ scores: all }) => text(all[method]![field] ?? NaN) }));
  const [onRoad, ...others] = scores(0, '');
  return [
    { name: 'frame', value: ({ frame }) => String(frame) },
    { name: 'pts', value: ({ pts }) => pts.toFixed(6) },
    { name: 'steering', value: ({ steering }) => text(steering) },
    onRoad!,
    { name: 'driven', value: ({ driven }) => text(driven) },
    { name: 'error', value: ({ steering, driven }) => text(steering - driven) },
    ...others,
    ...methods.slice(1).flatMap((id, index) => scores(index + 1, `_${id}`)),
    ...(methods.length > 1 ? AGREEMENT_FIELDS.map((field): Column => ({ name: field, value: ({ agreement }) => text(agreement?.[field] ?? NaN) })) : []),
  ];
}

/** Writes an analysis into a folder: frames.csv as the rows come, flags.json and summary.json at the end. */
export class AnalysisFiles {
  readonly #folder: string;
  readonly #columns: readonly Column[];
  readonly #csv: Stringifier;
  readonly #file: WriteStream;

  private constructor(folder: string, methods: readonly string[]) {
    this.#folder = folder;
    this.#columns = columnsOf(methods);
    this.#csv = stringify({ header: true, columns: this.#columns.map(({ name }) => name) });
    this.#file = createWriteStream(join(folder, 'frames.csv'));
    this.#csv.pipe(this.#file);
  }

  /** Makes the folder. Throws OUTPUT_NOT_WRITABLE. */
  static async create(folder: string, methods: readonly string[]): Promise<AnalysisFiles> {
    try {
      await mkdir(folder, { recursive: true });
      const files = new AnalysisFiles(folder, methods);
      await once(files.#file, 'open');
      return files;
    } catch (cause) {
      throw notWritable(folder, cause);
    }
  }

  /** Waits while the disk is behind. */
  async writeFrame(row: FrameNumbers): Promise<void> {
    const more = this.#csv.write(this.#columns.map(({ value }) => value(row)));
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
