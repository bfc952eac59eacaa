import type { FeedAddress, FeedScheme } from './feed-address.ts';
import { hasNoTimestamps } from '../video/probe.ts';

export type RtspTransport = 'tcp' | 'udp';

/** No probing beyond what the container needs. `nobuffer` is left out on purpose: it throws away the first group of pictures. */
const LOW_DELAY = ['-flags', 'low_delay', '-threads', '1'] as const;
const DECLARED = ['-probesize', '32', '-analyzeduration', '0'] as const;
/** Enough to tell containers apart. */
const TO_BE_FOUND = ['-probesize', '4096', '-analyzeduration', '0'] as const;

/** What HTTP may bring. Not `concat`, `sdp` and their like, which point elsewhere. */
const HTTP_CONTAINERS = 'hls,mpegts,mpjpeg,mjpeg,jpeg_pipe,flv,live_flv,matroska,webm,mov,mp4,aac,mp3,ac3,eac3,webvtt';
const STDIN_CONTAINERS = 'mpegts,mpjpeg,mjpeg,jpeg_pipe,flv,live_flv,matroska,webm,mov,mp4,nut,h264,hevc,avi,mpeg';

interface Protocol {
  /** All that ffmpeg may open on the way, redirections and playlists included. */
  readonly whitelist: string;
  readonly options: readonly string[];
  /** Seconds from the start of ffmpeg to the first picture of a source that is there; listeners wait for ever. */
  readonly connectSeconds: number;
}

const WEB: Protocol = { whitelist: 'http,https,tcp,tls,crypto', options: [...TO_BE_FOUND, '-format_whitelist', HTTP_CONTAINERS], connectSeconds: 10 };

const PROTOCOLS: Readonly<Record<FeedScheme, Protocol>> = {
  // Packets out of order are waited for, but no longer than a few frames.
  rtsp: { whitelist: 'rtsp,rtp,udp,tcp', options: [...DECLARED, '-max_delay', '100000'], connectSeconds: 6 },
  rtsps: { whitelist: 'rtsps,rtsp,rtp,srtp,udp,tcp,tls', options: [...DECLARED, '-max_delay', '100000'], connectSeconds: 6 },
  rtmp: { whitelist: 'rtmp,tcp', options: [...DECLARED, '-f', 'flv'], connectSeconds: 6 },
  srt: { whitelist: 'srt', options: [...DECLARED, '-f', 'mpegts'], connectSeconds: 6 },
  udp: { whitelist: 'udp', options: [...DECLARED, '-f', 'mpegts'], connectSeconds: Infinity },
  rtp: { whitelist: 'rtp,udp', options: [...DECLARED, '-max_delay', '100000'], connectSeconds: Infinity },
  http: WEB,
  https: WEB,
  camera: { whitelist: 'file', options: [...DECLARED, '-f', 'v4l2'], connectSeconds: 6 },
  stdin: { whitelist: 'pipe', options: [...TO_BE_FOUND, '-format_whitelist', STDIN_CONTAINERS], connectSeconds: Infinity },
};

export function connectSeconds({ scheme, listens }: FeedAddress): number {
  return listens ? Infinity : PROTOCOLS[scheme].connectSeconds;
}

/** A container whose pictures carry no time of their own. */
export function isUntimed(container: string | null): boolean {
  return container !== null && (container === 'mpjpeg' || container === 'jpeg_pipe' || hasNoTimestamps(container));
}

/** A container that brings seconds of pictures at once. */
export function comesInBursts(container: string | null): boolean {
  return container === 'hls' || container === 'hls,applehttp';
}

/** What precedes `-i`. `container` is what an earlier connection turned out to be. */
export function inputOptions(address: FeedAddress, transport: RtspTransport, container: string | null): readonly [string, string, ...string[]] {
  const { scheme } = address;
  const { whitelist, options } = PROTOCOLS[scheme];
  const isRtsp = scheme === 'rtsp' || scheme === 'rtsps';
  return [
    '-protocol_whitelist', whitelist, ...LOW_DELAY, ...options, '-copyts',
    ...(isRtsp ? ['-rtsp_transport', transport] : []),
    ...(scheme === 'rtmp' && address.listens ? ['-listen', '1'] : []),
    ...(comesInBursts(container) ? ['-re'] : []),
  ] as [string, string, ...string[]];
}

/** UDP packets that nobody fetched in time are lost; that must not end ffmpeg. */
export function inputUrl({ scheme, url }: FeedAddress): string {
  return scheme === 'udp' ? `${url}${url.includes('?') ? '&' : '?'}overrun_nonfatal=1` : url;
}
