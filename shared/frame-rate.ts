/** Frames a second that are believed. */
export const SLOWEST_RATE = 0.1;
export const FASTEST_RATE = 1000;

/** What a person types as frames a second. */
export const FRAME_RATE_FORM = `a number from ${SLOWEST_RATE} to ${FASTEST_RATE}, or a fraction such as 30000/1001`;

/** Frames a second as `FRAME_RATE_FORM` has it, also with a decimal comma; null: it is not one. */
export function readFrameRate(text: string): number | null {
  const [, numerator, denominator = '1'] =
    /^(\d+(?:[.,]\d+)?)(?:\/(\d+))?$/.exec(text.trim()) ?? [];
  if (numerator === undefined) return null;
  const rate = Number(numerator.replace(',', '.')) / Number(denominator);
  return rate >= SLOWEST_RATE && rate <= FASTEST_RATE ? rate : null;
}
