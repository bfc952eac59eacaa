import { hasBytes } from '../../files/file-head.ts';
import { isNotRead, readInside } from '../../files/read-inside.ts';
import type { TextCells } from '../log/text-column.ts';
import { RoadgazeError } from '../../../shared/errors.ts';
import type { PictureTrack } from '../../video/picture-track.ts';

export interface PictureFiles {
  /** Path of the drive, for messages. */
  readonly name: string;
  readonly folder: string;
  /** By name below the folder; empty: there is none. */
  readonly files: TextCells;
  /** Seconds, strictly ascending, one per file. */
  readonly pts: Float64Array;
  readonly version: () => Promise<string>;
}

const MOST_BYTES = 64 << 20;
/** So many pictures may be missing at the start before a drive counts as one without pictures. */
const TRIED = 50;

const CODECS = [
  {
    codec: 'mjpeg',
    title: 'JPEG',
    matches: (head: Buffer) => hasBytes(head, '\u00ff\u00d8\u00ff'),
  },
  {
    codec: 'png',
    title: 'PNG',
    matches: (head: Buffer) => hasBytes(head, '\u0089PNG\r\n\u001a\n'),
  },
  {
    codec: 'webp',
    title: 'WebP',
    matches: (head: Buffer) => hasBytes(head, 'RIFF') && hasBytes(head, 'WEBP', 8),
  },
] as const;

/**
 * Picture files in the order of their times as one track. The first one that can be read says of
 * which kind they are. Throws VIDEO_NO_PICTURE.
 */
export async function pictureFilesTrack(pictures: PictureFiles): Promise<PictureTrack> {
  const { name, folder, files, pts, version } = pictures;
  const kind = await kindOf(pictures);
  return {
    name,
    codec: kind.codec,
    pts,
    keyframes: null,
    version,
    nameOf: (packet) => files.at(packet)!,
    async read(packet) {
      const file = files.at(packet)!;
      if (file === '') return { missing: 'its record names no picture' };
      const bytes = await readInside(folder, file, MOST_BYTES);
      if (isNotRead(bytes)) return { missing: `${file} ${bytes.reason}` };
      if (!kind.matches(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
        return { missing: `${file} is no ${kind.title} picture, as the first one is` };
      return { bytes };
    },
  };
}

async function kindOf({ name, folder, files }: PictureFiles): Promise<(typeof CODECS)[number]> {
  let reason = 'it names none';
  let tried = 0;
  for (let packet = 0; packet < files.length && tried < TRIED; packet++) {
    const file = files.at(packet)!;
    if (file === '') continue;
    tried++;
    const bytes = await readInside(folder, file, MOST_BYTES);
    if (isNotRead(bytes)) {
      reason = `${file} ${bytes.reason}`;
      continue;
    }
    const kind = CODECS.find(({ matches }) => matches(Buffer.from(bytes)));
    if (kind) return kind;
    reason = `${file} is neither JPEG, PNG nor WebP`;
  }
  throw new RoadgazeError(
    'VIDEO_NO_PICTURE',
    `${name} has no pictures that can be read: ${reason}.`,
    'Check that the pictures were copied together with the log.',
  );
}
