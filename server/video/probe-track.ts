import { RoadgazeError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import { askFfprobe, type ProbeAnswer } from './ask-ffprobe.ts';
import type { PictureTrack } from './picture-track.ts';
import { checkPictureSize, tooLarge } from './picture-size.ts';
import type { ProbedVideo } from './probe.ts';
import { packetHead, readPicture, trackHead, trackTimeBase } from './track-feed.ts';
import { findTools } from './tools.ts';

export interface ProbedTrack extends ProbedVideo {
  /** Pictures by which the order of decoding may differ from that of showing. */
  readonly reordering: number;
}

/** What a stream of pictures needs to tell its size: one; others follow where that is damaged. */
const STILLS = 3;
const STREAM_PACKETS = 12;
/** Unreadable pictures until the search is given up. */
const MOST_MISSING = 200;

const recent = new WeakMap<
  PictureTrack,
  { readonly version: string; readonly answer: Promise<ProbedTrack> }
>();

/**
 * What the first pictures that can be read say about a track. Times come from the track:
 * `averageFrameRate` is 1 ÷ the median distance of its pictures (s), 0 of a single one; each is
 * shown for that long. EXIF's orientation does not count: what networks are trained with does not
 * turn pictures by it either. Throws VIDEO_NO_PICTURE, VIDEO_UNREADABLE, VIDEO_TOO_LARGE,
 * FFMPEG_MISSING, and what the track throws.
 */
export async function probeTrack(track: PictureTrack): Promise<ProbedTrack> {
  const version = await track.version();
  const known = recent.get(track);
  if (known?.version === version) return known.answer;
  const answer = probe(track);
  recent.set(track, { version, answer });
  answer.catch(() => recent.delete(track));
  return answer;
}

async function probe(track: PictureTrack): Promise<ProbedTrack> {
  const { name, pts, codec } = track;
  if (pts.length === 0)
    throw new RoadgazeError(
      'VIDEO_NO_PICTURE',
      `${name} has no pictures.`,
      'Choose a drive, or a camera, with pictures.',
    );
  if (typeof codec !== 'string') checkPictureSize(name, codec);
  const stream = await look(track);
  const { width = 0, height = 0 } = stream;
  checkPictureSize(name, { width, height });
  const distance = medianDistance(pts);
  return {
    path: name,
    width,
    height,
    codec: stream.codec_name ?? 'unknown',
    pixelFormat: stream.pix_fmt ?? 'unknown',
    colorSpace: stream.color_space ?? 'unknown',
    rotation: 0,
    averageFrameRate: distance > 0 ? 1 / distance : 0,
    startTime: pts[0]!,
    duration: pts.at(-1)! - pts[0]! + distance,
    container: 'pictures',
    containerStart: pts[0]!,
    timeBase: trackTimeBase(track),
    untimedStart: false,
    inputFormat: [],
    reordering: stream.has_b_frames ?? 0,
  };
}

/** Damaged first pictures are nothing unusual: a camera that wakes up, a recorder that starts. */
async function look(track: PictureTrack): Promise<NonNullable<ProbeAnswer['streams']>[number]> {
  const { name, pts, codec, keyframes } = track;
  const { ffprobe } = await findTools();
  const isStream = typeof codec === 'string' && keyframes !== null;
  const begins = keyframes ?? [0, 1, 2, 3].map((part) => Math.floor((part * pts.length) / 4));
  let why = '';
  let refused: Size | null = null;
  for (const begin of new Set(begins.slice(0, 4))) {
    const { packets, missing } = await firstReadable(
      track,
      begin,
      isStream ? STREAM_PACKETS : codec === 'webp' ? 1 : STILLS,
    );
    why ||= missing;
    if (packets.length === 0) continue;
    const answer = await ask(ffprobe, track, packets).catch((error: unknown) => {
      if (error instanceof RoadgazeError && error.code === 'VIDEO_UNREADABLE') return null;
      throw error;
    });
    const stream = answer?.streams?.[0];
    if (stream?.pix_fmt !== undefined && stream.pix_fmt !== 'unknown' && stream.width)
      return stream;
    refused ??= answer?.refused ?? null;
    why ||= 'its first pictures are damaged';
  }
  if (refused) throw tooLarge(name, refused);
  throw new RoadgazeError(
    'VIDEO_UNREADABLE',
    `The pictures of ${name} cannot be read${why ? `: ${why}` : ''}.`,
    'Check that the drive is complete.',
  );
}

function ask(
  ffprobe: string,
  track: PictureTrack,
  packets: readonly (readonly [packet: number, bytes: Uint8Array])[],
): Promise<ProbeAnswer> {
  const { name, codec } = track;
  if (codec === 'webp')
    return askFfprobe(ffprobe, { name, bytes: packets.map(([, bytes]) => bytes) }, [
      '-f',
      'webp_pipe',
    ]);
  const bytes = packets.flatMap(([packet, picture]) => [
    packetHead(track, packet, picture.length),
    picture,
  ]);
  return askFfprobe(ffprobe, { name, bytes: [trackHead(track), ...bytes] }, ['-f', 'nut']);
}

async function firstReadable(
  track: PictureTrack,
  begin: number,
  count: number,
): Promise<{ packets: [packet: number, bytes: Uint8Array][]; missing: string }> {
  const packets: [number, Uint8Array][] = [];
  const end = Math.min(track.pts.length, begin + count + MOST_MISSING);
  let missing = '';
  for (let packet = begin; packet < end && packets.length < count; packet++) {
    const picture = await readPicture(track, packet);
    if ('bytes' in picture) packets.push([packet, picture.bytes]);
    else missing ||= picture.missing;
  }
  return { packets, missing };
}

/** Seconds; 0 of a single picture. */
function medianDistance(pts: Float64Array): number {
  const distances = new Float64Array(Math.max(0, pts.length - 1));
  for (let i = 0; i < distances.length; i++) distances[i] = pts[i + 1]! - pts[i]!;
  return distances.sort()[distances.length >> 1] ?? 0;
}
