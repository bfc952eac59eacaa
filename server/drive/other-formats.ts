import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { hasBytes, looksLikeOnnx, readFileHead, zipNames } from '../files/file-head.ts';

/**
 * A form in which people keep drives, or something else that is given in a drive's place, and that
 * Roadgaze does not read.
 */
interface OtherFormat {
  /** As in "tub is …". */
  readonly title: string;
  /** It is no drive at all. */
  readonly isNoDrive?: boolean;
  readonly hint: string;
}

interface OtherFile extends OtherFormat {
  readonly matches: (head: Buffer, name: string) => boolean;
}

interface OtherFolder extends OtherFormat {
  readonly matches: (names: ReadonlySet<string>, path: string) => boolean | Promise<boolean>;
}

const AS_VIDEO =
  'Write its pictures as a video, and its steering as a CSV of the same name beside it, with the columns "t [s]" and "steering [rad]".';
const UNPACK = 'Unpack it, and open what is inside.';
const OPENPILOT_LOG = /(^|--)[rq]log(\.bz2|\.zst)?$/;
const BAG_SPLIT = /\.(mcap|db3)(\.zstd)?$/;
const VIDEO = /\.(mp4|m4v|mov|mkv|webm|avi)$/i;
const PICTURE = /\.(jpe?g|png|bmp|webp)$/i;
const NETWORK_ENDINGS = /\.(h5|keras|tflite|pt|pth|pb|mlmodel|dlc|engine|plan|trt|safetensors)$/i;
const SWAPPED = 'Name the recording first, and the network with --model.';

const startsWith =
  (...magics: readonly string[]) =>
  (head: Buffer) =>
    magics.some((magic) => hasBytes(head, magic));
const isZip = startsWith('PK\u0003\u0004');

/** The first that matches counts. */
const FILES: readonly OtherFile[] = [
  { title: 'an MCAP file', matches: startsWith('\u0089MCAP0\r\n'), hint: AS_VIDEO },
  { title: 'a ROS 1 bag', matches: startsWith('#ROSBAG V'), hint: AS_VIDEO },
  {
    title: 'a ROS 2 bag (SQLite)',
    matches: (head) =>
      hasBytes(head, 'SQLite format 3\0') && head.includes('topics') && head.includes('messages'),
    hint: AS_VIDEO,
  },
  { title: 'an SQLite database', matches: startsWith('SQLite format 3\0'), hint: AS_VIDEO },
  {
    title: 'a log of openpilot',
    matches: (head, name) =>
      OPENPILOT_LOG.test(name) &&
      (startsWith('BZh', '\u0028\u00b5\u002f\u00fd')(head) || isCapnProto(head)),
    hint: `The video beside it can be opened by itself. ${AS_VIDEO}`,
  },
  {
    title: 'a packed part of a ROS 2 bag',
    matches: (head, name) => BAG_SPLIT.test(name) && startsWith('\u0028\u00b5\u002f\u00fd')(head),
    hint: AS_VIDEO,
  },
  {
    title: 'a Parquet file',
    matches: startsWith('PAR1'),
    hint: "A log is read as CSV: python -c \"import pandas as pd; pd.read_parquet('drive.parquet').to_csv('drive.csv', index=False)\", beside the video.",
  },
  {
    title: 'a NumPy array',
    matches: startsWith('\u0093NUMPY'),
    hint: 'A single tensor is explained by the command explain; a drive is a video, with its log as CSV beside it.',
  },
  {
    title: 'a collection of NumPy arrays',
    matches: (head) => isZip(head) && zipNames(head).some((name) => name.endsWith('.npy')),
    hint: AS_VIDEO,
  },
  {
    title: 'an ONNX network',
    isNoDrive: true,
    matches: (head, name) => looksLikeOnnx(head) && /\.onnx$/i.test(name),
    hint: SWAPPED,
  },
  {
    title: 'a network',
    isNoDrive: true,
    matches: (head, name) => NETWORK_ENDINGS.test(name) || hasBytes(head, 'TFL3', 4),
    hint: `${SWAPPED} It must be an ONNX file.`,
  },
  { title: 'an HDF5 file', matches: startsWith('\u0089HDF\r\n'), hint: AS_VIDEO },
  {
    title: 'a drive log',
    isNoDrive: true,
    matches: (head, name) => /\.(csv|tsv)$/i.test(name) && !head.includes(0),
    hint: 'Name the video; the CSV of the same name beside it is found by itself.',
  },
  { title: 'a ZIP archive', matches: isZip, hint: UNPACK },
  {
    title: 'a packed file',
    matches: (head) =>
      startsWith(
        '\u001f\u008b',
        'BZh',
        '\u0028\u00b5\u002f\u00fd',
        '\u00fd7zXZ',
        '7z\u00bc\u00af',
      )(head) || hasBytes(head, 'ustar', 257),
    hint: UNPACK,
  },
];

