import { asked, cast, combine, unary, where } from '../shapes/elementwise.ts';
import { castLike, dequantize, quantize } from '../shapes/picking.ts';
import { DataType } from '../tensor.ts';
import {
  folded,
  foldedAdd,
  foldedCast,
  foldedDiv,
  foldedEach,
  foldedEqual,
  foldedGreater,
  foldedGreaterOrEqual,
  foldedLess,
  foldedLessOrEqual,
  foldedMod,
  foldedMul,
  foldedNumbers,
  foldedSub,
  foldedWhere,
} from './fold-elementwise.ts';
import { operator } from './operator.ts';

const sum = { inputs: 2, memory: 'over its input', passesMaps: true } as const;
const bends = { bends: true } as const;
const inPlace = { ...bends, memory: 'over its input' } as const;
const two = { inputs: 2 } as const;
const truth = combine(DataType.bool);
const truthOf = (value: boolean) => (value ? 1 : 0);

/** Banker's rounding: halves go to the even neighbour. */
const toEven = (x: number) => {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
};

export const arithmetic = {
  Add: operator(combine(), foldedAdd, { ...sum, inBlocks: 'by all inputs' }),
  Sub: operator(combine(), foldedSub, sum),
  Mul: operator(combine(), foldedMul, { ...sum, inBlocks: 'by all inputs', bends: true }),
  Div: operator(combine(), foldedDiv, { ...sum, bends: true }),
  Pow: operator(
    combine(),
    foldedNumbers((a, b) => a ** b),
    { ...two, ...bends },
  ),
  Max: operator(
    combine(),
    foldedNumbers((a, b) => Math.max(a, b)),
    bends,
  ),
  Min: operator(
    combine(),
    foldedNumbers((a, b) => Math.min(a, b)),
    bends,
  ),
  Sum: operator(combine(), foldedAdd),
  Mean: operator(combine(), null),
  Exp: operator(unary, foldedEach(Math.exp), inPlace),
  Log: operator(unary, foldedEach(Math.log), bends),
  Sqrt: operator(unary, foldedEach(Math.sqrt), inPlace),
  Abs: operator(unary, foldedEach(Math.abs, true), inPlace),
  Neg: operator(
    unary,
    foldedEach((x) => -x),
    { memory: 'over its input' },
  ),
  Reciprocal: operator(
    unary,
    foldedEach((x) => 1 / x),
    bends,
  ),
  Erf: operator(unary, null, bends),
  Sin: operator(unary, foldedEach(Math.sin), bends),
  Cos: operator(unary, foldedEach(Math.cos), bends),
  Tan: operator(unary, foldedEach(Math.tan), bends),
  Asin: operator(unary, foldedEach(Math.asin), bends),
  Acos: operator(unary, foldedEach(Math.acos), bends),
  Atan: operator(unary, foldedEach(Math.atan), bends),
  Sinh: operator(unary, foldedEach(Math.sinh), bends),
  Cosh: operator(unary, foldedEach(Math.cosh), bends),
  Asinh: operator(unary, foldedEach(Math.asinh), bends),
  Acosh: operator(unary, foldedEach(Math.acosh), bends),
  Atanh: operator(unary, foldedEach(Math.atanh), bends),
  Mod: operator(combine(), foldedMod, { ...two, ...bends }),
  Floor: operator(unary, foldedEach(Math.floor, true)),
  Ceil: operator(unary, foldedEach(Math.ceil, true)),
  Round: operator(unary, foldedEach(toEven, true)),
  Sign: operator(unary, foldedEach(Math.sign)),
  Cast: operator(cast, foldedCast),
  CastLike: operator(castLike, foldedCast, two),
  DequantizeLinear: operator(dequantize, null, two),
  QuantizeLinear: operator(quantize, null, two),
  Equal: operator(truth, foldedEqual, two),
  Less: operator(truth, foldedLess, two),
  Greater: operator(truth, foldedGreater, two),
  LessOrEqual: operator(truth, foldedLessOrEqual, two),
  GreaterOrEqual: operator(truth, foldedGreaterOrEqual, two),
  And: operator(
    truth,
    folded((a, b) => truthOf(a !== 0 && b !== 0)),
    two,
  ),
  Or: operator(
    truth,
    folded((a, b) => truthOf(a !== 0 || b !== 0)),
    two,
  ),
  Xor: operator(
    truth,
    folded((a, b) => truthOf((a !== 0) !== (b !== 0))),
    two,
  ),
  IsNaN: operator(
    asked,
    foldedEach((x) => truthOf(Number.isNaN(x))),
  ),
  IsInf: operator(asked, null),
  Not: operator(
    unary,
    foldedEach((x) => truthOf(x === 0)),
  ),
  Where: operator(where, foldedWhere, { inputs: 3, bends: true }),
} as const;
