import { open, type FileHandle } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { isSteering, type ExplainedNumber } from '../../shared/explained-number.ts';
import { FileSet } from '../files/file-set.ts';
import { notWritable } from '../files/not-writable.ts';
import type { FrameNumbers } from './frame-numbers.ts';

interface Column {
  readonly name: string;
  readonly value: (row: FrameNumbers) => string;
}

const SCORE_FIELDS = ['onRoad', 'lift', 'peakOnRoad', 'mass', 'offRoadX', 'offRoadY'] as const;
const AGREEMENT_FIELDS = ['spearman', 'ssim', 'topOverlap'] as const;

/**
 * Columns of frames.csv; the network's number is called `answer`. `driven` and `error` in the unit
 * of `steering`. The first method's scores have plain names, so that a reader need not know the
 * method; those of further methods end with its id.
 */
function columnsOf(methods: readonly string[], answer: string): Column[] {
  const scores = (method: number, suffix: string): Column[] =>
    SCORE_FIELDS.map((field) => ({
      name: `${field}${suffix}`,
      value: ({ scores: all }) => text(all[method]![field] ?? NaN),
    }));
  const [onRoad, ...others] = scores(0, '');
  return [
    { name: 'frame', value: ({ frame }) => String(frame) },
    { name: 'pts', value: ({ pts }) => pts.toFixed(6) },
    { name: answer, value: ({ steering }) => text(steering) },
    onRoad!,
    { name: 'driven', value: ({ driven }) => text(driven) },
    { name: 'error', value: ({ steering, driven }) => text(steering - driven) },
    ...others,
    ...methods.slice(1).flatMap((id, index) => scores(index + 1, `_${id}`)),
    ...(methods.length > 1
      ? AGREEMENT_FIELDS.map((field): Column => ({
          name: field,
          value: ({ agreement }) => text(agreement?.[field] ?? NaN),
        }))
      : []),
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
  static async create(
    folder: string,
    {
      methods,
      output,
    }: {
      readonly methods: readonly string[];
      readonly output: { readonly number: ExplainedNumber };
    },
  ): Promise<AnalysisFiles> {
    const set = await FileSet.open(folder, NAMES);
    try {
      return new AnalysisFiles(
        set,
        columnsOf(methods, isSteering(output.number) ? 'steering' : 'answer'),
        await open(set.draft('frames.csv'), 'wx'),
      );
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
 * Six significant digits are finer than float32 arithmetic repeats across machines; an empty field
 * is unknown.
 */
function text(value: number): string {
  return !Number.isFinite(value) ? '' : String(Number(value.toPrecision(6)));
}
