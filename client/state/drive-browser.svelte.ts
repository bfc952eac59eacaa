import { reportOf, type ErrorReport } from '../../shared/errors.ts';
import type {
  DrivePage,
  DriveQuery,
  DriveRow,
  DriveSort,
} from '../../shared/protocol/catalogue-messages.ts';

/** Asks the server for a part of the list. Rejects with a RoadgazeError, or what the browser throws. */
export type AskDrives = (query: DriveQuery) => Promise<DrivePage>;

/** Rows that are asked for at once. */
const BLOCK = 50;
/** Rows that are kept around those on the screen. */
const MOST_BLOCKS = 8;

/**
 * The list of drives as a person looks through it: what it is narrowed to, and of its rows those on
 * the screen. Others are asked for when they come into view.
 */
export class DriveBrowser {
  text = $state('');
  /** Id of a format; '': all. */
  format = $state('');
  /** '': all. */
  log = $state<'' | 'yes' | 'no'>('');
  analysed = $state<'' | 'yes' | 'no' | 'flagged'>('');
  sort = $state<DriveSort>('name');
  isReversed = $state(false);
  /** The row that the keys have reached. */
  active = $state(0);
  /** What the server said last of the list as a whole; null: nothing yet. */
  page = $state.raw<Omit<DrivePage, 'drives'> | null>(null);
  failure = $state.raw<ErrorReport | null>(null);
  #rows = $state.raw<ReadonlyMap<number, DriveRow>>(new Map());
  readonly #ask: AskDrives;
  readonly #pending = new Map<number, number>();
  /** First row and the one after the last on the screen. */
  #window: readonly [number, number] = [0, 0];
  /** Counts what the list is narrowed to: answers to what it was before come too late. */
  #generation = 0;
  /** Of which list the rows are. */
  #listed = -1;

  constructor(ask: AskDrives) {
    this.#ask = ask;
  }

  get matching(): number {
    return this.page?.matching ?? 0;
  }

  get isNarrowed(): boolean {
    return Boolean(this.text.trim() || this.format || this.log || this.analysed);
  }

  row(index: number): DriveRow | null {
    return this.#rows.get(index) ?? null;
  }

  /** These rows are on the screen, from the first to before the last. */
  show(first: number, last: number): void {
    this.#window = [first, last];
    for (const block of this.#blocks())
      if (!this.#rows.has(block * BLOCK) && !this.#pending.has(block)) this.#fetch(block);
  }

  /** The list is another: what it is narrowed to, or its order. */
  begin(): void {
    this.#generation++;
    this.#pending.clear();
    this.active = 0;
    this.#window = [0, Math.max(1, this.#window[1] - this.#window[0])];
    this.refresh();
  }

  /** What is on the screen may have changed. */
  refresh(): void {
    for (const block of this.#blocks()) this.#fetch(block);
  }

  /** Nothing is kept of a list that nobody looks at. */
  leave(): void {
    this.#generation++;
    this.#pending.clear();
    this.#rows = new Map();
  }

  move(by: number): void {
    this.active = Math.max(0, Math.min(this.matching - 1, this.active + by));
  }

  get #query(): Omit<DriveQuery, 'offset' | 'limit'> {
    const { text, format, log, analysed, sort, isReversed } = this;
    return {
      ...(text.trim() ? { text: text.trim().slice(0, 200) } : {}),
      ...(format ? { format } : {}),
      ...(log ? { hasLog: log === 'yes' } : {}),
      ...(analysed === 'flagged' ? { isFlagged: true } : {}),
      ...(analysed === 'yes' || analysed === 'no' ? { isAnalysed: analysed === 'yes' } : {}),
      ...(sort === 'name' ? {} : { sort }),
      ...(isReversed ? { isReversed } : {}),
    };
  }

  #blocks(): number[] {
    const [first, last] = this.#window;
    const from = Math.floor(first / BLOCK);
    const to = Math.max(from, Math.floor((Math.max(last, 1) - 1) / BLOCK));
    return Array.from({ length: Math.min(MOST_BLOCKS, to - from + 1) }, (_, i) => from + i);
  }

  /** Of the same block one request at a time: who asks meanwhile asks again after it. */
  #fetch(block: number): void {
    const waiting = this.#pending.get(block);
    if (waiting !== undefined) return void this.#pending.set(block, waiting + 1);
    this.#pending.set(block, 0);
    const generation = this.#generation;
    void this.#ask({ ...this.#query, offset: block * BLOCK, limit: BLOCK })
      .then(
        (page) => this.#take(block, page, generation),
        (error: unknown) => {
          if (generation !== this.#generation) return;
          this.failure = reportOf(error);
        },
      )
      .finally(() => {
        if (generation !== this.#generation) return;
        const isAskedAgain = (this.#pending.get(block) ?? 0) > 0;
        this.#pending.delete(block);
        if (isAskedAgain && this.#blocks().includes(block)) this.#fetch(block);
      });
  }

  #take(block: number, { drives, ...page }: DrivePage, generation: number): void {
    if (generation !== this.#generation) return;
    this.failure = null;
    const shown = new Set(this.#blocks());
    const rows = new Map<number, DriveRow>();
    const kept = [...this.#rows].filter(([index]) => {
      const of = Math.floor(index / BLOCK);
      const isNear = [...shown].some((each) => Math.abs(each - of) <= MOST_BLOCKS / 2);
      return of !== block && isNear && index < page.matching;
    });
    // Rows of another list are not shown between those of this one.
    if (this.#listed === generation) for (const [index, row] of kept) rows.set(index, row);
    this.#listed = generation;
    for (const [index, row] of drives.entries()) rows.set(block * BLOCK + index, row);
    this.#rows = rows;
    this.page = page;
    this.active = Math.max(0, Math.min(this.active, page.matching - 1));
  }
}
