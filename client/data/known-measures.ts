import { isSteering } from '../../shared/explained-number.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import type { Described } from './described.ts';

/** What there must be for this measure or that. */
export type KnownParts = Pick<OpenedMessage, 'network' | 'road'> &
  Pick<Described, 'hasLog' | 'logged'>;

/** Whether a measure is known of a recording or feed, or may come to be. */
export function isKnownOf(
  { hasLog, road, network, logged }: KnownParts,
  { id, needs }: Pick<Measure, 'id' | 'needs'>,
): boolean {
  switch (needs) {
    case 'driven':
      // A bin's probability, or a number that nobody named, cannot be held against what was driven.
      return hasLog && isSteering(network.number);
    case 'road':
      return road.kind !== 'none';
    case 'logged':
    case 'asked':
      return logged.includes(id);
    default:
      return true;
  }
}
