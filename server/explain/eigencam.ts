import { scalar, DataType } from '../onnx/tensor.ts';
import type { ExplanationContext } from './compiled-method.ts';
import type { FeatureMaps } from './layer-features.ts';

/** 2^this many steps of the power method: patterns whose sizes differ by 3 % are told apart. */
const SQUARINGS = 9;
/** Chooses among places of the same size the first one. */
const FIRST = 1e-4;

/**
 * EigenCAM (Muhammad & Yeasin 2020, as pytorch-grad-cam has it): the features, each channel less its
 * mean, projected onto their first principal direction v: u = X v with X [h·w,C]. It does not depend
 * on the output. Its sign, which the decomposition leaves open, makes the largest size positive.
 */
export function eigenCam(
  context: ExplanationContext,
  { features, channels, height, width }: FeatureMaps,
) {
  const { builder } = context;
  const places = height * width;
  const flat = builder.reshape(features, [0, channels, places]);
  const centred = builder.node('Sub', [flat, builder.reduce('ReduceMean', flat, [2])]);
  const turned = builder.node('Transpose', [centred], { perm: [0, 2, 1] });
  // X Xᵀ and Xᵀ X have the same sizes; the smaller one is multiplied by itself.
  const isByPlace = places <= channels;
  let power = builder.node('MatMul', isByPlace ? [turned, centred] : [centred, turned]);
  for (let squaring = 0; squaring <= SQUARINGS; squaring++) {
    const largest = largestSize(context, power);
    power = builder.node('Div', [power, largest]);
    if (squaring < SQUARINGS) power = builder.node('MatMul', [power, power]);
  }
  // Every column is the direction sought, times one of its own elements; the largest is the surest.
  const order = isByPlace ? places : channels;
  const identity = new Float32Array(order * order);
  const fading = new Float32Array(order);
  for (let at = 0; at < order; at++) {
    identity[at * order + at] = 1;
    fading[at] = 1 - (FIRST * at) / order;
  }
  const diagonal = builder.node('Mul', [
    builder.reduce(
      'ReduceSum',
      builder.node('Mul', [
        power,
        builder.constant({ dims: [1, order, order], type: DataType.float, data: identity }),
      ]),
      [2],
    ),
    builder.constant({ dims: [1, order, 1], type: DataType.float, data: fading }),
  ]);
  const below = builder.node('Less', [diagonal, builder.reduce('ReduceMax', diagonal, [1])]);
  const chosen = builder.node('Cast', [builder.node('Not', [below])], { to: DataType.float });
  const column = builder.node('MatMul', [power, chosen]);
  const length = builder.node('Sqrt', [
    builder.reduce('ReduceSum', builder.node('Mul', [column, column]), [1]),
  ]);
  const direction = builder.node('Div', [column, orTiny(context, length)]);
  const projected = isByPlace
    ? // u = σ times the direction among places, and σ = |Xᵀ direction|.
      builder.node('Mul', [
        direction,
        builder.node('Sqrt', [
          builder.reduce(
            'ReduceSum',
            squareOf(context, builder.node('MatMul', [centred, direction])),
            [1],
          ),
        ]),
      ])
    : builder.node('MatMul', [turned, direction]);
  const [most, least] = [
    builder.reduce('ReduceMax', projected, [1]),
    builder.reduce('ReduceMin', projected, [1]),
  ];
  // 1 or −1: whether the highest value is at least as far from zero as the lowest one.
  const isTurned = builder.node(
    'Cast',
    [builder.node('Less', [builder.node('Add', [most, least]), builder.constant(scalar(0))])],
    { to: DataType.float },
  );
  const sign = builder.node('Sub', [builder.constant(scalar(1)), builder.scale(isTurned, 2)]);
  return builder.reshape(builder.node('Mul', [projected, sign]), [0, 1, height, width]);
}

function squareOf({ builder }: ExplanationContext, value: string): string {
  return builder.node('Mul', [value, value]);
}

/** Keeps zeros from dividing zeros. */
function orTiny({ builder }: ExplanationContext, value: string): string {
  return builder.node('Add', [value, builder.constant(scalar(1e-30))]);
}

/** The largest size in each matrix of [N,n,n], [N,1,1], never 0. */
function largestSize(context: ExplanationContext, matrices: string): string {
  const { builder } = context;
  return orTiny(context, builder.reduce('ReduceMax', builder.node('Abs', [matrices]), [1, 2]));
}
