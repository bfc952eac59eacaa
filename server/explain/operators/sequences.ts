import { notUnrolled, notWrittenOut } from '../backward/gradient/sequences.ts';
import { explained } from './explained-operator.ts';

/** Written out before anything is explained, or refused with the reason why that cannot be. */
const recurrentLayer = explained(notUnrolled, 'routing', { mixesPositions: true });

export const sequences = {
  LSTM: recurrentLayer,
  GRU: recurrentLayer,
  RNN: recurrentLayer,
  Attention: explained(notWrittenOut, 'routing', { mixesPositions: true }),
} as const;
