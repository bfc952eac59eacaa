/** Coverage as V8 writes it: offsets into the script, an inner range counts instead of an outer. */
export interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly endOffset: number;
      readonly count: number;
    }[];
  }[];
}

/** Start and end, start and end, …: ascending offsets into a compiled file. */
export type Ranges = readonly number[];

/** Marks in `ran` what one report says was run. */
export function markRan(ran: Uint8Array, script: ScriptCoverage): void {
  const inThis = new Uint8Array(ran.length);
  for (const { ranges } of script.functions)
    for (const { startOffset, endOffset, count } of ranges)
      inThis.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  for (let at = 0; at < ran.length; at++) ran[at]! |= inThis[at]!;
}

export function rangesOf(ran: Uint8Array): Ranges {
  const ranges: number[] = [];
  for (let at = 0; at <= ran.length; at++)
    if ((ran[at] ?? 0) !== (ran[at - 1] ?? 0)) ranges.push(at);
  return ranges;
}

/** Whether an offset lies in one of the ranges. */
export function isIn(ranges: Ranges, offset: number): boolean {
  let starts = 0;
  while (starts < ranges.length && ranges[starts]! <= offset) starts++;
  return starts % 2 === 1;
}
