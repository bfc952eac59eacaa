import type { Picture } from '../stream/presenter.ts';
import type { Screen } from '../stream/screen.svelte.ts';

/**
 * Read-only counters for tests and debugging, as `window.roadgaze`; nothing in the page uses them.
 */
export interface TestCounters {
  /** Frame messages drawn on this page. */
  readonly painted: number;
  /** The last one drawn. */
  readonly lastPainted: {
    readonly frame: number;
    readonly pts: number;
    readonly sequence: number;
    readonly generation: number;
  } | null;
  /** Frame messages thrown away undrawn because newer ones were ready. */
  readonly skipped: number;
}

declare global {
  interface Window {
    readonly roadgaze?: TestCounters;
  }
}

export function exposeCounters(screen: Pick<Screen<Picture>, 'painted' | 'counts'>): void {
  const counters: TestCounters = {
    get painted() {
      return screen.counts.painted;
    },
    get lastPainted() {
      if (!screen.painted) return null;
      const { frame, pts, sequence, generation } = screen.painted;
      return { frame, pts, sequence, generation };
    },
    get skipped() {
      return screen.counts.skipped;
    },
  };
  Object.defineProperty(window, 'roadgaze', { value: Object.freeze(counters), configurable: true });
}
