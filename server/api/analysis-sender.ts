import type { Flag, FlagSettings } from '../../shared/flags.ts';
import type { RecordingAnalysis } from '../analysis/recording-analysis.ts';
import type { FrameIndex } from '../video/frame-source.ts';
import { RowSender, type RowPiece } from './row-sender.ts';
import type { ViewOutput } from './view-output.ts';
import { ViewerFlags } from './viewer-flags.ts';

/**
 * Brings one viewer the analysis of a recording: what is there at once, then what grows, and how it
 * ended.
 */
export class AnalysisSender {
  readonly #analysis: RecordingAnalysis;
  readonly #output: ViewOutput;
  readonly #flags: ViewerFlags;
  readonly #rows: RowSender;
  #index: FrameIndex;
  #problemsSent = 0;
  #knowsEnd = false;

  constructor(analysis: RecordingAnalysis, settings: FlagSettings, output: ViewOutput) {
    this.#analysis = analysis;
    this.#output = output;
    this.#index = analysis.index;
    this.#flags = new ViewerFlags(
      analysis.rows,
      settings,
      {
        flags: (flags) => ({ type: 'flags', flags }),
        alert: (flag) => ({ type: 'alert', flag }),
      },
      output.send,
    );
    this.#rows = new RowSender(analysis.rows, output, {
      before: () => this.#tellNews(),
      send: (piece) => this.#sendRows(piece),
    });
    this.#rows.tell();
  }

  /** As they were sent last. */
  get flags(): readonly Flag[] {
    return this.#flags.flags;
  }

  setFlags(settings: FlagSettings): void {
    this.#flags.set(settings);
  }

  close(): void {
    this.#rows.close();
    this.#flags.close();
  }

  #tellNews(): void {
    const { problems, index, hasEnded } = this.#analysis;
    const { send } = this.#output;
    for (; this.#problemsSent < problems.length; this.#problemsSent++)
      send({ type: 'error', ...problems[this.#problemsSent]! });
    if (index !== this.#index) {
      this.#index = index;
      send({ type: 'index', pts: [...index.pts] });
    }
    this.#flags.look();
    // Also where all rows were told before it ended.
    if (hasEnded && !this.#knowsEnd) this.#rows.owe();
    this.#knowsEnd = hasEnded;
  }

  #sendRows({ from, to }: RowPiece): void {
    const { rows, progress, index, hasEnded, shortfall } = this.#analysis;
    const done = rows.end;
    const total = hasEnded && !shortfall ? done : Math.max(done, index.pts.length);
    const isLast = hasEnded && to === done;
    this.#output.send({
      type: 'analysis',
      columns: rows.slice(from, to),
      done,
      total,
      framesPerSecond: progress.framesPerSecond,
      secondsLeft: progress.secondsLeft(done, total),
      complete: isLast && !shortfall,
      shortfall: isLast ? shortfall : null,
    });
  }
}
