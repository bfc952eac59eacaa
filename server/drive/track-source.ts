import { encodedTrack } from '../video/encoded-pictures.ts';
import type { PictureTrack } from '../video/picture-track.ts';
import { probeTrack } from '../video/probe-track.ts';
import { decodeTrack, trackIndex } from '../video/track-decoder.ts';
import { sourceOfPictures, type DriveParts } from './source-of-pictures.ts';
import type { DriveSource } from './source.ts';

/** A drive whose pictures are no video file. */
export interface TrackDrive extends DriveParts {
  readonly track: PictureTrack;
}

/** Throws VIDEO_*, as `probeTrack` does, when all is closed. */
export async function sourceOfTrack({ track, ...parts }: TrackDrive): Promise<DriveSource> {
  try {
    const pictures = {
      video: await probeTrack(track),
      index: async () => trackIndex(track),
      frames: (request: Parameters<typeof decodeTrack>[1]) => decodeTrack(track, request),
      encoded: () => encodedTrack(track),
      version: () => track.version().catch(() => '-'),
    };
    return sourceOfPictures(pictures, parts);
  } catch (error) {
    await parts.close?.();
    throw error;
  }
}
