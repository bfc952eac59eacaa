import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  freeTcpPort,
  freeUdpPort,
  kill,
  rtspServerIsMissing,
  sendFile,
  startRtspServer,
} from '../live/support/sources.ts';
import { ffmpeg } from '../support/clips.ts';
import { randomNumbers } from '../support/network.ts';
import { repositoryRoot } from '../support/paths.ts';

type Owner = Parameters<typeof sendFile>[0];

/** A source of pictures that can be killed and started again. */
export interface SoakSource {
  readonly name: string;
  /** What a feed opens. */
  readonly address: string;
  /**
   * Gives when the source was there, in milliseconds since 1970: its first datagram left, or its
   * port is open.
   */
  start(): Promise<number>;
  kill(): Promise<void>;
}

export interface RelayCounters {
  datagrams: number;
  dropped: number;
  /** Bytes that were replaced, one a datagram. */
  corrupted: number;
}

const LOST = 0.005;

/**
 * 640×360 at 25 fps, H.264 without delay, a keyframe a second, as MPEG-TS over UDP through a relay
 * that loses and damages one datagram in 200 each.
 */
export async function udpSource(
  owner: Owner,
  folder: string,
  relayed: RelayCounters,
): Promise<SoakSource> {
  const clip = join(folder, 'source.ts');
  const encoder = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-tune',
    'zerolatency',
    '-g',
    '25',
    '-b:v',
    '1500k',
    '-pix_fmt',
    'yuv420p',
  ];
  await ffmpeg(
    '-i',
    join(repositoryRoot, 'recordings', 'drives', 'country-road.mp4'),
    '-t',
    '20',
    '-vf',
    'scale=640:360,fps=25',
    '-an',
    ...encoder,
    clip,
  );
  const port = await freeUdpPort();
  const relay = createSocket('udp4').bind(0, '127.0.0.1');
  await once(relay, 'listening');
  owner.after(() => relay.close());
  const random = randomNumbers(11);
  relay.on('message', (datagram) => {
    relayed.datagrams++;
    if (random(0, 1) < LOST) return void relayed.dropped++;
    if (random(0, 1) < LOST) {
      datagram[Math.floor(random(0, datagram.length))]! ^= 1 + Math.floor(random(0, 255));
      relayed.corrupted++;
    }
    relay.send(datagram, port, '127.0.0.1');
  });
  let sender: Awaited<ReturnType<typeof sendFile>>;
  return {
    name: 'udp',
    address: `udp://127.0.0.1:${port}`,
    start: async () => {
      const first = once(relay, 'message');
      sender = await sendFile(
        owner,
        clip,
        '-muxdelay',
        '0',
        '-f',
        'mpegts',
        `udp://127.0.0.1:${relay.address().port}?pkt_size=1316`,
      );
      await first;
      return Date.now();
    },
    kill: () => kill(sender),
  };
}

/** GStreamer's RTSP server, over TCP; null where there is none. */
export async function rtspSource(owner: Owner): Promise<SoakSource | null> {
  if (rtspServerIsMissing()) return null;
  const port = await freeTcpPort();
  let server: Awaited<ReturnType<typeof startRtspServer>>;
  return {
    name: 'rtsp',
    address: `rtsp://127.0.0.1:${port}/road`,
    start: async () => {
      server = await startRtspServer(owner, port);
      return Date.now();
    },
    kill: () => kill(server.child),
  };
}