/** Files that are told of in a folder of recordings; others there are nobody's concern. */
const DRIVE_FILES = new Set(FILES.slice(0, 6));

const FOLDERS: readonly OtherFolder[] = [
  {
    title: 'a tub of Donkeycar',
    matches: (names) => names.has('manifest.json') && some(names, /^catalog_\d+\.catalog$/),
    hint: 'Make a video of its pictures, ffmpeg -framerate 20 -i images/%d_cam_image_array_.jpg tub.mp4, and beside it tub.csv with the columns _timestamp_ms and user/angle of its catalogs.',
  },
  {
    title: 'a tub of Donkeycar (version 1)',
    matches: (names) => names.has('meta.json') && some(names, /^record_\d+\.json$/),
    hint: AS_VIDEO,
  },
  { title: 'a LeRobot data set', matches: isLeRobot, hint: AS_VIDEO },
  { title: 'a ROS 2 bag', matches: isRosBag, hint: AS_VIDEO },
  {
    title: 'a segment of comma2k19',
    matches: (names) =>
      names.has('processed_log') || (names.has('global_pose') && names.has('video.hevc')),
    hint: 'Its video.hevc can be opened by itself; for what was driven, write a CSV beside it with the columns "t [s]" and "steering [deg]" out of processed_log/CAN/steering_angle.',
  },
  {
    title: 'a route of openpilot',
    matches: isOpenpilot,
    hint: `Its videos can be opened by themselves, qcamera.ts or fcamera.hevc. ${AS_VIDEO}`,
  },
  {
    title: 'a drive of the Udacity simulator',
    matches: (names) => names.has('driving_log.csv') && names.has('IMG'),
    hint: "Make a video of the centre pictures, ffmpeg -framerate 15 -pattern_type glob -i 'IMG/center_*.jpg' drive.mp4, and copy driving_log.csv to drive.csv beside it.",
  },
];

/** Only where nothing else is there. */
const PICTURES: OtherFormat = {
  title: 'a folder of pictures',
  hint: "Make a video of them: ffmpeg -framerate 20 -pattern_type glob -i '*.jpg' drive.mp4, with the rate at which they were taken.",
};

export interface OtherDrive {
  readonly path: string;
  readonly fault: RoadgazeError;
}

/** What a file is where it is no video; null where nothing is known of it. */
export async function recogniseOtherFile(path: string): Promise<RoadgazeError | null> {
  const found = await formatOfFile(path, FILES);
  return found && faultOf(path, found);
}

/**
 * The drive of another format that a folder is; null where it is none. `isEmpty`: it holds no
 * recording, so that pictures are meant.
 */
export async function recogniseOtherFolder(
  path: string,
  isEmpty: boolean,
): Promise<RoadgazeError | null> {
  const names = new Set(await readdir(path).catch(() => []));
  for (const format of FOLDERS) if (await format.matches(names, path)) return faultOf(path, format);
  const pictures = [...names].filter((name) => PICTURE.test(name)).length;
  return isEmpty && pictures >= 2 ? faultOf(path, PICTURES) : null;
}

