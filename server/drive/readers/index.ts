import type { Place } from '../place.ts';
import type { DriveEntry, DriveReader } from '../source.ts';
import { MCAP, ROS1_BAG, ROS2_BAG } from './bags/readers.ts';
import { COMMA2K19 } from './comma2k19/reader.ts';
import { DONKEYCAR_TUB } from './donkeycar-tub/reader.ts';
import { LEROBOT } from './lerobot/reader.ts';
import { OPENPILOT_ROUTE, OPENPILOT_SEGMENT } from './openpilot/readers.ts';
import { PICTURES } from './pictures.ts';
import { UDACITY } from './udacity.ts';
import { VIDEO } from './video.ts';

/**
 * All readers, in the order in which they are asked. A format whose files another reader would take
 * too stands before that one: a route of openpilot is more than its videos.
 */
export const READERS: readonly DriveReader[] = [
  DONKEYCAR_TUB,
  UDACITY,
  COMMA2K19,
  OPENPILOT_SEGMENT,
  OPENPILOT_ROUTE,
  LEROBOT,
  ROS2_BAG,
  MCAP,
  ROS1_BAG,
  VIDEO,
  PICTURES,
];

export interface Recognition {
  readonly reader: DriveReader;
  readonly entries: readonly DriveEntry[];
}

/**
 * The first reader that knows what lies in a place, and its drives there; null: none does. Readers
 * of what any folder may hold are asked last.
 */
export async function recognise(
  place: Place,
  readers: readonly DriveReader[] = READERS,
): Promise<Recognition | null> {
  const last = readers.filter(({ onlyAlone }) => onlyAlone);
  for (const reader of [...readers.filter((each) => !last.includes(each)), ...last]) {
    const entries = await reader.recognises(place);
    if (entries) return { reader, entries };
  }
  return null;
}
