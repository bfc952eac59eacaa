import { Lookout } from '../analysis/lookout.ts';
import type { RowSeries } from '../analysis/row-series.ts';
import type { ViewOutput } from './view-output.ts';

/** Rows `from` (included) to `to` (excluded) of a series, for one message. */
export interface RowPiece {
  readonly from: number;
  readonly to: number;
  /** The first one of this series, or after a gap: rows that were forgotten unseen. */
  readonly isRestart: boolean;
}

export interface RowSenderListener {
  /** Before the rows that have come since are sent. */
  before(): void;
  send(piece: RowPiece): void;
}

const EVERY = 200;
const MOST_ROWS = 2000;
/** A backlog waits while so many bytes wait to be sent. */
const MOST_BUFFERED = 1 << 20;

/**
 * Brings one viewer the rows of a series: what is there at once, then what comes, no more often
 * than five times a second. Whoever reads slowly gets what has come meanwhile when they have read.
 */
export class RowSender {
  readonly #output: ViewOutput;
  readonly #listener: RowSenderListener;
  readonly #lookout = new Lookout(() => this.#tell(), EVERY);
  readonly #leaveOutput: () => void;
  #rows: RowSeries;
  #leaveRows: () => void;
  #sent: number;
  #isRestart = true;
  /** A piece is to be sent even where there is no row. */
  #isOwed = false;
  #isBehind = false;

  constructor(rows: RowSeries, output: ViewOutput, listener: RowSenderListener) {
    this.#rows = rows;
    this.#sent = rows.start;
    this.#output = output;
    this.#listener = listener;
    this.#leaveRows = this.#listen();
    this.#leaveOutput = output.onSent(() => {
      if (this.#isBehind) this.#lookout.news();
    });
  }

  /** Another series from here on: its rows begin anew. */
  follow(rows: RowSeries): void {
    this.#leaveRows();
    this.#rows = rows;
    this.#sent = rows.start;
    this.#isRestart = true;
    this.#leaveRows = this.#listen();
    this.owe();
  }

  /** A piece is to be sent even where there is no row, as soon as there is room for it. */
  owe(): void {
    this.#isOwed = true;
    this.#lookout.news();
  }

  /** Tells at once what there is. */
  tell(): void {
    this.#lookout.look();
  }

  close(): void {
    this.#leaveRows();
    this.#leaveOutput();
    this.#lookout.close();
  }

  #listen(): () => void {
    return this.#rows.changed.listen(() => this.#lookout.news());
  }

  #tell(): void {
    this.#listener.before();
    const { start, end } = this.#rows;
    if (this.#sent < start) {
      this.#sent = start;
      this.#isRestart = true;
    }
    this.#isBehind = false;
    while (this.#sent < end || this.#isOwed) {
      if (this.#output.buffered() >= MOST_BUFFERED) {
        this.#isBehind = true;
        return;
      }
      const from = this.#sent;
      const isRestart = this.#isRestart;
      this.#sent = Math.min(end, from + MOST_ROWS);
      this.#isOwed = this.#isRestart = false;
      this.#listener.send({ from, to: this.#sent, isRestart });
    }
  }
}
