import { RoadgazeError } from '../../shared/errors.ts';
import type { PictureSource } from '../drive/source.ts';
import type { FrameTensors } from './frame-tensors.ts';
import { moments, type Moment } from './moments.ts';

/** The first frame at this time or after, with what came before it. Throws VIDEO_UNREADABLE. */
export async function decodeOne(
  drive: PictureSource,
  pts: number | null,
  pictures: FrameTensors,
  signal: AbortSignal,
): Promise<Moment> {
  const stream = moments(drive, pictures, {
    images: pictures.images,
    frames: 1,
    signal,
    ...(pts === null ? {} : { from: pts }),
  });
  try {
    for await (const moment of stream) return moment;
  } finally {
    await stream.close();
  }
  signal.throwIfAborted();
  throw new RoadgazeError(
    'VIDEO_UNREADABLE',
    `No frame of ${drive.path} can be decoded at this place.`,
    'Try another place; the file may be damaged here.',
  );
}
