import { RoadgazeError } from '../../shared/errors.ts';
import { hasBytes, looksLikeOnnx, zipNames } from '../files/file-head.ts';
import type { Place } from './place.ts';

/**
 * A form in which people keep drives, or something else that is given in a drive's place, and that
 * Roadgaze does not read.
 */
interface OtherFormat {
  /** As in "tub is …". */
  readonly title: string;
  readonly hint: string;
}

interface OtherFile extends OtherFormat {
  /**
   * `drive`: told of wherever it lies; `nothing`: no drive at all; without, a file that may hold a
   * drive, which is told of where nothing else is there.
   */
  readonly is?: 'drive' | 'nothing';
  readonly matches: (head: Buffer, name: string) => boolean;
}

const AS_VIDEO =
  'Write its pictures as a video, and its steering as a CSV of the same name beside it, with the columns "t [s]" and "steering [rad]".';
const UNPACK = 'Unpack it, and open what is inside.';
const OPENPILOT_LOG = /(^|--)[rq]log(\.bz2|\.zst)?$/;
const NETWORK_ENDINGS = /\.(h5|keras|tflite|pt|pth|pb|mlmodel|dlc|engine|plan|trt|safetensors)$/i;
const SWAPPED = 'Name the recording first, and the network with --model.';

const startsWith =
  (...magics: readonly string[]) =>
  (head: Buffer) =>
    magics.some((magic) => hasBytes(head, magic));
const isZip = startsWith('PK\u0003\u0004');

/** The first that matches counts. */
const FILES: readonly OtherFile[] = [
  {
    title: 'an SQLite database',
    is: 'drive',
    matches: startsWith('SQLite format 3\0'),
    hint: AS_VIDEO,
  },
  {
    title: 'a log of openpilot',
    is: 'drive',
    matches: (head, name) =>
      OPENPILOT_LOG.test(name) &&
      (startsWith('BZh', '\u0028\u00b5\u002f\u00fd')(head) || isCapnProto(head)),
    hint: 'Name the folder that it lies in, with a video beside it: qcamera.ts, fcamera.hevc, ecamera.hevc or dcamera.hevc.',
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
    is: 'nothing',
    matches: (head, name) => looksLikeOnnx(head) && /\.onnx$/i.test(name),
    hint: SWAPPED,
  },
  {
    title: 'a network',
    is: 'nothing',
    matches: (head, name) => NETWORK_ENDINGS.test(name) || hasBytes(head, 'TFL3', 4),
    hint: `${SWAPPED} It must be an ONNX file.`,
  },
  { title: 'an HDF5 file', matches: startsWith('\u0089HDF\r\n'), hint: AS_VIDEO },
  {
    title: 'a drive log',
    is: 'nothing',
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

export interface OtherFileFound {
  readonly error: RoadgazeError;
  /** It is told of wherever it lies. */
  readonly isDrive: boolean;
  /** It is told of where nothing else is there. */
  readonly isMaybe: boolean;
}

/** What a file is where it is no video; null where nothing is known of it. */
export async function otherFile(place: Place): Promise<OtherFileFound | null> {
  const head = await place.head();
  const format = head.length > 0 && FILES.find(({ matches }) => matches(head, place.name));
  if (!format) return null;
  const { is } = format;
  return {
    error: faultOf(place, format, is === 'nothing' ? ', not a recording' : NOT_READ),
    isDrive: is === 'drive',
    isMaybe: is !== 'nothing',
  };
}

const NOT_READ = ', which is not read yet';

function faultOf({ name }: Place, { title, hint }: OtherFormat, end: string): RoadgazeError {
  return new RoadgazeError('DRIVE_UNSUPPORTED', `${name} is ${title}${end}.`, hint);
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
