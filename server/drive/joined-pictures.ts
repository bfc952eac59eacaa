import { RoadgazeError } from '../../shared/errors.ts';
import { firstAtOrAfter, nearest } from '../../shared/ascending.ts';
import { OtherPictures, type EncodedPictures } from '../video/encoded-pictures.ts';
import type {
  DecodedFrame,
  FrameIndex,
  FramesRequest,
  FrameStream,
  VideoInfo,
} from '../video/frame-source.ts';
import type { Pictures } from './source-of-pictures.ts';

/** What is needed of pictures that are joined to others. */
export type PartOfPictures = Pick<Pictures, 'frames' | 'encoded' | 'version'>;

/** Pictures, and when each of them is shown. */
export interface JoinedPart {
  /** For messages. */
  readonly name: string;
  readonly pictures: PartOfPictures;
  /** Times of the pictures by their own clock, as their index has them. */
  readonly own: Float64Array;
  /** Seconds of the joined clock, one for each of `own`, strictly ascending also from part to part. */
  readonly times: Float64Array;
}

/**
 * Pictures one behind the other, at other times than their own: videos of a drive that was recorded
 * in pieces, or whose clock lies elsewhere. A part that breaks off is named, and the next one
 * follows. All have the size of the first, which is what `first` tells.
 */
export function joinedPictures(
  path: string,
  first: VideoInfo,
  parts: readonly JoinedPart[],
): Pictures {
  const pts = Float64Array.from(parts.flatMap(({ times }) => [...times]));
  const distances = pts
    .subarray(1)
    .map((time, i) => time - pts[i]!)
    .sort();
  const distance = distances[distances.length >> 1] ?? 0;
  const index: FrameIndex = { pts, exact: false, notes: [] };
  const { assumptions, ...video } = first;
  void assumptions;
  return {
    video: {
      ...video,
      path,
      averageFrameRate: distance > 0 ? 1 / distance : video.averageFrameRate,
      startTime: pts[0] ?? 0,
      duration: pts.length > 0 ? pts.at(-1)! - pts[0]! + distance : 0,
    },
    index: async () => index,
    frames: (request) => new JoinedStream(parts, request),
    encoded: () => joinedEncoded(parts),
    version: async () =>
      (await Promise.all(parts.map(({ pictures }) => pictures.version()))).join('\0'),
  };
}

/** null where a part must be decoded, or is encoded otherwise than the first one. */
async function joinedEncoded(parts: readonly JoinedPart[]): Promise<EncodedPictures | null> {
  const found: EncodedPictures[] = [];
  for (const { pictures, own } of parts) {
    const encoded = await pictures.encoded?.();
    if (!encoded || encoded.count !== own.length || encoded.codec !== (found[0] ?? encoded).codec)
      return null;
    found.push(encoded);
  }
  const [first] = found;
  if (!first) return null;
  return {
    codec: first.codec,
    count: parts.reduce((sum, { own }) => sum + own.length, 0),
    get missing() {
      return found.flatMap(({ missing }) => missing);
    },
    async *packets(signal) {
      for (const [part, { times }] of parts.entries()) {
        let number = 0;
        for await (const { bytes } of found[part]!.packets(signal)) {
          const pts = times[number++];
          if (pts === undefined) throw new OtherPictures('a part has more pictures than times');
          yield { pts, bytes };
        }
      }
    },
  };
}

class JoinedStream implements FrameStream {
  readonly #parts: readonly JoinedPart[];
  readonly #request: FramesRequest;
  readonly #warnings: string[] = [];
  #running: FrameStream | null = null;
  #isClosed = false;

  constructor(parts: readonly JoinedPart[], request: FramesRequest) {
    this.#parts = parts;
    this.#request = request;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings, ...(this.#running?.warnings ?? [])];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running?.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DecodedFrame, void, undefined> {
    const { frames = Infinity, spacing = 0 } = this.#request;
    let from = this.#request.from ?? -Infinity;
    let given = 0;
    let fault: RoadgazeError | null = null;
    for (const part of this.#parts) {
      const first = firstAtOrAfter(part.times, from);
      if (first === part.times.length) continue;
      if (this.#isClosed || given >= frames) return;
      try {
        for await (const frame of this.#framesOf(part, first, frames - given)) {
          yield frame;
          given++;
          from = frame.pts + spacing;
        }
      } catch (error) {
        if (!isOfThePart(error)) throw error;
        fault ??= error;
        this.#warnings.push(error.message);
      }
      this.#warnings.push(...(this.#running?.warnings ?? []));
      this.#running = null;
    }
    if (given === 0 && fault) throw fault;
  }

  async *#framesOf(
    { pictures, own, times }: JoinedPart,
    first: number,
    frames: number,
  ): AsyncGenerator<DecodedFrame, void, undefined> {
    const { from, frames: asked, ...request } = this.#request;
    void from;
    const stream = pictures.frames({
      ...request,
      // Between two frames: their own times may have been rounded.
      ...(first > 0 ? { from: (own[first - 1]! + own[first]!) / 2 } : {}),
      ...(asked === undefined ? {} : { frames }),
    });
    this.#running = stream;
    let before = -1;
    for await (const frame of stream) {
      const number = Math.max(nearest(own, frame.pts), before + 1);
      if (number >= times.length) return;
      before = number;
      yield { ...frame, pts: times[number]! };
    }
  }
}

/** Other parts may still be whole. */
function isOfThePart(error: unknown): error is RoadgazeError {
  return error instanceof RoadgazeError && /^(VIDEO_|FFMPEG_FAILED)/.test(error.code);
}
