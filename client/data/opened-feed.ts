import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import type { WatchingMessage } from '../../shared/protocol/live-messages.ts';

/**
 * A feed as the panels see a recording that is open: without an end, and of a usual size until its
 * stream is known. `before`: the same feed as it was watched till now.
 */
export function openedFeed(
  { feed, network, road, flags }: WatchingMessage,
  before: OpenedMessage | null,
): OpenedMessage {
  const { id, name, state } = feed;
  const size =
    state.name === 'live'
      ? { width: state.stream.width, height: state.stream.height }
      : (before?.recording.size ?? { width: 1280, height: 720 });
  const frameRate = (state.name === 'live' ? state.stream.framesPerSecond : null) ?? 0;
  const recording = {
    id,
    name,
    size,
    frameRate,
    durationSeconds: 0,
    hasLog: before?.recording.hasLog ?? false,
    error: null,
  };
  return { type: 'opened', recording, network, road, flags, frames: 0, pts: [], cause: null };
}
