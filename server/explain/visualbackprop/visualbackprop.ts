import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import type { Model } from '../../onnx/graph.ts';
import { DataType, floatTensor, LARGEST_FLOAT } from '../../onnx/tensor.ts';
import type { FramesInBatch } from '../frames-in-batch.ts';
import { trunk, type Level } from './trunk.ts';
import { averageUndone, upscale } from './upscale.ts';

/**
 * After so many levels the product of averages could leave float32's range, so it is brought back
 * to a maximum of 1 …
 */
const LEVELS_BETWEEN_RESCALING = 4;
/**
 * … unless no more than these are left, which the range still holds: the last planes are the
 * largest.
 */
const LEVELS_WITHOUT_RESCALING = 2;

/** [N,1,H,W]; where frames of a sequence lie in the batch, one for each of them. */
export interface RawMask {
  readonly mask: string;
  readonly frames: FramesInBatch | null;
}

/**
 * Appends VisualBackProp (Bojarski et al., arXiv 1611.05418) and gives the raw mask [N,1,H,W], not
 * yet normalised: the feature maps of every level averaged over channels; from the deepest on
 * upscaled to the level before and multiplied with it.
 *
 * Averages are taken of what the activation puts out, whatever its kind: with an ELU or a leaky
 * rectifier they may be negative, and are multiplied as they are. Throws MODEL_NO_CONVOLUTION,
 * MODEL_OPERATOR_UNSUPPORTED.
 */
export function visualBackProp(
  builder: GraphBuilder,
  model: Model,
  shapes: Shapes,
  image: string,
  output: string,
): RawMask {
  const { levels, frames } = trunk(model, shapes, image, output);
  let mask = '';
  levels.forEach((level, depth) => {
    const maps = featureMaps(builder, shapes, level);
    const [nearest, ...further] = level.steps;
    let steps = further;
    if (
      nearest?.kind === 'window' &&
      (depth === 0 || maps.channels * maps.height * maps.width <= FEW_ELEMENTS)
    ) {
      // The average and the first step at once: both are sums.
      mask = averageUndone(
        builder,
        mask ? builder.node('Mul', [maps.value, mask]) : maps.value,
        maps.channels,
        nearest,
      );
    } else {
      const average = channelAverage(builder, maps);
      mask = mask ? builder.node('Mul', [mask, average]) : average;
      if (nearest) steps = [nearest, ...steps];
    }
    const done = depth + 1;
    if (done % LEVELS_BETWEEN_RESCALING === 0 && levels.length - done > LEVELS_WITHOUT_RESCALING)
      mask = rescaled(builder, mask);
    for (const step of steps) mask = upscale(builder, mask, step);
  });
  return { mask, frames };
}

/** Feature maps [N, channels, height, width], float32. */
interface FeatureMaps {
  readonly value: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

function featureMaps(builder: GraphBuilder, shapes: Shapes, level: Level): FeatureMaps {
  const shape = shapes.of(level.features);
  const [channels, height, width] = [1, 2, 3].map((axis) => Number(shape[level.order[axis]!])) as [
    number,
    number,
    number,
  ];
  const value = builder.transpose(level.features, level.order);
  return {
    value:
      shapes.type(level.features) === DataType.float
        ? value
        : builder.node('Cast', [value], { to: DataType.float }),
    channels,
    height,
    width,
  };
}

/** Of so few elements the product with the mask costs less than their average. */
const FEW_ELEMENTS = 7_000;

/**
 * Mean over channels, [N,1,h,w], as a product with a row: many times faster than ReduceMean in ONNX
 * Runtime.
 */
function channelAverage(
  builder: GraphBuilder,
  { value, channels, height, width }: FeatureMaps,
): string {
  const weights = builder.constant(
    floatTensor([1, channels], new Float32Array(channels).fill(1 / channels)),
    'average',
  );
  const rows = builder.reshape(value, [0, channels, height * width]);
  return builder.reshape(builder.node('MatMul', [weights, rows]), [0, 1, height, width]);
}

function rescaled(builder: GraphBuilder, mask: string): string {
  const largest = builder.reduce('ReduceMax', builder.node('Abs', [mask]), [1, 2, 3]);
  return builder.node('Div', [mask, builder.clip(largest, SMALLEST, LARGEST_FLOAT)]);
}

/** Smallest normal float32. */
const SMALLEST = 1.1754944e-38;

/** A range below this part of the values is float32's rounding: the mask counts as constant. */
const ROUNDING = 1e-6;

export interface NormalisedMask {
  /** mask − its minimum, [N,1,H,W] */
  readonly raised: string;
  /** 1 ÷ range of each picture's mask, [N,1,1,1]; 0 where the mask is constant. */
  readonly factor: string;
}

/**
 * The parts of (mask − min) / (max − min), of each picture of the batch. A constant mask gives
 * zeros and never NaN.
 */
export function normalised(builder: GraphBuilder, mask: string): NormalisedMask {
  const low = builder.reduce('ReduceMin', mask, [1, 2, 3]);
  const raised = builder.node('Sub', [mask, low]);
  const range = builder.reduce('ReduceMax', raised, [1, 2, 3]);
  // The size of the lowest value is that of all where they hardly differ; where they have both
  // signs, the range is no smaller than it.
  const rounding = builder.node('Abs', [builder.scale(low, ROUNDING)]);
  const varies = builder.node('Cast', [builder.node('Greater', [range, rounding])], {
    to: DataType.float,
  });
  return {
    raised,
    factor: builder.node('Div', [varies, builder.clip(range, SMALLEST, LARGEST_FLOAT)]),
  };
}
