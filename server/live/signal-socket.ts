import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { RoadgazeError } from '../../shared/errors.ts';
import type { SignalTrack } from './signal-track.ts';

export interface SignalSocket {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Takes driving signals as UDP datagrams, each with whole lines. `port` 0: any that is free. Throws
 * PORT_IN_USE.
 */
export async function openSignalSocket(
  track: SignalTrack,
  { host = '127.0.0.1', port }: { readonly host?: string; readonly port: number },
): Promise<SignalSocket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message) =>
    track.addText(message.toString('utf8'), performance.timeOrigin + performance.now()),
  );
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } catch (cause) {
    socket.close();
    throw new RoadgazeError(
      'PORT_IN_USE',
      `Driving signals cannot be received on UDP port ${port} of ${host}.`,
      'Choose another port.',
      { cause },
    );
  }
  socket.on('error', () => {});
  return {
    port: socket.address().port,
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
