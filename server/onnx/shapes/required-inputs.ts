/** Inputs that an operator cannot do without, from the first on; one, where it is not listed. */
const required: Readonly<Record<string, number>> = {
  Constant: 0,
  Add: 2,
  Sub: 2,
  Mul: 2,
  Div: 2,
  Pow: 2,
  Equal: 2,
  Less: 2,
  Greater: 2,
  LessOrEqual: 2,
  GreaterOrEqual: 2,
  And: 2,
  Or: 2,
  MatMul: 2,
  Gemm: 2,
  Conv: 2,
  ConvTranspose: 2,
  PRelu: 2,
  Gather: 2,
  Expand: 2,
  Reshape: 2,
  LayerNormalization: 2,
  Where: 3,
  InstanceNormalization: 3,
  BatchNormalization: 5,
};

export function requiredInputs(op: string): number {
  return Object.hasOwn(required, op) ? required[op]! : 1;
}
