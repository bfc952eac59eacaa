import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { RoadgazeError } from '../../shared/errors.ts';
import type { FeedOptions, NewFeed, SignalPort } from '../feeds/feeds.ts';
import { parseFeedAddress } from '../live/feed-address.ts';
import type { RtspTransport } from '../live/input-options.ts';
import { parseChoice, parseNumber } from './option-values.ts';

export interface LiveOptions {
  readonly feedTransport?: RtspTransport;
  readonly dvrMinutes: number;
  readonly dvrBytes: number;
  readonly stallSeconds: number;
  readonly signals?: readonly SignalPort[];
  /** false: --no-clips. */
  readonly clips: string | false;
}

export const LIVE_SOURCES_HELP =
  'live feeds are addresses that begin with rtsp://, rtmp://, srt://, udp://, rtp:// or http(s)://, a camera such as /dev/video0, or - for stdin';

const MOST_CLIPS = 200;
const MOST_CLIP_BYTES = 2 * 2 ** 30;

/** Options that `feedOptionsOf` and `splitSources` read. */
export function addLiveOptions(command: Command): Command {
  return command
    .option(
      '--feed-transport <protocol>',
      'how RTSP feeds send their packets: tcp or udp (default: tcp)',
      parseChoice(['tcp', 'udp']),
    )
    .option(
      '--dvr-minutes <number>',
      'minutes of each live feed that can be played again; 0 records nothing',
      parseNumber(0, 1440),
      10,
    )
    .option(
      '--dvr-bytes <size>',
      '… in so many bytes of disk at most, for each feed; 500M or 2G will do',
      parseBytes,
      2 * 2 ** 30,
    )
    .option(
      '--stall-seconds <number>',
      'a live feed is opened again after so many seconds without a picture',
      parseNumber(0.5, 600),
      3,
    )
    .option(
      '--signals <address>',
      'receives steering and speed of a feed as JSON lines, such as udp://127.0.0.1:9000; the first is for the first feed, and so on',
      collectSignals,
    )
    .option(
      '--clips <folder>',
      'where clips of flags in live feeds are kept, and roads drawn on live feeds',
      'roadgaze-clips',
    )
    .option('--no-clips', 'keep neither');
}

export function feedOptionsOf({
  feedTransport,
  dvrMinutes,
  dvrBytes,
  stallSeconds,
  clips,
}: LiveOptions): FeedOptions {
  return {
    ...(feedTransport ? { transport: feedTransport } : {}),
    stallSeconds,
    ring: dvrMinutes > 0 ? { maxSeconds: dvrMinutes * 60, maxBytes: dvrBytes } : null,
    ...(clips === false
      ? { clips: null }
      : {
          clips: { folder: resolve(clips), maxClips: MOST_CLIPS, maxBytes: MOST_CLIP_BYTES },
          roads: resolve(clips),
        }),
  };
}

/**
 * Which sources are feeds, and which one is a recording or a folder of them. Throws USAGE,
 * FEED_ADDRESS_INVALID.
 */
export function splitSources(
  sources: readonly string[],
  { signals = [] }: Pick<LiveOptions, 'signals'>,
): { readonly recording: string | undefined; readonly feeds: readonly NewFeed[] } {
  const addresses = sources.filter(isAddress);
  const files = sources.filter((source) => !isAddress(source));
  if (files.length > 1)
    throw new RoadgazeError(
      'USAGE',
      `${files[0]} and ${files[1]} are two recordings.`,
      'Name one recording or one folder, beside any number of live feeds.',
    );
  if (addresses.filter((address) => address === '-').length > 1)
    throw new RoadgazeError('USAGE', 'stdin is named more than once.', 'Name it once.');
  if (signals.length > addresses.length)
    throw new RoadgazeError(
      'USAGE',
      `There are ${signals.length} --signals for ${addresses.length} live feeds.`,
      'Name a feed for each.',
    );
  const feeds = addresses.map((address, index): NewFeed => {
    parseFeedAddress(address);
    const port = signals[index];
    return {
      address,
      ...(address === '-' ? { stdin: process.stdin } : {}),
      ...(port ? { signals: port } : {}),
    };
  });
  return { recording: files[0], feeds };
}

function isAddress(source: string): boolean {
  return (
    source === '-' || /^\/dev\/video\d/.test(source) || /^[a-z][a-z0-9+.-]+:\/\//i.test(source)
  );
}

function parseBytes(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i.exec(text.trim()) ?? [];
  const bytes = Number(digits) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase());
  if (bytes >= 2 ** 20) return Math.round(bytes);
  throw new InvalidArgumentError('It must be a size of at least 1M, such as 500M or 2G.');
}

function collectSignals(text: string, before: readonly SignalPort[] = []): readonly SignalPort[] {
  const [, host, port] = /^udp:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+):(\d{1,5})\/?$/i.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError('It must have the form udp://127.0.0.1:9000.');
  return [...before, { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }];
}
