/** Ranks from 1; equal values share the mean of theirs. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, index) => index).sort(
    (a, b) => values[a]! - values[b]!,
  );
  const ranks = new Float64Array(values.length);
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1]!] === values[order[first]!]) last++;
    for (let index = first; index <= last; index++) ranks[order[index]!] = (first + last) / 2 + 1;
    first = last + 1;
  }
  return ranks;
}

/** Spearman's rank correlation; NaN where one side is all the same. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ranksA, ranksB] = [ranksOf(a), ranksOf(b)];
  const middle = (ranksA.length + 1) / 2;
  let [together, sizeA, sizeB] = [0, 0, 0];
  for (let index = 0; index < ranksA.length; index++) {
    const [x, y] = [ranksA[index]! - middle, ranksB[index]! - middle];
    together += x * y;
    sizeA += x * x;
    sizeB += y * y;
  }
  return together / Math.sqrt(sizeA * sizeB);
}
