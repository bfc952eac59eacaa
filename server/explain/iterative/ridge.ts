/** Rows of `features` numbers each, with a target and a weight per row. */
export interface Regression {
  readonly rows: Float64Array;
  readonly features: number;
  readonly targets: Float64Array;
  readonly weights: Float64Array;
  /** Penalty on the squared coefficients; the intercept is free. */
  readonly penalty: number;
}

/**
 * Coefficients that minimise Σ w (y − a − x·β)² + penalty·‖β‖², by the normal equations of the
 * centred data and a Cholesky factorisation.
 */
export function ridge({ rows, features, targets, weights, penalty }: Regression): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const means = new Float64Array(features);
  // Counted from the first target, so that targets which are all the same give exactly zero.
  const origin = targets[0]!;
  let targetMean = 0;
  for (const [row, weight] of weights.entries()) {
    for (let feature = 0; feature < features; feature++)
      means[feature]! += (weight * rows[row * features + feature]!) / total;
    targetMean += (weight * (targets[row]! - origin)) / total;
  }
  const matrix = new Float64Array(features * features);
  const right = new Float64Array(features);
  const centred = new Float64Array(features);
  for (const [row, weight] of weights.entries()) {
    for (let feature = 0; feature < features; feature++)
      centred[feature] = rows[row * features + feature]! - means[feature]!;
    for (let i = 0; i < features; i++) {
      const scaled = weight * centred[i]!;
      right[i]! += scaled * (targets[row]! - origin - targetMean);
      for (let j = 0; j <= i; j++) matrix[i * features + j]! += scaled * centred[j]!;
    }
  }
  // A feature that never changes has a zero row: a last trace of penalty keeps the matrix positive
  // definite.
  for (let feature = 0; feature < features; feature++)
    matrix[feature * features + feature]! += Math.max(penalty, 1e-9 * total);
  return solve(matrix, right, features);
}

/**
 * Solves the symmetric positive definite system given by its lower triangle, row by row; overwrites
 * both.
 */
function solve(lower: Float64Array, right: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      lower[i * size + j] = i === j ? Math.sqrt(sum) : sum / lower[j * size + j]!;
    }
  }
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) right[i]! -= lower[i * size + k]! * right[k]!;
    right[i]! /= lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) right[i]! -= lower[k * size + i]! * right[k]!;
    right[i]! /= lower[i * size + i]!;
  }
  return right;
}
