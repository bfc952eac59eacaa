import { intAttribute } from '../attributes.ts';
import { attention } from '../shapes/attention.ts';
import { recurrent as shape } from '../shapes/recurrent.ts';
import { behindFirst, type AlongBatch } from './along-batch.ts';
import { operator } from './operator.ts';

/** Steps lie on one of the first two axes, pictures on the other. */
const alongSteps: AlongBatch = (node, [axes]) => {
  const batch = intAttribute(node, 'layout', 0) === 1 ? 0 : 1;
  return axes!.some((axis) => axis !== batch);
};

const recurrentLayer = operator(shape, null, { alongBatch: alongSteps, inputs: 3 });

/**
 * Layers over sequences. They are written out before they are explained; what stays are sequences
 * of open or great length, and attention that keeps something from run to run.
 */
export const sequences = {
  LSTM: recurrentLayer,
  GRU: recurrentLayer,
  RNN: recurrentLayer,
  Attention: operator(attention, null, { alongBatch: behindFirst, inputs: 3 }),
} as const;
