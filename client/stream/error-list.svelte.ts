import type { ErrorReport } from '../../shared/errors.ts';

export interface ShownError extends ErrorReport {
  readonly id: number;
  /** The recording that can be opened once its frame rate is said; null: none. */
  readonly asksRateOf: string | null;
}

/** What went wrong lately, until somebody has read it: at most three errors, each once. */
export class ErrorList {
  shown = $state.raw<readonly ShownError[]>([]);
  #count = 0;

  /** `recording`: the one that cannot be opened for it. */
  show({ code, message, hint }: ErrorReport, recording: string | null = null): void {
    const others = this.shown.filter((error) => error.code !== code || error.message !== message);
    const asksRateOf = code === 'VIDEO_RATE_UNKNOWN' ? recording : null;
    this.shown = [...others.slice(-2), { id: ++this.#count, code, message, hint, asksRateOf }];
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((error) => error.id !== id);
  }

  clear(): void {
    this.shown = [];
  }
}
