import { LOCAL_ONLY, fileUrl } from './ask-ffprobe.ts';
import { PartTimes, partSeekPlan, type ClockPart } from './clock-parts.ts';
import type { DecodeBeginning, DecodeSource } from './decode-source.ts';
import { Decoding } from './decoding.ts';
import { readClockParts } from './frame-index.ts';
import type { DecodeRequest, FrameStream } from './frame-source.ts';
import { fileVersion, probeVideo, type ProbedVideo } from './probe.ts';
import { seekPlan } from './seek-plan.ts';
import { CLOCKS, GUESSES } from './timestamps.ts';
import { timeStart } from './untimed-start.ts';

/**
 * Decodes a recording; see FrameStream. One ffmpeg runs from the first frame asked for to the end
 * of the loop. A timestamp within a microsecond before `from` counts as `from`. Frames that the
 * file gives no timestamp get the ticks (1/time base) after the frame before them, or just before
 * the file's start. The loop throws INPUT_NOT_FOUND, INPUT_EMPTY, VIDEO_UNREADABLE,
 * VIDEO_NO_PICTURE, VIDEO_TOO_LARGE, CROP_OUTSIDE_FRAME, FFMPEG_MISSING, FFMPEG_FAILED, or the
 * signal's reason; after the frames that there were, FFMPEG_FAILED where ffmpeg was stopped from
 * outside, and, of a pass over the whole file, VIDEO_INCOMPLETE where the file has changed
 * meanwhile.
 */
export function decodeVideo(request: DecodeRequest): FrameStream {
  return new Decoding(videoFile(request.path), request);
}

function videoFile(path: string): DecodeSource {
  return {
    name: path,
    advice: 'Check that it is a complete video file; `ffprobe` on it tells more.',
    warnings: [],
    version: () => fileVersion(path),
    probe: () => probeVideo(path),
    async beginnings(video, from) {
      const parts = await readClockParts(video);
      return parts
        ? partSeekPlan(parts, from).map((start) => inPart(video, parts, start))
        : seekPlan(video, from).map((start) => afterStart(video, start));
    },
  };
}

/** `start`: seconds after the container's start; null: the beginning. */
function afterStart(
  video: ProbedVideo,
  start: { readonly seconds: number } | null,
): DecodeBeginning {
  const isUntimed = video.untimedStart && start === null;
  return {
    open: () => ({
      url: fileUrl(video.path),
      options: [
        ...LOCAL_ONLY,
        ...video.inputFormat,
        ...(start ? ['-ss', start.seconds.toFixed(6), '-noaccurate_seek'] : []),
      ],
      origin: 0,
      disorder: isUntimed ? GUESSES : 0,
      tellsTimes: true,
      times: () => (seconds) => seconds,
    }),
    timed: (frames) => (isUntimed ? timeStart(frames, video.averageFrameRate) : frames),
  };
}

/** `start`: a byte of the file, in a part of its clock; null: the beginning. */
function inPart(
  video: ProbedVideo,
  parts: readonly ClockPart[],
  start: { readonly position: number; readonly part: number } | null,
): DecodeBeginning {
  return {
    open: () => ({
      url: fileUrl(video.path),
      options: [
        ...LOCAL_ONLY,
        ...video.inputFormat,
        ...(start ? ['-skip_initial_bytes', String(start.position)] : []),
      ],
      origin: 0,
      disorder: CLOCKS,
      tellsTimes: false,
      times: () => {
        const times = new PartTimes(parts, start?.part ?? 0);
        return (seconds) => times.next(seconds);
      },
    }),
    timed: (frames) => frames,
  };
}
