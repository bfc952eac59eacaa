/**
 * A network's answers to pictures, float32, shaped and ordered like its input; the caller keeps
 * them. In the unit that the card is in: degrees at the wheel where that is known.
 */
export type Predict = (pictures: readonly Float32Array[]) => Promise<Float64Array>;

/** How far each answer is from the one to the picture as it is, whichever way. */
export function sizesOfChange(answers: Float64Array, answer: number): Float64Array {
  return answers.map((each) => Math.abs(each - answer));
}

/** NaN without any. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum / values.length;
}
