import { untrack } from 'svelte';
import { sampleAt } from '../../shared/sample-at.ts';
import {
  NOTICED_OFFSET,
  type LogAnswers,
  type LogCurveMessage,
  type OffsetProposal,
} from '../../shared/protocol/steering-messages.ts';
import type { SteeringSignal } from '../../shared/steering.ts';
import { readingOfLog, type LogReading } from '../data/log-reading.ts';
import type { Analysis } from '../stream/analysis.svelte.ts';
import { pictureKey, type OpenDrive } from '../stream/open-drive.svelte.ts';
import type { Opener } from '../stream/opener.ts';
import type { Request, Requests } from '../stream/requests.ts';

/** A signal as it was logged. */
export interface LogCurve {
  readonly signal: SteeringSignal;
  /** Seconds of the video's clock, without an offset. */
  readonly times: Float64Array;
  /** In the signal's own unit and sign; NaN ends a line. */
  readonly values: Float64Array;
  /** Largest size of the values; 0 where there is none. */
  readonly largest: number;
  readonly proposal: OffsetProposal | null;
  readonly reason: string | null;
}

const NOTHING_SAID: Required<LogAnswers> = {
  unit: null,
  positive: null,
  offset: null,
  column: null,
  angleOf: null,
  ratio: null,
};
const LARGEST_OFFSET = 1e6;
/** Frames by which the mean error is taken while the log is slid. */
const MOST_FRAMES = 4000;

interface Parts {
  readonly drive: OpenDrive;
  readonly analysis: Analysis;
  readonly opener: Pick<Opener, 'sayOfLog'>;
  readonly requests: Pick<Requests, 'submit'>;
}

/**
 * The log against the network: which signal, in which unit, on whose clock. What is changed here is
 * seen at once, and counts once it is kept.
 */
export class LogStrip {
  curve = $state.raw<LogCurve | null>(null);
  /** Why there is no curve. */
  failure = $state<string | null>(null);
  /** What would be kept. */
  draft = $state.raw<Required<LogAnswers>>(NOTHING_SAID);
  /** Sent, and not answered yet. */
  isSaving = $state(false);
  /** Whether a person opened or closed it; null: neither. */
  #wish = $state<boolean | null>(null);
  #request: Request | null = null;
  #shownOn: string | null = null;
  readonly #parts: Parts;

