import type { Topic } from '../store/message-store.ts';

/** What a topic's messages hold: pixels, a picture file each, or packets of a video. */
export type PictureKind = 'pixels' | 'file' | 'packet';

const KINDS: Readonly<Record<string, PictureKind>> = {
  'sensor_msgs/Image': 'pixels',
  'foxglove_msgs/RawImage': 'pixels',
  'foxglove.RawImage': 'pixels',
  'sensor_msgs/CompressedImage': 'file',
  'foxglove_msgs/CompressedImage': 'file',
  'foxglove.CompressedImage': 'file',
  'foxglove_msgs/CompressedVideo': 'packet',
  'foxglove.CompressedVideo': 'packet',
  'ffmpeg_image_transport_msgs/FFMPEGPacket': 'packet',
};

/** null: no camera. */
export function pictureKind({ type }: Pick<Topic, 'type'>): PictureKind | null {
  return Object.hasOwn(KINDS, type) ? KINDS[type]! : null;
}

/** Depth, masks and the like look like pictures, and no network steers by them. */
const NOT_FOR_DRIVING =
  /depth|disparity|confidence|segment|semantic|mask|debug|thermal|costmap|infra/i;
const AHEAD = /front|forward|cent(er|re)/i;
const ASIDE = /left|right|rear|back|side|driver|cabin|interior/i;

/** Topics of pictures, those that a network steers by first, else as the file has them. */
export function cameraTopics(topics: ReadonlyMap<string, Topic>): [string, Topic][] {
  return [...topics]
    .filter(([, topic]) => pictureKind(topic) !== null && topic.count !== 0)
    .sort(([, a], [, b]) => rankOf(a.name) - rankOf(b.name));
}

function rankOf(name: string): number {
  if (NOT_FOR_DRIVING.test(name)) return 3;
  if (ASIDE.test(name)) return 2;
  return AHEAD.test(name) ? 0 : 1;
}
