import type { PictureSource } from '../drive/source.ts';
import { decodeVideo } from '../video/decoder.ts';
import { readFrameIndex } from '../video/frame-index.ts';
import type { FramesRequest, FrameStream } from '../video/frame-source.ts';
import { probeVideo } from '../video/probe.ts';
import type { Segment } from './written-segments.ts';

/** Pictures of a recorded segment, at the times of its file. See `decodeVideo`. */
export function segmentFrames({ path }: Segment, request: FramesRequest): FrameStream {
  return decodeVideo({ ...request, path });
}

/** Times in the file of all its pictures, s. Throws what `probeVideo` does. */
export async function segmentTimes({ path }: Segment): Promise<Float64Array> {
  return (await readFrameIndex(path)).pts;
}

/** As they are in the file. */
export function segmentPictures(
  segment: Segment,
): Pick<PictureSource, 'origin' | 'index' | 'frames'> {
  return {
    origin: 0,
    index: () => readFrameIndex(segment.path),
    frames: (request) => segmentFrames(segment, request),
  };
}

/** Throws what `probeVideo` does. */
export async function openSegment(segment: Segment): Promise<PictureSource> {
  const { path } = segment;
  return { path, video: await probeVideo(path), ...segmentPictures(segment) };
}