/** Drives of other formats that lie in a folder, one level deep, in no order. */
export async function otherDrivesIn(
  folder: string,
  names: readonly string[],
  isEmpty: boolean,
): Promise<OtherDrive[]> {
  const found: OtherDrive[] = [];
  const looked = names.filter((name) => !name.startsWith('.')).slice(0, MOST_LOOKED_INTO);
  for (const name of looked) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    let fault: RoadgazeError | null = null;
    if (info?.isDirectory()) fault = await recogniseOtherFolder(path, isEmpty);
    else if (info?.isFile() && !NEVER_A_DRIVE.has(extname(name).slice(1).toLowerCase())) {
      const format = await formatOfFile(path, FILES);
      if (format && (DRIVE_FILES.has(format) || (isEmpty && !format.isNoDrive)))
        fault = faultOf(path, format);
    }
    if (fault) found.push({ path, fault });
  }
  return found;
}

const MOST_LOOKED_INTO = 500;
/** Read as what lies beside videos, or so many that looking into each would take long. */
const NEVER_A_DRIVE = new Set([
  'csv',
  'json',
  'onnx',
  'gz',
  'txt',
  'md',
  'jpg',
  'jpeg',
  'png',
  'html',
  'pdf',
  'yaml',
  'yml',
  'py',
  'srt',
  'gpx',
]);

async function formatOfFile(
  path: string,
  formats: readonly OtherFile[],
): Promise<OtherFile | null> {
  const head = await readFileHead(path);
  if (!head || head.length === 0) return null;
  const name = basename(path);
  return formats.find(({ matches }) => matches(head, name)) ?? null;
}

function faultOf(path: string, { title, isNoDrive, hint }: OtherFormat): RoadgazeError {
  return new RoadgazeError(
    'DRIVE_UNSUPPORTED',
    `${basename(path)} is ${title}${isNoDrive ? ', not a recording' : ', which is not read yet'}.`,
    hint,
  );
}

function some(names: ReadonlySet<string>, pattern: RegExp): boolean {
  return [...names].some((name) => pattern.test(name));
}

async function isLeRobot(names: ReadonlySet<string>, path: string): Promise<boolean> {
  if (!names.has('meta')) return false;
  const inside = new Set(await readdir(join(path, 'meta')).catch(() => []));
  return (
    inside.has('info.json') ||
    inside.has('episodes.jsonl') ||
    (inside.has('episodes') && names.has('data'))
  );
}

/** Its description may have been left behind. */
async function isRosBag(names: ReadonlySet<string>, path: string): Promise<boolean> {
  if (
    names.has('metadata.yaml') &&
    (await readFile(join(path, 'metadata.yaml'), 'utf8').catch(() => '')).includes(
      'rosbag2_bagfile_information',
    )
  )
    return true;
  return some(names, BAG_SPLIT) && !some(names, VIDEO);
}

async function isOpenpilot(names: ReadonlySet<string>, path: string): Promise<boolean> {
  if (some(names, OPENPILOT_LOG) || names.has('fcamera.hevc') || names.has('qcamera.ts'))
    return true;
  const segment = [...names].find((name) => /^([0-9a-f]{16}[|_])?[\w-]+--\d+$/.test(name));
  if (segment === undefined) return false;
  const inside = await readdir(join(path, segment)).catch(() => []);
  return inside.some(
    (name) => OPENPILOT_LOG.test(name) || name === 'fcamera.hevc' || name === 'qcamera.ts',
  );
}

/** A message of one segment whose length is in proportion. */
function isCapnProto(head: Buffer): boolean {
  return (
    head.length >= 16 &&
    head.readUInt32LE(0) === 0 &&
    head.readUInt32LE(4) > 0 &&
    head.readUInt32LE(4) < 1 << 24
  );
}
