import { flushSync } from 'svelte';

/** Runs `make` where effects can be, as a component is; answers what it made, and how to end the effects. */
export function withEffects<T>(make: () => T): { readonly made: T; readonly end: () => void } {
  let made: T | undefined;
  const end = $effect.root(() => {
    made = make();
  });
  flushSync();
  return { made: made as T, end };
}

export { flushSync };
