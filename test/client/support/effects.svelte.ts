import { flushSync } from 'svelte';

/**
 * Runs `make` where effects can be, as a component is; answers what it made, and how to end the
 * effects.
 */
export function withEffects<T>(make: () => T): { readonly made: T; readonly end: () => void } {
  let made: T | undefined;
  const end = $effect.root(() => {
    made = make();
  });
  flushSync();
  return { made: made as T, end };
}

/** Waits until something is so that depends on state. */
export function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = $effect.root(() => {
      $effect(() => {
        if (!isSo()) return;
        resolve();
        queueMicrotask(end);
      });
    });
  });
}

export { flushSync };
