import type { FrameIndex } from '../video/frame-source.ts';
import type { KeptChecks } from './flag-checks.ts';
import type { RowSeries } from './row-series.ts';

export interface KeptAnalysis {
  readonly rows: RowSeries;
  /** What was said of the log that they were driven by. */
  readonly log: string;
  /** As decoding found it. */
  readonly index: FrameIndex;
  /** Grows as flags are checked. */
  readonly checks: KeptChecks;
}

const MOST_BYTES = 64 << 20;

/**
 * Complete analyses, so that what was analysed once is not analysed again; the least recently used
 * leaves first.
 */
export class KeptAnalyses {
  readonly #kept = new Map<string, KeptAnalysis>();
  readonly #running = new Map<string, RowSeries>();
  #bytes = 0;

  get(key: string): KeptAnalysis | undefined {
    const found = this.#take(key);
    if (found) this.put(key, found);
    return found;
  }

  /** The rows so far of an analysis that is still running; null: none is. */
  running(key: string): RowSeries | null {
    return this.#running.get(key) ?? null;
  }

  /** Its rows can be had by `running` until the answer is called. */
  began(key: string, rows: RowSeries): () => void {
    this.#running.set(key, rows);
    return () => {
      if (this.#running.get(key) === rows) this.#running.delete(key);
    };
  }

  put(key: string, analysis: KeptAnalysis): void {
    this.#take(key);
    this.#kept.set(key, analysis);
    this.#bytes += analysis.rows.bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MOST_BYTES) return;
      this.#take(oldest);
    }
  }

  #take(key: string): KeptAnalysis | undefined {
    const found = this.#kept.get(key);
    if (!found) return undefined;
    this.#kept.delete(key);
    this.#bytes -= found.rows.bytes;
    return found;
  }
}
