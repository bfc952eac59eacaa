import { isSteering } from '../../shared/explained-number.ts';
import { NOTICED_OFFSET, type OffsetProposal } from '../../shared/protocol/steering-messages.ts';
import type { TakenSteering } from '../drive/log/drive-log.ts';
import type { LogChoices } from '../drive/log/choices.ts';
import type { NetworkDescription } from '../pipeline/stream-explainer.ts';
import type { MeasureColumns } from '../results/measure-columns.ts';
import { proposeOffset } from './offset-proposal.ts';

export interface LogFit {
  /** In all: what was said already is part of the offset. */
  readonly proposal: OffsetProposal | null;
  /** Why there is none, a sentence; null where there is one. */
  readonly reason: string | null;
}

/**
 * How a log goes with the rows of an analysis so far. Which side is positive counts as the log and a
 * person have it; whether that is wrong is told only where the network says its own side.
 */
export function fitOfLog(
  rows: MeasureColumns,
  { number, positive }: NetworkDescription['output'],
  taken: TakenSteering,
  said: LogChoices,
): LogFit {
  if (!isSteering(number))
    return { proposal: null, reason: 'No offset is proposed: the network gives no steering.' };
  const isTurned = (said.positive ?? taken.positive) !== (positive ?? 'left');
  const values = isTurned ? taken.values.map((value) => -value) : taken.values;
  const { proposal, reason } = proposeOffset(
    { times: rows.pts, values: rows.of('steering') },
    { times: taken.times, values },
  );
  if (!proposal) return { proposal, reason };
  const { offset, flip, correlation, now } = proposal;
  return {
    proposal: {
      offset: Number((offset + (said.offset ?? 0)).toFixed(3)),
      flip: flip && positive !== null,
      correlation,
      now,
    },
    reason,
  };
}

/** Whether a log goes with the network so much better as proposed that a person is to look. */
export function isNoticed(
  { offset, flip }: OffsetProposal,
  { offset: said = 0 }: LogChoices,
): boolean {
  return flip || Math.abs(offset - said) >= NOTICED_OFFSET;
}

/** The proposal in a sentence, for the terminal. */
export function proposalInWords(proposal: OffsetProposal, said: LogChoices): string {
  const { offset, flip, correlation, now } = proposal;
  const moves = Math.abs(offset - (said.offset ?? 0)) >= NOTICED_OFFSET;
  const done = [
    ...(moves ? [`moved by ${offset} s${said.offset ? ' in all' : ''}`] : []),
    ...(flip ? ['with its sign turned round'] : []),
  ];
  const options = [
    ...(moves ? [`--log-offset ${offset}`] : []),
    ...(flip ? ['--log-positive with the other side'] : []),
  ];
  return `the log goes best with the network ${done.join(' and ')} (correlation ${correlation.toFixed(2)} instead of ${now.toFixed(2)}). Nothing was changed; ${options.join(' and ')} would do it.`;
}
