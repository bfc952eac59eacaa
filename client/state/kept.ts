/** What a browser keeps from one visit to the next; as `localStorage`, which can also refuse. */
export interface KeptTexts {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
}

/**
 * The fields that were kept under a key, of any type; none where there is nothing that can be read.
 */
export function readKept(kept: KeptTexts, key: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(kept.getItem(key) ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function keep(kept: KeptTexts, key: string, value: object): void {
  try {
    kept.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing (private window) still works.
  }
}
