import type { DriveSource } from '../drive/source.ts';
import type { EncodeRequest, RawFrame } from '../video/encode.ts';
import { evenPicture } from '../video/export.ts';
import type { ImageFormat } from '../video/frame-source.ts';

export interface EncodingOptions {
  /** As `EncodeRequest.crf`. */
  readonly crf: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FramesToEncode extends EncodeRequest {
  /** What is missing or damaged of the pictures so far. */
  readonly warnings: () => readonly string[];
}

/**
 * The frames of a drive for an encoder: whole pictures in the planes of video, those of colour at
 * full size where nothing is to be lost. `name`: of what is written.
 */
export function framesToEncode(
  drive: DriveSource,
  name: string,
  { crf, signal }: EncodingOptions,
): FramesToEncode {
  const { video } = drive;
  const { width, height } = video;
  const format: ImageFormat =
    crf === 0
      ? { crop: null, width, height, pixelFormat: 'yuv444p', resize: 'bilinear' }
      : evenPicture(video);
  const stream = drive.frames({ images: [format], ...(signal ? { signal } : {}) });
  async function* frames(): AsyncGenerator<RawFrame> {
    for await (const { pts, images } of stream) yield { pts, picture: images[0]! };
  }
  return { name, video, format, frames: frames(), crf, signal, warnings: () => stream.warnings };
}
