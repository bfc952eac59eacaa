import { firstAtOrAfter } from '../../shared/ascending.ts';
import { OtherPictures, type EncodedPictures } from '../video/encoded-pictures.ts';
import type {
  DecodedFrame,
  FrameIndex,
  FramesRequest,
  FrameStream,
} from '../video/frame-source.ts';
import { isKeyframe } from '../video/keyframes.ts';
import { once } from './once.ts';
import type { Pictures } from './source-of-pictures.ts';

/** Which frames of a video count. */
export interface WindowRequest {
  /** Seconds of the video's clock; a frame up to half a frame before it is the first one. */
  readonly from: number;
  /** So many frames at most; what the video has without. */
  readonly frames?: number;
}

/** Frames that lie nearer to each other are one. */
const SAME_TIME = 1e-6;

/**
 * A part of a video as pictures of their own: several drives may share one file. Their clock begins
 * with the first of them. Throws what reading the video's index throws.
 */
export async function videoWindow(video: Pictures, request: WindowRequest): Promise<Pictures> {
  const read = once(() => video.index());
  const { pts, exact, notes } = await read();
  const interval = video.video.averageFrameRate > 0 ? 1 / video.video.averageFrameRate : 0;
  const first = firstAtOrAfter(pts, request.from - interval / 2);
  const end = Math.min(pts.length, first + (request.frames ?? Infinity));
  const own = pts.subarray(first, end);
  const start = own[0] ?? 0;
  const last = own.at(-1) ?? 0;
  const index: FrameIndex = { pts: own.map((time) => time - start), exact, notes };
  return {
    video: { ...video.video, startTime: 0, duration: last - start + interval },
    index: async () => index,
    frames: (asked) => framesOf(video, asked, start, last),
    encoded: () => encodedOf(video, own),
    version: () => video.version(),
  };
}

/** Copies what begins with a keyframe; throws OtherPictures where the window does not. */
async function encodedOf(video: Pictures, own: Float64Array): Promise<EncodedPictures | null> {
  const encoded = await video.encoded?.();
  if (!encoded) return null;
  const start = own[0] ?? 0;
  const last = own.at(-1) ?? 0;
  return {
    codec: encoded.codec,
    count: own.length,
    missing: encoded.missing,
    async *packets(signal) {
      let isFirst = true;
      for await (const { pts, bytes } of encoded.packets(signal)) {
        if (pts < start) continue;
        if (pts > last) return;
        if (isFirst && !isKeyframe(encoded.codec, bytes))
          throw new OtherPictures('the first picture leans on one before it');
        isFirst = false;
        yield { pts: pts - start, bytes };
      }
    },
  };
}

function framesOf(
  video: Pictures,
  request: FramesRequest,
  start: number,
  last: number,
): FrameStream {
  const from = start + Math.max(0, request.from ?? 0);
  const stream = video.frames({ ...request, from });
  return {
    get warnings() {
      return stream.warnings;
    },
    close: () => stream.close(),
    async *[Symbol.asyncIterator](): AsyncGenerator<DecodedFrame, void, undefined> {
      for await (const frame of stream) {
        if (frame.pts > last + SAME_TIME) return;
        yield { ...frame, pts: frame.pts - start };
      }
    },
  };
}
