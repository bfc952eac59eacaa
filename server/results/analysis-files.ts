import { open, type FileHandle } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { isSteering, type ExplainedNumber } from '../../shared/explained-number.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { rowMeasures, valueOf } from '../../shared/measures/values.ts';
import { FileSet } from '../files/file-set.ts';
import { notWritable } from '../files/not-writable.ts';
import type { FrameNumbers } from './frame-numbers.ts';

interface Column {
  readonly name: string;
  readonly value: (row: FrameNumbers) => string;
}

/** What the columns of frames.csv follow from. */
export interface FilesRequest {
  /** By their names. */
  readonly methods: readonly string[];
  readonly output: { readonly number: ExplainedNumber };
  /** What of the measures that are optional is. */
  readonly there?: readonly string[];
  readonly measures?: readonly Measure[];
}

/**
 * Columns of frames.csv. The network's number is called `answer` where it is no steering. The first
 * method's measures have plain names, so that a reader need not know the method; those of further
 * methods end with its id.
 */
function columnsOf({ methods, output, there = [], measures = MEASURES }: FilesRequest): Column[] {
  const written = rowMeasures(measures, methods.length, there).filter(({ csv }) => csv !== null);
  const isAnswer = !isSteering(output.number);
  const column = (measure: Measure, method = 0): Column => ({
    name:
      method > 0
        ? `${measure.csv}_${methods[method]}`
        : isAnswer && measure.isAnswer
          ? 'answer'
          : measure.csv!,
    value: (row) => text(valueOf(measure, row, method), measure),
  });
  const ofMethods = written.filter(({ of }) => of === 'method');
  return [
    { name: 'frame', value: ({ frame }) => String(frame) },
    { name: 'pts', value: ({ pts }) => pts.toFixed(6) },
    ...written.filter(({ of }) => of !== 'pair').map((measure) => column(measure)),
    ...methods
      .slice(1)
      .flatMap((_, index) => ofMethods.map((measure) => column(measure, index + 1))),
    ...written.filter(({ of }) => of === 'pair').map((measure) => column(measure)),
  ];
}

/**
 * In the order in which they take their names; who finds the last one finds all that belongs to it.
 */
const NAMES = ['frames.csv', 'flags.json', 'overlay.mp4', 'summary.json'] as const;
/** Rows are handed to the disk in pieces of about so many characters. */
const PIECE = 8192;

/**
 * Writes an analysis into a folder: frames.csv, flags.json, summary.json and perhaps overlay.mp4,
 * which appear together at the end.
 */
export class AnalysisFiles {
  readonly #set: FileSet;
  readonly #columns: readonly Column[];
  readonly #csv: FileHandle;
  #rows = '';

  private constructor(set: FileSet, columns: readonly Column[], csv: FileHandle) {
    this.#set = set;
    this.#columns = columns;
    this.#csv = csv;
    this.#rows = stringify([columns.map(({ name }) => name)]);
  }

  /** Makes the folder. Throws OUTPUT_NOT_WRITABLE. */
  static async create(folder: string, request: FilesRequest): Promise<AnalysisFiles> {
    const set = await FileSet.open(folder, NAMES);
    try {
      return new AnalysisFiles(set, columnsOf(request), await open(set.draft('frames.csv'), 'wx'));
    } catch (cause) {
      await set.abandon();
      throw notWritable(`Results cannot be written to ${folder}`, cause);
    }
  }

  /** Where overlay.mp4 is to be written. */
  get overlay(): string {
    return this.#set.draft('overlay.mp4');
  }

  /** Waits while the disk is behind. Throws OUTPUT_NOT_WRITABLE. */
  async writeFrame(row: FrameNumbers): Promise<void> {
    this.#rows += stringify([this.#columns.map(({ value }) => value(row))]);
    if (this.#rows.length >= PIECE) await this.#flush();
  }

  /** Throws OUTPUT_NOT_WRITABLE; nothing of this analysis is to be seen then. */
  async finish(flags: unknown, summary: unknown): Promise<void> {
    await this.#flush();
    await this.#csv.sync().catch((cause: unknown) => this.#fail(cause));
    await this.#csv.close();
    await this.#set.write('flags.json', `${JSON.stringify(flags, null, 2)}\n`);
    await this.#set.write('summary.json', `${JSON.stringify(summary, null, 2)}\n`);
    await this.#set.publish();
  }

  /**
   * Leaves nothing behind, and what an older analysis has written as it is. Does nothing after
   * `finish`.
   */
  async abandon(): Promise<void> {
    await this.#csv.close().catch(() => {});
    await this.#set.abandon();
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = '';
    await this.#csv.appendFile(rows).catch((cause: unknown) => this.#fail(cause));
  }

  #fail(cause: unknown): never {
    throw notWritable(`Results cannot be written to ${this.#set.folder}`, cause);
  }
}

/**
 * Six significant digits are finer than float32 arithmetic repeats across machines, but whole
 * numbers have all of theirs; an empty field is unknown.
 */
function text(value: number, { number }: Measure): string {
  if (!Number.isFinite(value)) return '';
  return String(number === 'real' ? Number(value.toPrecision(6)) : value);
}
