import type { ErrorReport } from '../../shared/errors.ts';

export interface ShownError extends ErrorReport {
  readonly id: number;
}

/** What went wrong lately, until somebody has read it: at most three errors, each once. */
export class ErrorList {
  shown = $state.raw<readonly ShownError[]>([]);
  #count = 0;

  show({ code, message, hint }: ErrorReport): void {
    const others = this.shown.filter((error) => error.code !== code || error.message !== message);
    this.shown = [...others.slice(-2), { id: ++this.#count, code, message, hint }];
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((error) => error.id !== id);
  }

  clear(): void {
    this.shown = [];
  }
}
