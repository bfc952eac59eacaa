import { firstAtOrAfter } from '../../shared/ascending.ts';
import type {
  DecodedFrame,
  FramesRequest,
  FrameStream,
  ImageFormat,
} from '../video/frame-source.ts';
import { Memory, PastFrames, type Past } from '../video/past-frames.ts';
import { OtherCameras, type MomentSource } from './other-cameras.ts';
import type { OtherCamera } from './picture-plan.ts';
import { SAME_TIME } from '../video/timestamps.ts';

/** A frame, and what came before it and beside it. */
export interface Moment extends DecodedFrame {
  readonly past: Past;
}

export interface MomentStream extends AsyncIterable<Moment> {
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** How far a network looks back. */
export interface LooksBack {
  /** So many frames before the newest one are seen too … */
  readonly reach: number;
  /** … in these formats. */
  readonly images: readonly ImageFormat[];
  /** Seen beside the one that is shown; none without. */
  readonly others?: readonly OtherCamera[];
  /** What it has in mind from frame to frame; null: nothing. */
  readonly memory: {
    /** So many frames are run before the first one that is wanted. */
    readonly warmUp: number;
    /** Runs the network on a frame that nobody asked it about, and leaves its images as they are. */
    follow(frame: Moment): Promise<unknown>;
  } | null;
}

/**
 * As `PictureSource.frames`, each frame with what came before it in the drive, wherever the stream
 * begins and whatever it leaves out. Where the network has something in mind, whoever wants a frame
 * explained asks for that before taking the next one.
 */
export function moments(
  drive: MomentSource,
  lookingBack: LooksBack,
  request: FramesRequest,
): MomentStream {
  const { reach, images, memory, others = [] } = lookingBack;
  const lead = reach + (memory?.warmUp ?? 0);
  const isPlain = reach === 0 && memory === null && others.length === 0;
  const { from, spacing = 0, frames = Infinity, ...rest } = request;
  const past = new PastFrames(reach, images.length);
  let stream: FrameStream | null = null;
  let cameras: OtherCameras | null = null;
  let isClosed = false;

  async function* opened(start: number | null): AsyncGenerator<Moment, void, undefined> {
    stream = drive.frames(
      isPlain ? request : { ...rest, ...(start === null ? {} : { from: start }) },
    );
    past.clear();
    await cameras?.close();
    cameras = await OtherCameras.open(drive, others, request.signal);
    let before: Promise<readonly Float32Array[]> | null = null;
    // What lies in front of the first ones is not known: they are only seen behind others.
    let unseen = start === null || start === from ? 0 : reach;
    for await (const frame of stream) {
      const moment: Moment = {
        ...frame,
        past: {
          ...past.before(frame.images, {
            fit: frame.fit,
            display: frame.display,
            beside: await cameras.at(frame.pts),
          }),
          ...(memory ? { memory: new Memory(before) } : {}),
        },
      };
      yield moment;
      if (!memory || unseen-- > 0) continue;
      if (!moment.past.memory!.after) await memory.follow(moment);
      before = moment.past.memory!.after;
    }
  }

  /** Goes further back until enough frames came before the first one, or there are no more. */
  async function* decoded(): AsyncGenerator<Moment, void, undefined> {
    if (lead === 0 || from === undefined)
      return yield* opened(isPlain || from === undefined ? null : from);
    const { pts } = await drive.index();
    for (let back = lead; !isClosed; back *= 2) {
      const start = startBefore(pts, from, back);
      let seen = 0;
      for await (const moment of opened(start)) {
        if (moment.pts < from - SAME_TIME) seen++;
        else if (start !== null && seen < lead) break;
        else yield moment;
      }
      if (start === null || seen >= lead) return;
      await stream?.close();
    }
  }

  return {
    get warnings() {
      return [...(stream?.warnings ?? []), ...(cameras?.warnings ?? [])];
    },
    async close() {
      isClosed = true;
      await Promise.all([stream?.close(), cameras?.close()]);
    },
    async *[Symbol.asyncIterator]() {
      if (isPlain) return yield* decoded();
      let [given, next] = [0, -Infinity];
      for await (const moment of decoded()) {
        if (moment.pts < next - SAME_TIME) continue;
        yield moment;
        next = moment.pts + spacing;
        if (++given >= frames) return;
      }
    },
  };
}

/** A time in front of the frame so many before the first one; null: from the beginning. */
function startBefore(pts: Float64Array, from: number, back: number): number | null {
  const start = firstAtOrAfter(pts, from - SAME_TIME) - back;
  return start <= 0 ? null : (pts[start - 1]! + pts[start]!) / 2;
}
