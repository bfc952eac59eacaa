import type { Flag, FlagSettings } from '../../shared/flags.ts';
import { encodeColumns } from '../../shared/protocol/columns.ts';
import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { NewFlags } from '../alerts/new-flags.ts';
import { FlagFinder } from '../attention/flags/find-flags.ts';
import type { FrameIndex } from '../video/frame-source.ts';
import type { Workspace } from './workspace.ts';

const INTERVAL = 200;
const MOST_ROWS = 2000;
/** Alerts come no closer together than this (ms). */
const ALERT_INTERVAL = 1000;
/** A backlog waits while so many bytes wait to be sent. */
const MOST_BUFFERED = 1 << 20;

/**
 * Brings one viewer the analysis of its workspace: what is there at once, then what grows, five
 * times a second.
 */
export class AnalysisFeed {
  readonly #workspace: Workspace;
  readonly #send: (message: ServerMessage) => void;
  readonly #buffered: () => number;
  readonly #timer: NodeJS.Timeout;
  #finder: FlagFinder;
  #index: FrameIndex;
  #rowsSent = 0;
  #rowsFlagged = 0;
  #flagsSent: string | null = null;
  #flags: readonly Flag[] = [];
  #new = new NewFlags();
  /** The newest that was not told yet. */
  #alert: Flag | null = null;
  #alertedAt = -Infinity;
  #hasEnded = false;
  #problemsSent = 0;

  constructor(
    workspace: Workspace,
    settings: FlagSettings,
    send: (message: ServerMessage) => void,
    buffered: () => number,
  ) {
    this.#workspace = workspace;
    this.#finder = finderFor(workspace, settings);
    this.#send = send;
    this.#buffered = buffered;
    this.#index = workspace.index;
    this.#timer = setInterval(() => this.#tell(), INTERVAL);
    this.#tell();
  }

  /** As they were sent last. */
  get flags(): readonly Flag[] {
    return this.#flags;
  }

  setFlags(settings: FlagSettings): void {
    this.#finder = finderFor(this.#workspace, settings);
    this.#new = new NewFlags();
    this.#alert = null;
    this.#findFlags();
    this.#new.take(this.#flags);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const { problems, index, columns } = this.#workspace.analysis;
    for (; this.#problemsSent < problems.length; this.#problemsSent++)
      this.#send({ type: 'error', ...problems[this.#problemsSent]! });
    if (index !== this.#index) {
      this.#index = index;
      this.#send({ type: 'index', pts: [...index.pts] });
    }
    const isFirst = this.#flagsSent === null;
    if (this.#rowsFlagged < columns.length || isFirst) {
      this.#findFlags();
      const found = this.#new.take(this.#flags);
      // What was there before this viewer came is no news.
      if (!isFirst) this.#alert = found.at(-1) ?? this.#alert;
    }
    if (!this.#hasEnded) this.#sendRows();
    this.#sendAlert();
    if (this.#hasEnded && !this.#alert) this.close();
  }

  #sendAlert(): void {
    const now = performance.now();
    if (!this.#alert || now - this.#alertedAt < ALERT_INTERVAL) return;
    this.#alertedAt = now;
    this.#send({ type: 'alert', flag: this.#alert });
    this.#alert = null;
  }

  #sendRows(): void {
    const { columns, progress, index, hasEnded, shortfall } = this.#workspace.analysis;
    const done = columns.length;
    const total = hasEnded && !shortfall ? done : Math.max(done, index.pts.length);
    while (this.#buffered() < MOST_BUFFERED && (this.#rowsSent < done || hasEnded)) {
      const to = Math.min(done, this.#rowsSent + MOST_ROWS);
      const ended = hasEnded && to === done;
      this.#send({
        type: 'analysis',
        columns: encodeColumns(columns, this.#rowsSent, to),
        done,
        total,
        framesPerSecond: progress.framesPerSecond,
        secondsLeft: progress.secondsLeft(done, total),
        complete: ended && !shortfall,
        shortfall: ended ? shortfall : null,
      });
      this.#rowsSent = to;
      this.#hasEnded = ended;
      if (ended) return;
    }
  }

  #findFlags(): void {
    this.#rowsFlagged = this.#workspace.columns.length;
    this.#flags = this.#finder.read(this.#workspace.columns.forFlags);
    const text = JSON.stringify(this.#flags);
    if (text === this.#flagsSent) return;
    this.#flagsSent = text;
    this.#send({ type: 'flags', flags: this.#flags });
  }
}

function finderFor({ explainer }: Workspace, settings: FlagSettings): FlagFinder {
  return new FlagFinder(settings, degreesPerUnit(explainer.network.output));
}
