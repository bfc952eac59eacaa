import { intAttribute } from '../attributes.ts';
import { recurrent as shape } from '../shapes/recurrent.ts';
import type { AlongBatch } from './along-batch.ts';
import { operator } from './operator.ts';

/** Steps lie on one of the first two axes, pictures on the other. */
const alongSteps: AlongBatch = (node, [axes]) => {
  const batch = intAttribute(node, 'layout', 0) === 1 ? 0 : 1;
  return axes!.some((axis) => axis !== batch);
};

const recurrentLayer = operator(shape, null, { alongBatch: alongSteps, inputs: 3 });

/** What stays of these after unrolling: sequences of open or great length. */
export const recurrent = {
  LSTM: recurrentLayer,
  GRU: recurrentLayer,
  RNN: recurrentLayer,
} as const;
