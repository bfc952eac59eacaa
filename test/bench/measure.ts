/** Median of numbers; NaN of none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `part` (0..1) of the values lies, by the nearest rank. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

/**
 * Times the alternatives in turn, A B C A B C …, so that a machine whose speed drifts does so for
 * all of them. Milliseconds of every round; no new round begins after `limitSeconds`.
 */
export async function interleaved(
  rounds: number,
  alternatives: readonly (() => Promise<unknown>)[],
  limitSeconds = Infinity,
): Promise<number[][]> {
  const times: number[][] = alternatives.map(() => []);
  const begin = performance.now();
  for (
    let round = 0;
    round < rounds && (round === 0 || performance.now() - begin < limitSeconds * 1000);
    round++
  ) {
    for (const [index, run] of alternatives.entries()) {
      const before = performance.now();
      await run();
      times[index]!.push(performance.now() - before);
    }
  }
  return times;
}

/** Median over the rounds of one alternative's time ÷ another's in the same round. */
export function medianRatio(numerator: readonly number[], denominator: readonly number[]): number {
  return median(numerator.map((value, round) => value / denominator[round]!));
}

/** Rows as a table with aligned columns; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  '),
    )
    .join('\n');
}
