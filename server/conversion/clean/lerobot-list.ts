import { lerobotEpisodes } from '../../drive/readers/lerobot/reader.ts';
import type { Place } from '../../drive/place.ts';
import { droppedCount, type Cleaned } from './dropped.ts';
import type { OwnList } from './own-list.ts';

/**
 * The episodes of a data set that are kept, as LeRobotDataset takes them: an episode with frames
 * that are left out is left out whole.
 */
export async function lerobotList(
  place: Place,
  episode: number,
  cleaned: Cleaned,
): Promise<OwnList> {
  const all = await lerobotEpisodes(place);
  const isKept = droppedCount(cleaned) === 0;
  const kept = all.filter((each) => isKept || each !== episode);
  return {
    file: null,
    content: `${JSON.stringify(kept)}\n`,
    told: isKept
      ? `all ${all.length} episodes stay`
      : `episode ${episode} is left out whole, ${kept.length} stay`,
  };
}
