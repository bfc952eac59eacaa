import * as plain from '../backward/gradient/arithmetic.ts';
import * as compared from '../backward/gradient/comparison.ts';
import * as further from '../backward/gradient/further-activations.ts';
import { pass } from '../backward/gradient/layout.ts';
import * as quantised from '../backward/gradient/quantised.ts';
import * as angles from '../backward/gradient/trigonometry.ts';
import { explained } from './explained-operator.ts';

const arithmeticOf = { elementwise: 'arithmetic', merges: true } as const;
const scales = { ...arithmeticOf, scales: true } as const;
const bend = { elementwise: 'bend' } as const;
const bentZeros = { ...bend, keepsZeros: true } as const;
const choosing = { elementwise: 'chooses', merges: true } as const;
const ofInputs = { nonNegative: 'where its inputs are' } as const;
const always = { nonNegative: 'always' } as const;
/** Truth values are steps: nothing is passed back, and no relevance comes to them. */
const truth = explained(further.nothing, 'stop', bend);
const step = explained(further.nothing, 'activation', bend);

export const arithmetic = {
  Add: explained(plain.add, 'sum', { ...scales, ...ofInputs }),
  Sub: explained(plain.subtract, 'sum', scales),
  Mul: explained(plain.multiply, 'product', { ...scales, keepsZeros: true }),
  Div: explained(plain.divide, 'quotient', scales),
  Sum: explained(
    compared.added(() => 1),
    'sum',
    { ...arithmeticOf, ...ofInputs },
  ),
  Mean: explained(
    compared.added((inputs) => 1 / inputs),
    'sum',
    arithmeticOf,
  ),
  Max: explained(compared.chosen('Max', 'Less'), 'routing', {
    ...choosing,
    ...ofInputs,
    keepsZeros: true,
  }),
  Min: explained(compared.chosen('Min', 'Greater'), 'routing', { ...choosing, keepsZeros: true }),
  Where: explained(compared.where, 'routing', choosing),
  Pow: explained(compared.power, 'activation', bend),
  Exp: explained(further.exponential, 'activation', { ...bend, ...always }),
  Log: explained(further.logarithm, 'activation', bend),
  Sqrt: explained(further.squareRoot, 'activation', { ...bend, ...always }),
  Abs: explained(further.absolute, 'activation', { ...bend, ...always }),
  Reciprocal: explained(further.reciprocal, 'activation', bend),
  Erf: explained(further.errorFunction, 'activation', bend),
  Sin: explained(angles.sine, 'activation', bentZeros),
  Cos: explained(angles.cosine, 'activation', bend),
  Tan: explained(angles.tangent, 'activation', bentZeros),
  Asin: explained(angles.arcSine, 'activation', bentZeros),
  Acos: explained(angles.arcCosine, 'activation', { ...bend, ...always }),
  Atan: explained(angles.arcTangent, 'activation', bentZeros),
  Sinh: explained(angles.hyperbolicSine, 'activation', bentZeros),
  Cosh: explained(angles.hyperbolicCosine, 'activation', { ...bend, ...always }),
  Asinh: explained(angles.areaSine, 'activation', bentZeros),
  Acosh: explained(angles.areaCosine, 'activation', { ...bend, ...always }),
  Atanh: explained(angles.areaTangent, 'activation', bentZeros),
  Mod: explained(compared.remainder, 'activation', bend),
  CastLike: explained(pass, 'activation', {
    elementwise: 'passes',
    keepsZeros: true,
    nonNegative: 'where its first input is',
    rearranges: true,
  }),
  QuantizeLinear: explained(quantised.quantize, 'activation', { elementwise: 'passes' }),
  DequantizeLinear: explained(quantised.dequantize, 'activation', { elementwise: 'passes' }),
  Neg: explained(plain.negate, 'activation', { elementwise: 'passes', keepsZeros: true }),
  Cast: explained(pass, 'activation', {
    elementwise: 'passes',
    keepsZeros: true,
    nonNegative: 'where its inputs are',
    rearranges: true,
  }),
  Floor: step,
  Ceil: step,
  Round: step,
  Sign: step,
  Equal: truth,
  Less: truth,
  Greater: truth,
  LessOrEqual: truth,
  GreaterOrEqual: truth,
  And: truth,
  Or: truth,
  Not: truth,
  Xor: truth,
  IsNaN: truth,
  IsInf: truth,
} as const;
