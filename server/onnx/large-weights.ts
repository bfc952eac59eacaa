import type { TensorData } from './tensor.ts';

/**
 * Weights of so many bytes or more are never copied: what reads them otherwise turned or cut reads
 * them through a node. Smaller ones are laid out as they are computed fastest.
 */
export const LARGE_WEIGHTS = 1 << 18;

export function areLarge(data: TensorData): boolean {
  return data.byteLength >= LARGE_WEIGHTS;
}
