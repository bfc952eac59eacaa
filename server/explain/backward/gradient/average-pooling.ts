import { intAttribute } from '../../../onnx/attributes.ts';
import { extent, windowOf } from '../../../onnx/windows.ts';
import { unsupported, type BackwardRule } from '../rule.ts';
import { floatConstant } from '../values.ts';

type Pair = readonly [number, number];

/**
 * Every pixel under a window gets the window's signal ÷ the number of pixels that the window
 * averaged.
 */
export const averagePool: BackwardRule = (step) => {
  const { builder, shapes, node } = step;
  const [, channels] = shapes.of(node.inputs[0]!);
  const from = shapes.of(node.inputs[0]!).slice(2).map(Number) as [number, number];
  const to = shapes.of(node.outputs[0]!).slice(2).map(Number) as [number, number];
  const window = windowOf(node, from);
  if (!window) throw unsupported(step, 'its window makes no sense');
  const { kernel, strides, dilations, pads } = window;
  const countsPadding = intAttribute(node, 'count_include_pad', 0) === 1;
  const perAxis = [0, 1].map((axis) =>
    Array.from({ length: to[axis]! }, (_, at) => {
      const start = at * strides[axis]! - pads[axis]!;
      return Array.from(
        { length: kernel[axis]! },
        (_, tap) => start + tap * dilations[axis]!,
      ).filter((position) =>
        countsPadding
          ? position < from[axis]! + pads[axis + 2]!
          : position >= 0 && position < from[axis]!,
      ).length;
    }),
  );
  const shares = Float32Array.from(
    perAxis[0]!.flatMap((rows) => perAxis[1]!.map((columns) => 1 / (rows * columns))),
  );
  const shared = builder.node('Mul', [
    step.arriving(0)!,
    floatConstant(step, [1, 1, ...to], shares, 'share'),
  ]);
  const planes = builder.reshape(shared, [-1, 1, ...to]);
  // What padding does not explain lies behind the last window, or (with ceil_mode) before its end.
  const missing = [0, 1].map(
    (axis) =>
      from[axis]! -
      ((to[axis]! - 1) * strides[axis]! +
        extent(kernel[axis]!, dilations[axis]!) -
        pads[axis]! -
        pads[axis + 2]!),
  ) as unknown as Pair;
  const spread = builder.node('ConvTranspose', [planes, builder.ones([1, 1, ...kernel])], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: [
      pads[0],
      pads[1],
      pads[2] + Math.max(0, -missing[0]),
      pads[3] + Math.max(0, -missing[1]),
    ],
    ...(missing.some((rows) => rows > 0)
      ? { output_padding: missing.map((rows) => Math.max(0, rows)) }
      : {}),
  });
  return [builder.reshape(spread, [-1, Number(channels), ...from])];
};

export const globalAveragePool: BackwardRule = (step) => {
  const sizes = step.shapes.of(step.node.inputs[0]!).slice(2).map(Number);
  const pixels = sizes.reduce((product, size) => product * size, 1);
  return [
    step.builder.node('Mul', [
      step.arriving(0)!,
      floatConstant(step, [1, 1, ...sizes], new Float32Array(pixels).fill(1 / pixels), 'share'),
    ]),
  ];
};
