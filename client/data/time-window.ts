/** The visible part of the time axis, seconds since the first frame. */
export interface TimeWindow {
  readonly min: number;
  readonly max: number;
}

/** Never fewer than this many seconds are shown. */
const SHORTEST = 0.2;

/** The whole drive; a drive of one frame still gets an axis. */
export function wholeDrive(end: number, start = 0): TimeWindow {
  return { min: start, max: Math.max(end, start + SHORTEST) };
}

/** Makes the window `factor` times as long while `around` keeps its place in it. */
export function zoomed(
  window: TimeWindow,
  around: number,
  factor: number,
  end: number,
  start = 0,
): TimeWindow {
  const whole = wholeDrive(end, start);
  const length = Math.min(whole.max, Math.max(SHORTEST, (window.max - window.min) * factor));
  const share = (around - window.min) / (window.max - window.min);
  return inside({ min: around - share * length, max: around + (1 - share) * length }, whole);
}

/** Moves the window, but not beyond the drive's ends. */
export function panned(window: TimeWindow, seconds: number, end: number, start = 0): TimeWindow {
  return inside({ min: window.min + seconds, max: window.max + seconds }, wholeDrive(end, start));
}

/**
 * The window itself while it shows `time`; else turned like a page, so that `time` is near its
 * beginning.
 */
export function following(window: TimeWindow, time: number, end: number, start = 0): TimeWindow {
  if (time >= window.min && time <= window.max) return window;
  const lead = (window.max - window.min) * 0.05;
  return panned(window, time - lead - window.min, end, start);
}

/** The drive has grown at its end: a window that showed the end before goes with it. */
export function grown(window: TimeWindow, before: TimeWindow, now: TimeWindow): TimeWindow {
  if (window.max < before.max) return inside(window, now);
  return { min: now.max - (window.max - window.min), max: now.max };
}

function inside(window: TimeWindow, whole: TimeWindow): TimeWindow {
  const length = Math.min(window.max - window.min, whole.max - whole.min);
  const min = Math.min(Math.max(window.min, whole.min), whole.max - length);
  return { min, max: min + length };
}