  /** How the log is read; null where there is none with signals. */
  readonly logged = $derived.by(() => {
    const steering = this.#parts.drive.recording?.steering;
    const some = steering && (steering.taken ?? steering.candidates[0] ?? steering.others[0]);
    return steering && some ? steering : null;
  });
  /** Something must be said before what was driven can be compared. */
  readonly asks = $derived.by(() => {
    const log = this.#parts.drive.recording?.log;
    return Boolean(log?.asksForUnit || log?.asksForRatio);
  });
  readonly isOpen = $derived(this.logged !== null && (this.#wish ?? this.asks));
  readonly signal = $derived(this.curve?.signal ?? this.logged?.taken ?? null);
  readonly reading = $derived.by((): LogReading | null => {
    const { opened } = this.#parts.drive;
    return this.signal && this.logged && opened
      ? readingOfLog(this.signal, this.draft, this.logged, opened.network)
      : null;
  });
  /** What keeping would change. */
  readonly changes = $derived.by((): LogAnswers => {
    const said = this.logged?.said ?? NOTHING_SAID;
    return Object.fromEntries(
      Object.entries(this.draft).filter(
        ([field, value]) => said[field as keyof LogAnswers] !== value,
      ),
    );
  });
  readonly isChanged = $derived(Object.keys(this.changes).length > 0);
  readonly offset = $derived(this.draft.offset ?? 0);
  /** A proposal that differs from the draft so far that a person is to look. */
  readonly news = $derived.by((): OffsetProposal | null => {
    const proposal = this.curve?.proposal;
    if (!proposal) return null;
    const isFlipped = (this.draft.positive ?? this.signal?.positive) !== this.#positiveNow;
    const flips = proposal.flip !== isFlipped;
    return flips || Math.abs(proposal.offset - this.offset) >= NOTICED_OFFSET ? proposal : null;
  });
  /** Mean size of the error as it would be, as it is shown; NaN where it is not known. */
  readonly meanError = $derived.by(() => {
    void this.#parts.analysis.version;
    const { columns } = this.#parts.analysis;
    const factor = this.reading?.factor ?? null;
    if (!columns || !this.curve || factor === null) return NaN;
    const shown = columns.toDisplay(factor);
    const steering = columns.of('steering');
    let [sum, count] = [0, 0];
    const by = Math.max(1, Math.ceil(columns.frames / MOST_FRAMES));
    for (let frame = 0; frame < columns.frames; frame += by) {
      const driven = this.#loggedAt((columns.time[frame] ?? NaN) + columns.origin) * shown;
      const error = Math.abs((steering[frame] as number) - driven);
      if (Number.isNaN(error)) continue;
      sum += error;
      count++;
    }
    return count > 0 ? sum / count : NaN;
  });

  constructor(parts: Parts) {
    this.#parts = parts;
    const { drive } = parts;
    drive.begun.on(({ opened }) => {
      const key = pictureKey(opened);
      const isSame = key === this.#shownOn;
      this.#shownOn = key;
      this.#request = null;
      if (!isSame) {
        this.#wish = null;
        this.curve = null;
        this.failure = null;
      }
      // What somebody is changing stays when only methods or the network are others.
      if (!isSame || this.isSaving) this.reset();
      this.isSaving = false;
    });
    drive.refused.on(() => (this.isSaving = false));
  }

  /** The side that counts as positive now, by what is kept. */
  get #positiveNow(): 'left' | 'right' | undefined {
    return this.logged?.said.positive ?? this.signal?.positive;
  }

  open(): void {
    this.#wish = true;
  }

  close(): void {
    this.#wish = false;
    this.reset();
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  /** As it is kept. */
  reset(): void {
    const column = this.draft.column;
    this.draft = this.logged?.said ?? NOTHING_SAID;
    if (this.draft.column !== column) this.ask();
  }

  change(answers: LogAnswers): void {
    this.draft = { ...this.draft, ...answers };
  }

  /** null: the reader's own choice. */
  chooseSignal(name: string | null): void {
    // What was said of another signal's unit and side is not known of this one.
    this.change({ column: name, unit: null, positive: null, angleOf: null });
    this.ask();
  }

  move(seconds: number): void {
    const offset = Math.max(-LARGEST_OFFSET, Math.min(LARGEST_OFFSET, seconds));
    this.change({ offset: Math.round(offset * 1000) / 1000 || null });
  }

  flip(): void {
    const positive = (this.draft.positive ?? this.signal?.positive) === 'left' ? 'right' : 'left';
    const isUntold = positive === this.signal?.positive && this.logged?.said.positive === null;
    this.change({ positive: isUntold ? null : positive });
  }

  takeProposal(): void {
    const proposal = this.curve?.proposal;
    if (!proposal) return;
    this.move(proposal.offset);
    const isFlipped = (this.draft.positive ?? this.signal?.positive) !== this.#positiveNow;
    if (proposal.flip !== isFlipped) this.flip();
  }

  keep(): void {
    if (!this.isChanged || !this.#parts.drive.isReady) return;
    this.isSaving = true;
    // It was opened, or it would close once nothing is asked any more.
    this.#wish = true;
    this.#parts.opener.sayOfLog(this.changes);
  }

  /** Asks the server for the signal of the draft, and what it proposes by the rows so far. */
  ask(): void {
    if (!this.logged || !this.#parts.drive.isReady) return;
    const { column } = this.draft;
    if (column === null && this.logged.taken === null) return;
    const request: Request = {
      message: (number) => ({ type: 'log-curve', request: number, column }),
      progress: () => {},
      answered: (answer) => {
        if (answer.type === 'log-curve' && this.#request === request) this.#take(answer);
      },
      failed: (reason) => {
        if (this.#request === request) this.failure = reason;
      },
      forgotten: () => {},
    };
    this.#request = request;
    this.#parts.requests.submit(request);
  }

  #take({ signal, times, values, proposal, reason }: LogCurveMessage): void {
    const numbers = Float64Array.from(values, (value) => value ?? NaN);
    const largest = numbers.reduce(
      (most, value) => (Math.abs(value) > most ? Math.abs(value) : most),
      0,
    );
    this.failure = null;
    this.curve = {
      signal,
      times: Float64Array.from(times),
      values: numbers,
      largest,
      proposal,
      reason,
    };
  }

  #loggedAt(pts: number): number {
    return this.curve ? sampleAt(this.curve.times, this.curve.values, pts - this.offset) : NaN;
  }
}

/**
 * An effect: the curve is there while the strip is open, and once all rows are, so that a proposal
 * is told also where nobody looks.
 */
export function followLog(
  strip: LogStrip,
  { drive, analysis }: Pick<Parts, 'drive' | 'analysis'>,
): void {
  let asked: { readonly opened: unknown; readonly isWhole: boolean } | null = null;
  $effect(() => {
    const isWhole = analysis.progress?.complete ?? false;
    const { opened } = drive;
    if (!drive.isReady || strip.logged === null || !(strip.isOpen || isWhole)) return;
    if (asked?.opened === opened && asked.isWhole === isWhole) return;
    asked = { opened, isWhole };
    untrack(() => strip.ask());
  });
}
