import { firstAtOrAfter, nearest } from '../../shared/ascending.ts';
import { PIPE_ONLY } from './ask-ffprobe.ts';
import type { DecodeBeginning, DecodeSource } from './decode-source.ts';
import { Decoding } from './decoding.ts';
import type { DecodedFrame, FrameIndex, FramesRequest, FrameStream } from './frame-source.ts';
import { PictureLosses } from './picture-losses.ts';
import type { PictureTrack } from './picture-track.ts';
import { probeTrack, type ProbedTrack } from './probe-track.ts';
import { feedTrack } from './track-feed.ts';
import { SAME_TIME } from './timestamps.ts';

/**
 * Decodes a track; see FrameStream, and `decodeVideo`. Frames have exactly the times of their
 * packets. Pictures that are missing or damaged are left out and named in `warnings`. Where pictures
 * are not shown in the order in which they were recorded (B-frames), the times of the packets are
 * given to the frames in their order. The loop throws what `probeTrack` and the track throw,
 * CROP_OUTSIDE_FRAME, FFMPEG_MISSING, FFMPEG_FAILED, or the signal's reason; VIDEO_INCOMPLETE after
 * a whole pass in which the track has changed.
 */
export function decodeTrack(track: PictureTrack, request: FramesRequest): FrameStream {
  return new Decoding(pictures(track, request), request);
}

/** The times of the track; missing and damaged pictures are not known before they are decoded. */
export function trackIndex({ pts }: PictureTrack): FrameIndex {
  return { pts, exact: false, notes: [] };
}

function pictures(track: PictureTrack, { spacing }: FramesRequest): DecodeSource {
  const losses = new PictureLosses(track);
  return {
    name: track.name,
    advice: 'Check that the drive is complete.',
    get warnings() {
      return losses.sentences;
    },
    version: () => track.version(),
    async probe() {
      // The stream that ffmpeg gets begins at 0.
      return { ...(await probeTrack(track)), startTime: 0, containerStart: 0 };
    },
    async beginnings(_, from) {
      const { reordering } = await probeTrack(track);
      const wanted = firstAtOrAfter(track.pts, from - SAME_TIME);
      if (wanted >= track.pts.length) return [];
      return begins(track, wanted).map((begin) =>
        at(track, { begin, wanted, spacing, reordering, losses }),
      );
    },
  };
}

/**
 * Packets to begin with, until one of them leads to the wanted frame: a keyframe may be missing, or
 * none.
 */
function begins({ keyframes }: PictureTrack, wanted: number): number[] {
  if (!keyframes) return [wanted];
  const before = firstAtOrAfter(keyframes, wanted + 1);
  return [...new Set([1, 2, 4, before].map((back) => keyframes[Math.max(0, before - back)] ?? 0))];
}

/** Seconds by which a frame may come too early or late where frames are reordered. */
const REORDERING = 2;

interface Place {
  readonly begin: number;
  readonly wanted: number;
  readonly spacing: number | undefined;
  readonly reordering: ProbedTrack['reordering'];
  readonly losses: PictureLosses;
}

function at(
  track: PictureTrack,
  { begin, wanted, spacing, reordering, losses }: Place,
): DecodeBeginning {
  const { pts, codec, keyframes } = track;
  const isEach = keyframes === null;
  return {
    open: () => {
      losses.clear();
      return {
        url: feedTrack(track, { begin, wanted, losses, spacing: isEach ? spacing : undefined }),
        options: [
          ...PIPE_ONLY,
          '-f',
          'nut',
          // Looks at no more pictures than it takes to decode one.
          '-fpsprobesize',
          '0',
          // A damaged picture is no reason to give up the others.
          '-max_error_rate',
          '1',
          '-noautorotate',
          ...(codec === 'webp' ? ['-c:v', 'webp'] : []),
          // Several threads make seams in the colours, at other rows on every machine.
          ...(isBayer(codec) ? ['-filter_threads', '1'] : []),
        ],
        origin: pts[0]!,
        disorder: reordering > 0 ? REORDERING : 0,
        tellsTimes: true,
        times: () => {
          let before = begin - 1;
          return (seconds) => {
            const own = nearest(pts, pts[0]! + seconds);
            before = reordering === 0 ? own : Math.max(before + 1, own - reordering);
            return pts[Math.min(before, pts.length - 1)]!;
          };
        },
      };
    },
    timed: (frames) => (isEach || spacing === undefined ? watched(frames, pts, losses) : frames),
  };
}

function isBayer(codec: PictureTrack['codec']): boolean {
  return typeof codec !== 'string' && codec.pixelFormat.startsWith('bayer_');
}

async function* watched(
  frames: AsyncIterable<DecodedFrame>,
  pts: Float64Array,
  losses: PictureLosses,
): AsyncGenerator<DecodedFrame, void, undefined> {
  for await (const frame of frames) {
    losses.decoded(firstAtOrAfter(pts, frame.pts));
    yield frame;
  }
  losses.ended();
}
