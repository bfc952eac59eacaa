/**
 * Degrees at the wheel in one unit of a steering output; null where it is no angle: no steering
 * ratio is known that would make one of it.
 */
export function degreesPerUnit({ unit }: { readonly unit: string | null }): number | null {
  if (unit === 'rad') return 180 / Math.PI;
  return unit === 'deg' ? 1 : null;
}
