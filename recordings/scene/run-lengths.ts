/**
 * Masks as run lengths, row-major from the top: the first run counts zeros, then ones and zeros
 * take turns (the uncompressed runs of COCO, except that COCO goes down columns).
 */
export function encodeRuns(size: number, isSet: (index: number) => boolean): number[] {
  const runs: number[] = [];
  let value = false;
  let run = 0;
  for (let i = 0; i < size; i++) {
    if (isSet(i) === value) {
      run++;
      continue;
    }
    runs.push(run);
    value = !value;
    run = 1;
  }
  runs.push(run);
  return runs;
}

/** One byte a pixel, 0 or 1. Throws RangeError if the runs do not add up to `size`. */
export function decodeRuns(runs: readonly number[], size: number): Uint8Array {
  const mask = new Uint8Array(size);
  let at = 0;
  runs.forEach((run, index) => {
    if (index % 2 === 1) mask.fill(1, at, at + run);
    at += run;
  });
  if (at !== size) throw new RangeError(`runs add up to ${at}, not ${size}`);
  return mask;
}
