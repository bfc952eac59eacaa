import type { Session } from './stream/session.svelte.ts';

/** Read-only counters for tests and debugging, as `window.roadgaze`; nothing in the page uses them. */
export interface TestCounters {
  /** Frame messages drawn on this page. */
  readonly painted: number;
  /** The last one drawn. */
  readonly lastPainted: { readonly frame: number; readonly pts: number; readonly sequence: number; readonly generation: number } | null;
  /** Frame messages thrown away undrawn because newer ones were ready. */
  readonly skipped: number;
}

declare global {
  interface Window {
    readonly roadgaze?: TestCounters;
  }
}

export function exposeCounters(session: Session): void {
  const counters: TestCounters = {
    get painted() {
      return session.screen.presenter.painted;
    },
    get lastPainted() {
      if (!session.screen.painted) return null;
      const { frame, pts, sequence, generation } = session.screen.painted;
      return { frame, pts, sequence, generation };
    },
    get skipped() {
      return session.screen.presenter.skipped;
    },
  };
  Object.defineProperty(window, 'roadgaze', { value: Object.freeze(counters), configurable: true });
}
