/**
 * Calls `act` with the newest value: the first time at once, then at most once in `interval` ms,
 * and always with the last one.
 */
export function throttle<T>(interval: number, act: (value: T) => void): (value: T) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: { readonly value: T } | null = null;
  const rest = () => {
    timer = undefined;
    if (waiting) go(waiting.value);
  };
  const go = (value: T) => {
    waiting = null;
    timer = setTimeout(rest, interval);
    act(value);
  };
  return (value) => {
    if (timer === undefined) go(value);
    else waiting = { value };
  };
}
