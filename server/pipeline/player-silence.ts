import { RoadgazeError } from '../../shared/errors.ts';
import { lanes } from '../resources/limits.ts';
import type { AcknowledgementWindow } from './player-window.ts';

/** A viewer who takes no picture for so long (ms) gives way to those who wait to play. */
export const SILENCE = 2000;

/**
 * Whether the viewer has taken no picture for so long. Throws SERVER_BUSY where others wait for its
 * place among those who play.
 */
export function leavePlaying(window: AcknowledgementWindow): boolean {
  const silent = window.hasBeenClosedSince(performance.now() - SILENCE);
  if (silent && lanes.playing.isFull)
    throw new RoadgazeError(
      'SERVER_BUSY',
      'Playing has ended, because this page took no picture for a while and others wait.',
      'Play again.',
    );
  return silent;
}
