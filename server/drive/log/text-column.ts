/** Texts of rows, in their order. */
export interface TextCells {
  readonly length: number;
  at(row: number): string | undefined;
}

const ROWS_A_BLOCK = 128;
const BETWEEN = '\n';

/**
 * Cells of a log that are kept as they are, such as a million names of pictures: copied into blocks,
 * because what is cut out of a text keeps all of that text in memory.
 */
export class TextColumn implements TextCells {
  /** Cells that are not empty. */
  filled = 0;
  readonly #blocks: string[] = [];
  #last: string[] = [];
  #open: { readonly block: number; readonly cells: readonly string[] } | null = null;

  get length(): number {
    return this.#blocks.length * ROWS_A_BLOCK + this.#last.length;
  }

  /** A line end inside a cell becomes a space. */
  push(cell: string): void {
    if (cell !== '') this.filled++;
    this.#last.push(cell.includes(BETWEEN) ? cell.replaceAll(BETWEEN, ' ') : cell);
    if (this.#last.length < ROWS_A_BLOCK) return;
    this.#blocks.push(this.#last.join(BETWEEN));
    this.#last = [];
  }

  at(row: number): string | undefined {
    const block = Math.floor(row / ROWS_A_BLOCK);
    const inBlock = row % ROWS_A_BLOCK;
    const text = this.#blocks[block];
    if (text === undefined) return block === this.#blocks.length ? this.#last[inBlock] : undefined;
    if (this.#open?.block !== block) this.#open = { block, cells: text.split(BETWEEN) };
    return this.#open.cells[inBlock];
  }
}
