import { basename, extname } from 'node:path';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { hasBytes } from '../../../files/file-head.ts';
import type { Place } from '../../place.ts';
import type { DriveOutline, DriveReader, DriveSource, OpenDrive } from '../../source.ts';
import { isBagFolder } from './bag-files.ts';

/** A folder of MCAP or SQLite files, with its description or without; or one of these files. */
export const ROS2_BAG: DriveReader = {
  id: 'rosbag2',
  title: 'a ROS 2 bag',
  async recognises(place) {
    if (place.isFolder)
      return (await isBagFolder(place)) ? [{ key: null, name: place.name }] : null;
    const head = await place.head();
    return isSqliteBag(head) || isRos2Mcap(head) || isPackedSplit(place, head)
      ? entryOf(place)
      : null;
  },
  outline,
  open: (place, request) => openedBag(ROS2_BAG.title, place, request),
};

/** An MCAP file of whatever recorder. */
export const MCAP: DriveReader = {
  id: 'mcap',
  title: 'an MCAP file',
  async recognises(place) {
    return hasBytes(await place.head(), '\u0089MCAP0\r\n') ? entryOf(place) : null;
  },
  outline,
  open: (place, request) => openedBag(MCAP.title, place, request),
};

export const ROS1_BAG: DriveReader = {
  id: 'rosbag1',
  title: 'a ROS 1 bag',
  async recognises(place) {
    const head = await place.head();
    if (!hasBytes(head, '#ROSBAG V')) return null;
    if (hasBytes(head, '#ROSBAG V2.0')) return entryOf(place);
    const fault = new RoadgazeError(
      'DRIVE_UNSUPPORTED',
      `${place.name} is a ROS 1 bag of a version before 2.0, which is not read.`,
      'Convert it with `rosbag fix`.',
    );
    return [{ ...entryOf(place)[0]!, fault }];
  },
  outline,
  open: (place, request) => openedBag(ROS1_BAG.title, place, request),
};

/** Loaded when the first bag is listed: it takes the libraries of all kinds of bags. */
async function outline(place: Place): Promise<DriveOutline | null> {
  const { outlineOfBag } = await import('./outline.ts');
  return outlineOfBag(place);
}

/** Loaded when the first bag is opened. */
async function openedBag(title: string, place: Place, request: OpenDrive): Promise<DriveSource> {
  const { openBag } = await import('./bag-drive.ts');
  return openBag(title, place, request);
}

function entryOf({ name }: Place) {
  return [
    {
      key: null,
      name: basename(name.replace(/\.zstd$/, ''), extname(name.replace(/\.zstd$/, ''))),
    },
  ];
}

/** The tables are described in the first page. */
function isSqliteBag(head: Buffer): boolean {
  return (
    hasBytes(head, 'SQLite format 3\0') &&
    head.includes('serialization_format') &&
    head.includes('messages')
  );
}

/** The profile stands at the beginning of the first record, after its kind and length. */
function isRos2Mcap(head: Buffer): boolean {
  return hasBytes(head, '\u0089MCAP0\r\n') && hasBytes(head, '\u0004\0\0\0ros2', 17);
}

function isPackedSplit({ name }: Place, head: Buffer): boolean {
  return /\.(mcap|db3)\.zstd$/.test(name) && hasBytes(head, '\u0028\u00b5\u002f\u00fd');
}
