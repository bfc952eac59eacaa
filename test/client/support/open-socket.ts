import { WebSocket } from 'ws';
import type { Socket, SocketHandlers } from '../../../client/stream/connection.svelte.ts';
import { SUBPROTOCOL } from '../../../shared/protocol/control-messages.ts';

/** A socket to a server on this machine, as a browser opens it. */
export function openSocket(port: number, { opened, received, closed }: SocketHandlers): Socket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL);
  socket.binaryType = 'arraybuffer';
  socket.on('open', opened);
  socket.on('message', (data: ArrayBuffer | Buffer, isBinary) => {
    received(isBinary ? (data as ArrayBuffer) : Buffer.from(data as Buffer).toString());
  });
  socket.on('close', closed);
  socket.on('error', () => {});
  return {
    send: (text) => {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(text);
      return true;
    },
    // Without the closing handshake, whose timer would outlive a test that has the timers in hand.
    close: () => socket.terminate(),
  };
}
