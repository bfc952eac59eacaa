import { isKeyframe, parameterSets } from './keyframes.ts';
import { fileUrl, LOCAL_ONLY } from './ask-ffprobe.ts';
import { isInOrder, readFrameIndex } from './frame-index.ts';
import { NutDemuxer } from './nut-demuxer.ts';
import type { PacketCodec, PictureTrack } from './picture-track.ts';
import { probeVideo } from './probe.ts';
import { probeTrack } from './probe-track.ts';
import { readAhead } from './track-feed.ts';
import { Transcoding } from './transcoding.ts';

/** Pictures as they are encoded: what is copied need not be encoded anew. */
export interface EncodedPictures {
  readonly codec: PacketCodec;
  /** So many, as far as that is known. */
  readonly count: number;
  /** Those that could not be read so far, a clause each; some of them. */
  readonly missing: readonly string[];
  /**
   * One picture each, whole, in the order in which they are shown, from the first on that can be
   * decoded. Those of H.264 and H.265 are Annex B, with their parameter sets on every keyframe.
   * Throws OtherPictures, and what reading them throws.
   */
  packets(signal?: AbortSignal): AsyncIterable<EncodedPicture>;
}

export interface EncodedPicture {
  /** Seconds. */
  readonly pts: number;
  readonly bytes: Uint8Array;
}

/** What was found is not what the index tells: only decoding shows which picture is when. */
export class OtherPictures extends Error {}

const MOST_NAMED = 20;

type Packets = AsyncGenerator<EncodedPicture, void, undefined>;

/**
 * The pictures of a track; null where they are raw, or not recorded in the order in which they are
 * shown.
 */
export async function encodedTrack(track: PictureTrack): Promise<EncodedPictures | null> {
  const { codec, pts, keyframes } = track;
  if (typeof codec !== 'string' || (await probeTrack(track)).reordering > 0) return null;
  const first = keyframes?.[0] ?? 0;
  const missing: string[] = [];
  async function* packets(signal = new AbortController().signal): Packets {
    const numbers = pts.keys();
    for await (const [packet, picture] of readAhead(track, numbers, signal)) {
      if ('missing' in picture) {
        if (missing.length < MOST_NAMED) missing.push(picture.missing);
      } else if (packet >= first) yield { pts: pts[packet]!, bytes: picture.bytes };
    }
    signal.throwIfAborted();
  }
  return {
    codec,
    count: pts.length - first,
    missing,
    packets: (signal) => withParameterSets(codec, packets(signal)),
  };
}

/** ffmpeg's filters that make Annex B of what a container holds. */
const ANNEX_B = { h264: 'h264_mp4toannexb', hevc: 'hevc_mp4toannexb' } as const;

/** A rotated picture is upright only by what its container says. */
function copied(codec: string, rotation: number): 'h264' | 'hevc' | 'mjpeg' | 'png' | null {
  if (rotation !== 0) return null;
  return codec === 'h264' || codec === 'hevc' || codec === 'mjpeg' || codec === 'png'
    ? codec
    : null;
}

/**
 * The pictures of a video file; null where its codec is another than H.264, H.265, JPEG or PNG, and
 * where their order or their times are not those in which they lie in the file. Throws what
 * `probeVideo` does.
 */
export async function encodedFile(path: string): Promise<EncodedPictures | null> {
  const video = await probeVideo(path);
  const codec = copied(video.codec, video.rotation);
  if (codec === null || !(await isInOrder(video))) return null;
  const { pts } = await readFrameIndex(path);
  async function* packets(signal?: AbortSignal): Packets {
    const run = await Transcoding.start({
      name: path,
      signal,
      input: {
        url: fileUrl(path),
        options: [
          '-hide_banner',
          '-nostdin',
          '-loglevel',
          'repeat+level+warning',
          '-copyts',
          ...LOCAL_ONLY,
          ...video.inputFormat,
        ],
      },
      output: {
        url: 'pipe:1',
        options: [
          '-map',
          '0:V:0',
          '-c',
          'copy',
          ...(codec === 'h264' || codec === 'hevc' ? ['-bsf:v', ANNEX_B[codec]] : []),
          '-f',
          'nut',
        ],
      },
    });
    try {
      const demuxer = new NutDemuxer();
      let packet = 0;
      for await (const chunk of run.output) {
        for (const { payload } of demuxer.push(chunk as Uint8Array)) {
          const time = pts[packet++];
          if (time === undefined) throw new OtherPictures(`${path} has more packets than frames`);
          yield { pts: time, bytes: payload };
        }
      }
      await run.finished();
      if (packet < pts.length) throw new OtherPictures(`${path} has fewer packets than frames`);
    } finally {
      run.close();
    }
  }
  return {
    codec,
    count: pts.length,
    missing: [],
    packets: (signal) => withParameterSets(codec, packets(signal)),
  };
}

/** Puts the sets that a keyframe lacks before it: players begin anywhere. */
async function* withParameterSets(codec: PacketCodec, pictures: Packets): Packets {
  if (codec !== 'h264' && codec !== 'hevc') return yield* pictures;
  let sets: Uint8Array[] = [];
  let hasBegun = false;
  for await (const { pts, bytes } of pictures) {
    const own = parameterSets(codec, bytes);
    if (own.length > 0) sets = own.map((set) => set.slice());
    const isKey = isKeyframe(codec, bytes);
    hasBegun ||= isKey;
    if (!hasBegun) throw new OtherPictures('its first picture cannot be decoded by itself');
    yield {
      pts,
      bytes: isKey && own.length === 0 ? Buffer.concat([...sets, bytes]) : bytes,
    };
  }
}
