import type { ErrorReport } from '../../shared/errors.ts';
import type { Feeds } from '../feeds/feeds.ts';

/**
 * Says what goes wrong with live feeds and their recordings, and when it is over; each thing once.
 * `say` takes a feed's name, and a report or a sentence.
 */
export function reportFeeds(
  feeds: Feeds,
  say: (name: string, what: ErrorReport | string) => void,
): void {
  const told = new Map<string, { picture: string | null; recording: string | null }>();
  const look = (id: string): void => {
    const summary = feeds.list.find((feed) => feed.id === id);
    if (!summary) return;
    const { name, state } = summary;
    const before = told.get(id) ?? { picture: null, recording: null };
    told.set(id, before);
    const fault =
      (state.name === 'reconnecting' || state.name === 'failed') &&
      state.reason.code !== 'FEED_CHANGED'
        ? state.reason
        : null;
    if (fault && fault.code !== before.picture) say(name, fault);
    if (!fault && state.name === 'live' && before.picture !== null)
      say(name, 'Pictures come again.');
    if (fault || state.name === 'live') before.picture = fault?.code ?? null;
    const unrecorded = feeds.get(id).live.ring?.failure ?? null;
    if (unrecorded && before.recording === null) say(name, unrecorded);
    if (!unrecorded && before.recording !== null) say(name, 'The feed is recorded again.');
    before.recording = unrecorded?.code ?? null;
  };
  feeds.listen({
    changed: () => {
      const there = feeds.list.map(({ id }) => id);
      for (const id of told.keys()) if (!there.includes(id)) told.delete(id);
      there.forEach(look);
    },
    state: look,
    ring: look,
    clip: (id, { error }) => {
      if (error) say(feeds.find(id)?.name ?? id, error);
    },
  });
}
