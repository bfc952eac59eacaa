import { notUnrolled } from '../backward/gradient/recurrent.ts';
import { explained } from './explained-operator.ts';

/** Unrolled before anything is explained, or refused with the reason why that cannot be. */
const recurrentLayer = explained(notUnrolled, 'routing', { mixesPositions: true });

export const recurrent = {
  LSTM: recurrentLayer,
  GRU: recurrentLayer,
  RNN: recurrentLayer,
} as const;
