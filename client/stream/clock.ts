/** Time as the page has it. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number;
  /** Calls `act` once, just before the screen is drawn the next time. */
  readonly nextFrame: (act: () => void) => void;
}
