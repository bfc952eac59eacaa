/**
 * Runs `work` for each item, so many at once; results in the items' order. After a failure, or when
 * the signal is aborted, none is begun any more, and those under way are waited for.
 */
export async function severalAtOnce<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        signal.throwIfAborted();
        results[index] = await work(items[index]!, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(
    Array.from({ length: Math.min(atOnce, items.length) }, lane),
  );
  for (const each of lanes) if (each.status === 'rejected') throw each.reason;
  return results;
}
