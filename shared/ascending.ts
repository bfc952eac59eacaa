/** Index of the first entry ≥ `value` in an ascending list; its length when there is none. */
export function firstAtOrAfter(list: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Index of the entry nearest to `value` in an ascending list, the first of two that are equally
 * near; 0 for an empty one.
 */
export function nearest(list: ArrayLike<number>, value: number): number {
  const after = Math.min(firstAtOrAfter(list, value), Math.max(0, list.length - 1));
  return after > 0 && value - list[after - 1]! <= list[after]! - value ? after - 1 : after;
}
