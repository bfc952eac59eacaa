import type { Size } from '../../shared/geometry.ts';
import type { AttentionScore } from '../../shared/protocol/frame-message.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import { DataType, floatTensor } from '../onnx/tensor.ts';

/** What the scores of every method of a graph share: how far each pixel is off the road. */
export interface OffRoad {
  /** float [N, H × W], 1 off the road, 0 on it. */
  readonly plane: string;
  /** float [N, 1], its sum. */
  readonly area: string;
}

/** Appends the part of the scores that no method changes, of `road` uint8 [N, H × W], 0 or 255. */
export function appendOffRoad(builder: GraphBuilder, road: string): OffRoad {
  const outside = builder.node('Not', [builder.node('Cast', [road], { to: DataType.bool })]);
  const plane = builder.node('Cast', [outside], { to: DataType.float });
  return { plane, area: builder.reduce('ReduceSum', plane, [1]) };
}

/** The largest value of a plane that is not empty, but for float32's rounding. */
const LARGEST = 255;

/**
 * Appends the sums from which `attentionScore` makes a method's score, float [N, k], and gives k.
 * `size` is float [N, H × W], ≥ 0, its largest value 255, or all zeros. Quotients are left to the
 * reader: a node that handles one number costs as much as one that handles a thousand.
 */
export function appendScore(
  builder: GraphBuilder,
  size: string,
  off: OffRoad | null,
  grid: Size,
  output: string,
): number {
  if (!off) {
    builder.node('Identity', [builder.reduce('ReduceSum', size, [1])], {}, output);
    return 1;
  }
  const mass = builder.reduce('ReduceSum', size, [1]);
  const outside = builder.node('Mul', [size, off.plane]);
  const peakOutside = builder.reduce('ReduceMax', outside, [1]);
  const places = builder.reshape(outside, [0, grid.height, grid.width]);
  const moments = builder.reshape(
    builder.node('MatMul', [
      builder.node('MatMul', [momentsMatrix(builder, grid.height, 0), places]),
      momentsMatrix(builder, grid.width, 1),
    ]),
    [0, 4],
  );
  builder.node('Concat', [mass, off.area, peakOutside, moments], { axis: 1 }, output);
  return 7;
}

/**
 * Ones, and the centres of pixels in fractions of the side: as two rows (axis 0) or two columns.
 */
function momentsMatrix(builder: GraphBuilder, side: number, axis: 0 | 1): string {
  const data = new Float32Array(2 * side);
  for (let pixel = 0; pixel < side; pixel++) {
    data[axis === 0 ? pixel : 2 * pixel] = 1;
    data[axis === 0 ? side + pixel : 2 * pixel + 1] = (pixel + 0.5) / side;
  }
  return builder.constant(floatTensor(axis === 0 ? [2, side] : [side, 2], data), 'moments');
}

export const EMPTY_SCORE: AttentionScore = {
  mass: 0,
  onRoad: null,
  lift: null,
  peakOnRoad: null,
  offRoadX: null,
  offRoadY: null,
};

/** Differences below this part are float32's rounding. */
const ROUNDING = 1e-6;

/**
 * The score from the sums of one picture of `pixels` pixels, as `appendScore` gives them. Without
 * any road in the picture the share is 0 and the lift unknown; with road everywhere both are 1.
 * Where the largest value lies on the road and off it, it counts as off.
 */
export function attentionScore(
  sums: Float32Array,
  pixels: number,
  roadKnown: boolean,
): AttentionScore {
  const [all, area, peakOutside, outside, outsideX, outsideY] = sums as unknown as readonly [
    number,
    number?,
    number?,
    number?,
    number?,
    number?,
  ];
  if (!(all > 0 && Number.isFinite(all))) return EMPTY_SCORE;
  const mass = Math.min(1, all / (LARGEST * pixels));
  if (!roadKnown || area === undefined) return { ...EMPTY_SCORE, mass };
  const onRoad = Math.min(1, Math.max(0, 1 - outside! / all));
  const roadShare = 1 - area / pixels;
  const hasOffRoad = outside! > ROUNDING * all;
  return {
    mass,
    onRoad,
    lift: roadShare > 0 ? onRoad / roadShare : null,
    peakOnRoad: peakOutside! < LARGEST * (1 - ROUNDING) ? 1 : 0,
    offRoadX: hasOffRoad ? outsideX! / outside! : null,
    offRoadY: hasOffRoad ? outsideY! / outside! : null,
  };
}
