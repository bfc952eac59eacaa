import type { ProviderName, WorkerSettings } from './session-chain.ts';

/**
 * On the CPU four frames at once cost a sixth less each than one; more than that fall out of the
 * processor's caches on large pictures. A GPU takes little longer for eight frames than for one.
 */
export const MAX_BATCH: Readonly<Record<ProviderName, number>> = { cpu: 4, cuda: 8, webgpu: 8 };

/**
 * A frame that takes longer than this is not hurried by a batch, and many of them would hold up the
 * start.
 */
export const SLOW_MS = 100;

/**
 * How many of the waiting frames go in one batch. A GPU's provider looks for its algorithms anew
 * for every batch size, a tenth of a second each: there, only powers of two.
 */
export function batchOf(
  waiting: number,
  { provider, maxBatch }: Pick<WorkerSettings, 'provider' | 'maxBatch'>,
): number {
  const most = Math.min(waiting, maxBatch);
  return provider === 'cpu' ? most : 2 ** Math.floor(Math.log2(most));
}
