import type { FeedAddress } from './feed-address.ts';
import type { FeedScheme } from './feed-scheme.ts';
import { hasNoTimestamps } from '../video/probe.ts';
import { PIXEL_LIMIT } from '../video/picture-size.ts';
import type { KnownSource } from './stream-lines.ts';

export type RtspTransport = 'tcp' | 'udp';

/**
 * No probing beyond what the container needs. `nobuffer` is left out on purpose: it throws away the
 * first group of pictures.
 */
const LOW_DELAY = ['-flags', 'low_delay', '-threads', '1'] as const;
const DECLARED = '32';
/** Enough to tell containers apart. */
const TO_BE_FOUND = '4096';
const TO_BE_ANALYZED = '50000000';

/** What HTTP may bring. Not `concat`, `sdp` and their like, which point elsewhere. */
const HTTP_CONTAINERS =
  'hls,mpegts,mpjpeg,mjpeg,jpeg_pipe,flv,live_flv,matroska,webm,mov,mp4,aac,mp3,ac3,eac3,webvtt';
const STDIN_CONTAINERS =
  'mpegts,mpjpeg,mjpeg,jpeg_pipe,flv,live_flv,matroska,webm,mov,mp4,nut,h264,hevc,avi,mpeg';

interface Protocol {
  /** All that ffmpeg may open on the way, redirections and playlists included. */
  readonly whitelist: string;
  /** Bytes. */
  readonly probing: string;
  readonly options: readonly string[];
  /**
   * Seconds from the start of ffmpeg to the first picture of a source that is there; listeners wait
   * for ever.
   */
  readonly connectSeconds: number;
}

const WEB: Protocol = {
  whitelist: 'http,https,tcp,tls,crypto',
  probing: TO_BE_FOUND,
  options: ['-format_whitelist', HTTP_CONTAINERS],
  connectSeconds: 10,
};

const PROTOCOLS: Readonly<Record<FeedScheme, Protocol>> = {
  // Packets out of order are waited for, but no longer than a few frames.
  rtsp: {
    whitelist: 'rtsp,rtp,udp,tcp',
    probing: DECLARED,
    options: ['-max_delay', '100000'],
    connectSeconds: 6,
  },
  rtsps: {
    whitelist: 'rtsps,rtsp,rtp,srtp,udp,tcp,tls',
    probing: DECLARED,
    options: ['-max_delay', '100000'],
    connectSeconds: 6,
  },
  rtmp: { whitelist: 'rtmp,tcp', probing: DECLARED, options: ['-f', 'flv'], connectSeconds: 6 },
  srt: { whitelist: 'srt', probing: DECLARED, options: ['-f', 'mpegts'], connectSeconds: 6 },
  udp: { whitelist: 'udp', probing: DECLARED, options: ['-f', 'mpegts'], connectSeconds: Infinity },
  rtp: {
    whitelist: 'rtp,udp',
    probing: DECLARED,
    options: ['-max_delay', '100000'],
    connectSeconds: Infinity,
  },
  http: WEB,
  https: WEB,
  camera: { whitelist: 'file', probing: DECLARED, options: ['-f', 'v4l2'], connectSeconds: 6 },
  stdin: {
    whitelist: 'pipe',
    probing: TO_BE_FOUND,
    options: ['-format_whitelist', STDIN_CONTAINERS],
    connectSeconds: Infinity,
  },
};

export function connectSeconds({ scheme, listens }: FeedAddress): number {
  return listens ? Infinity : PROTOCOLS[scheme].connectSeconds;
}

/** A container whose pictures carry no time of their own. */
export function isUntimed(source: KnownSource | null): boolean {
  const container = source?.container;
  return (
    container !== undefined &&
    (container === 'mpjpeg' || container === 'jpeg_pipe' || hasNoTimestamps(container))
  );
}

/** A container that brings seconds of pictures at once. */
export function comesInBursts(source: KnownSource | null): boolean {
  return source?.container === 'hls' || source?.container === 'hls,applehttp';
}

export interface InputRequest {
  readonly address: FeedAddress;
  /** For RTSP. */
  readonly transport: RtspTransport;
  /** What an earlier connection found the source to be; null at first. */
  readonly source: KnownSource | null;
  /**
   * Seconds of the stream that ffmpeg reads before it begins, 0 at best. A ring cannot begin
   * without the size of the picture, and a stream that is joined between two keyframes tells it
   * with the second one. What was read meanwhile is then decoded at once. ffmpeg counts from the
   * keyframe, or, where none comes, from about the thirtieth frame.
   */
  readonly analyzeSeconds: number;
}

/** What precedes `-i`. */
export function inputOptions({
  address,
  transport,
  source,
  analyzeSeconds,
}: InputRequest): readonly [string, string, ...string[]] {
  const { scheme } = address;
  const { whitelist, probing, options } = PROTOCOLS[scheme];
  const isRtsp = scheme === 'rtsp' || scheme === 'rtsps';
  return [
    '-protocol_whitelist',
    whitelist,
    ...LOW_DELAY,
    ...PIXEL_LIMIT,
    '-probesize',
    analyzeSeconds > 0 ? TO_BE_ANALYZED : probing,
    '-analyzeduration',
    String(analyzeSeconds * 1e6),
    ...options,
    '-copyts',
    ...(isRtsp ? ['-rtsp_transport', transport] : []),
    ...(scheme === 'rtmp' && address.listens ? ['-listen', '1'] : []),
    ...(comesInBursts(source) ? ['-re'] : []),
  ] as [string, string, ...string[]];
}

/** UDP packets that nobody fetched in time are lost; that must not end ffmpeg. */
export function inputUrl({ scheme, url }: FeedAddress): string {
  return scheme === 'udp' ? `${url}${url.includes('?') ? '&' : '?'}overrun_nonfatal=1` : url;
}
