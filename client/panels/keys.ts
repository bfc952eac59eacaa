import type { KeyBinding } from '../state/bindings.ts';

/** Elements that need the keys themselves. */
const TYPING = 'input:not([type=range]), select, textarea, [contenteditable]';
const RANGE_KEYS = new Set([
  'arrowleft',
  'arrowright',
  'arrowup',
  'arrowdown',
  'home',
  'end',
  'pageup',
  'pagedown',
]);

/**
 * Runs the binding of a key press, if there is one and nothing that has the focus wants the key for
 * itself.
 */
export function handleKey(event: KeyboardEvent, bindings: readonly KeyBinding[]): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  // It closes what lies over the page first; the browser does that.
  if (key === 'escape' && document.querySelector(':popover-open')) return;
  const focused = event.target instanceof Element ? event.target : null;
  if (focused?.matches(TYPING)) return;
  if (focused?.matches('input[type=range]') && RANGE_KEYS.has(key)) return;
  if (focused?.matches('button, a, summary') && (key === ' ' || key === 'enter')) return;
  const binding = bindings.find(
    (candidate) =>
      candidate.keys.includes(key) &&
      (candidate.shift === undefined || candidate.shift === event.shiftKey),
  );
  if (!binding) return;
  event.preventDefault();
  binding.run(key);
}

/**
 * A button clicked by mouse gives the focus back, so that the next space plays instead of clicking
 * it again.
 */
export function releaseFocus(event: MouseEvent): void {
  if (event.detail === 0 || !(event.target instanceof Element)) return;
  const control = event.target.closest<HTMLElement>('button, input[type=range]');
  if (control && !control.closest('.help, .keeps-focus')) control.blur();
}
