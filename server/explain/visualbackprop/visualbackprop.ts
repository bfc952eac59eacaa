import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { DataType } from '../../onnx/tensor.ts';
import type { Model } from '../../onnx/graph.ts';
import { trunk, type Level } from './trunk.ts';
import { upscale } from './upscale.ts';

/** After so many levels the product of averages could leave float32's range, so it is brought back to a maximum of 1 … */
const LEVELS_BETWEEN_RESCALING = 4;
/** … unless no more than these are left, which the range still holds: the last planes are the largest. */
const LEVELS_WITHOUT_RESCALING = 2;

/**
 * Appends VisualBackProp (Bojarski et al., arXiv 1611.05418) and gives the raw mask [N,1,H,W], not yet normalised: the feature maps of every
 * level averaged over channels; from the deepest on upscaled to the level before and multiplied with it.
 *
 * Averages are taken of what the activation puts out, whatever its kind: with an ELU or a leaky rectifier they may be negative,
 * and are multiplied as they are.
 * Throws MODEL_NO_CONVOLUTION, MODEL_OPERATOR_UNSUPPORTED.
 */
export function visualBackProp(builder: GraphBuilder, model: Model, shapes: Shapes, image: string, output: string): string {
  const levels = trunk(model, shapes, image, output);
  let mask = '';
  levels.forEach((level, depth) => {
    const average = channelAverage(builder, shapes, level);
    mask = mask ? builder.node('Mul', [mask, average]) : average;
    const done = depth + 1;
    if (done % LEVELS_BETWEEN_RESCALING === 0 && levels.length - done > LEVELS_WITHOUT_RESCALING) mask = rescaled(builder, mask);
    for (const step of level.steps) mask = upscale(builder, mask, step);
  });
  return mask;
}

/** Mean over channels of feature maps, [N,1,h,w], as a product with a row of 1/C: many times faster than ReduceMean in ONNX Runtime. */
function channelAverage(builder: GraphBuilder, shapes: Shapes, level: Level): string {
  const shape = shapes.of(level.features);
  const [channels, height, width] = [1, 2, 3].map((axis) => Number(shape[level.order[axis]!])) as [number, number, number];
  let maps = builder.transpose(level.features, level.order);
  if (shapes.type(level.features) !== DataType.float) maps = builder.node('Cast', [maps], { to: DataType.float });
  const rows = builder.reshape(maps, [0, channels, height * width]);
  const weights = builder.constant({ type: DataType.float, dims: [1, channels], data: new Float32Array(channels).fill(1 / channels) }, 'average');
  return builder.reshape(builder.node('MatMul', [weights, rows]), [0, 1, height, width]);
}

function rescaled(builder: GraphBuilder, mask: string): string {
  const largest = builder.reduce('ReduceMax', builder.node('Abs', [mask]), [1, 2, 3]);
  return builder.node('Div', [mask, builder.clip(largest, SMALLEST, LARGEST)]);
}

/** Smallest normal and largest float32. */
const SMALLEST = 1.1754944e-38;
const LARGEST = 3.4028234663852886e38;

/** A range below this part of the values is float32's rounding: the mask counts as constant. */
const ROUNDING = 1e-6;

export interface NormalisedMask {
  /** mask − its minimum, [N,1,H,W] */
  readonly raised: string;
  /** 1 ÷ range of each picture's mask, [N,1,1,1]; 0 where the mask is constant. */
  readonly factor: string;
}

/** The parts of (mask − min) / (max − min), of each picture of the batch. A constant mask gives zeros and never NaN. */
export function normalised(builder: GraphBuilder, mask: string): NormalisedMask {
  const low = builder.reduce('ReduceMin', mask, [1, 2, 3]);
  const high = builder.reduce('ReduceMax', mask, [1, 2, 3]);
  const range = builder.node('Sub', [high, low]);
  // Where both ends have one sign, half their sum is the size of the values; else the range is no smaller than it.
  const rounding = builder.node('Abs', [builder.scale(builder.node('Add', [high, low]), ROUNDING / 2)]);
  const varies = builder.node('Cast', [builder.node('Greater', [range, rounding])], { to: DataType.float });
  return { raised: builder.node('Sub', [mask, low]), factor: builder.node('Div', [varies, builder.clip(range, SMALLEST, LARGEST)]) };
}

