import type { PictureGrid } from '../explain/iterative/picture-grid.ts';
import type { Fill } from './fills.ts';
import { localisation } from './localisation.ts';
import type { FillGain, FrameScore } from './map-scores.ts';
import { runTask, type RunTask } from './picture-tasks.ts';
import { mean, type Predict } from './predict.ts';
import { salientClass, shiftsOf, slopeOf, type ShiftedPart } from './shift-experiment.ts';
import { flipCurves, reachOfCurves, symmetricGain } from './symmetric-relevance-gain.ts';

export interface MeasuresRequest {
  readonly picture: Float32Array;
  readonly grid: PictureGrid;
  /** The network's answer to the picture. */
  readonly answer: number;
  readonly plane: Float32Array;
  readonly road: Uint8Array | null;
  readonly fills: readonly Fill[];
  readonly seed: number;
  /** Slope of the whole picture: the same for every map. */
  readonly whole: number;
}

/** What one map of one picture is worth, by changing the picture. `run` may work elsewhere. */
export async function measureMap(
  predict: Predict,
  { picture, grid, answer, plane, road, fills, seed, whole }: MeasuresRequest,
  run: RunTask = runTask,
): Promise<FrameScore> {
  const gains = new Map<Fill, FillGain>();
  for (const fill of fills) {
    const request = { picture, grid, plane, fill, seed, answer };
    const curves = await flipCurves(predict, request, (flip) => run('flip', flip));
    gains.set(fill, { gain: symmetricGain(curves), reach: reachOfCurves(curves), curves });
  }
  const salient = salientClass(plane, grid);
  const of = { picture, grid, salient, answer };
  return {
    gains,
    shift: {
      salient: await shiftSlope(predict, { ...of, which: 'salient' }, run),
      rest: await shiftSlope(predict, { ...of, which: 'rest' }, run),
      whole,
      area: mean(salient),
    },
    ...(road ? localisation(plane, road, seed) : { mass: null, rank: null }),
  };
}

interface SlopeRequest {
  readonly picture: Float32Array;
  readonly grid: PictureGrid;
  readonly salient: Uint8Array;
  readonly which: ShiftedPart;
  readonly answer: number;
}

/** Change of the answer for each pixel to the right by which a part of the picture is shifted. */
export async function shiftSlope(
  predict: Predict,
  { answer, ...request }: SlopeRequest,
  run: RunTask = runTask,
): Promise<number> {
  const answers = await predict(await run('shift', request));
  return slopeOf(
    shiftsOf(request.grid),
    answers.map((each) => each - answer),
  );
}
